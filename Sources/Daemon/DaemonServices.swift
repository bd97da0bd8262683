public import Logging
import ServiceLifecycle

public struct DaemonServices {
    public init(_ configuration: Configuration, logger: Logger) throws {}
    public static func check(_ configuration: Configuration) throws { _ = try ConfiguredMethod(configuration) }
    public func run() async throws {}
}
