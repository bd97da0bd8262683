/// What a receiver's answer means.
package enum WebhookAnswer: Sendable, Equatable {
    case accepted
    /// The same again, later.
    case again(String, leastPause: Duration)
    /// It does not want these lines.
    case refused(String)

    /// Longer pauses are nobody's to ask for.
    private static let longestPause = Duration.seconds(3600)

    /// - Parameter headers: by name in small letters.
    package init(status: Int, headers: [String: String]) {
        switch status {
        case 200..<300: self = .accepted
        case 300..<400:
            let place = headers["location"].map { " to \($0)" } ?? ""
            self = .again("it redirects\(place) (\(status)), which is never followed: look at url", leastPause: .zero)
        case 408, 425, 429, 500...:
            let seconds = headers["retry-after"].flatMap { Int($0) } ?? 0
            self = .again(
                "it answers \(status)", leastPause: min(.seconds(max(0, min(seconds, 1 << 20))), Self.longestPause))
        case 400..<500: self = .refused("it answers \(status)\(Self.advice(status))")
        default: self = .again("it answers \(status)", leastPause: .zero)
        }
    }

    private static func advice(_ status: Int) -> String {
        switch status {
        case 401, 403: ": secret_file, or what it asks of clients besides"
        case 404, 405, 410: ": look at url"
        case 413: ": too many bytes: make batch smaller"
        default: ""
        }
    }
}
