import FuzzDriver
import FuzzTargets
import Glibc

/// `fsac-fuzz TARGET [libFuzzer's arguments]`; without arguments it lists the targets. `fsac-fuzz TARGET --seeds DIR` writes the
/// target's corpus there.
@main
struct Fuzz {
    nonisolated(unsafe) private static var target = FuzzTarget.configuration

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let target = FuzzTarget(rawValue: arguments[1]) else {
            for target in FuzzTarget.allCases { print(target.rawValue) }
            exit(arguments.count > 1 ? 64 : 0)
        }
        if arguments.count == 4, arguments[2] == "--seeds" { return writeSeeds(target, to: arguments[3]) }
        Self.target = target
        var count = CommandLine.argc - 1
        // The name of the target takes the program's place.
        var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
        exit(
            LLVMFuzzerRunDriver(&count, &values) { data, size in
                Fuzz.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            })
    }

    private static func writeSeeds(_ target: FuzzTarget, to folder: String) {
        for (index, input) in FuzzCorpus(target).inputs.enumerated() {
            guard let file = fopen("\(folder)/\(index)-\(input.name)", "w") else { exit(1) }
            fwrite(input.bytes, 1, input.bytes.count, file)
            fclose(file)
        }
    }
}
