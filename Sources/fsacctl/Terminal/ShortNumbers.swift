/// `tail -20` and `tail -20f`, as GNU's `tail` has them since ever, and `-fn20`: the parser knows no option that is a number.
enum ShortNumbers {
    /// Subcommands that begin with a number of lines.
    private static let commands = ["tail", "events"]

    /// - Parameter arguments: without the program's name.
    static func expanded(_ arguments: [String]) -> [String] {
        guard let command = arguments.first, commands.contains(command) else { return arguments }
        var expanded: [String] = []
        for argument in arguments {
            // What follows an option may be its value.
            let isValue =
                expanded.last.map { ["--lines", "-n", "--since", "--part", "--socket"].contains($0) } ?? false
            guard !isValue, let match = argument.wholeMatch(of: /-([fF]n)?(\d+)([fF]?)|-([fF])n/) else {
                expanded.append(argument)
                continue
            }
            if match.1 != nil || match.3?.isEmpty == false || match.4 != nil { expanded.append("--follow") }
            expanded.append("--lines")
            if let number = match.2 { expanded.append(String(number)) }
        }
        return expanded
    }
}
