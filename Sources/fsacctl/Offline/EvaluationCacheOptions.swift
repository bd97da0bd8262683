import ArgumentParser
import Core
import Foundation

/// Where finished runs of evaluations are kept. In the user's cache by the XDG specification: it may be deleted at any
/// time, and no run is taken from it that another build, other weights, settings or pictures would make otherwise.
struct EvaluationCacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep finished runs in this folder (default: fsac/evaluations in $XDG_CACHE_HOME or ~/.cache); 512 MB at most.",
            valueName: "dir"),
        completion: .directory)
    var cache: String?

    @Flag(help: "Compute everything again and keep nothing.")
    var noCache = false

    func validate() throws {
        if noCache, cache != nil { throw ValidationError("--no-cache and --cache exclude each other") }
    }

    /// nil without a cache.
    func cache(
        backbone: BackboneIdentity, settings: MethodSettings, threads: Int
    ) throws -> (EvaluationCache, EvaluationCache.Key)? {
        if noCache { return nil }
        let key = EvaluationCache.Key(
            program: try EvaluationCache.Key.runningProgram(), backbone: backbone, settings: settings, threads: threads)
        return (EvaluationCache(directory: directory(ProcessInfo.processInfo.environment)), key)
    }

    /// Where the embeddings of texts are kept. Of `score` and `bench`, too, which have no cache but this: hundreds of
    /// sentences take a text tower longer than a picture takes the rest.
    static var textCache: TextAnchorCache {
        TextAnchorCache(directory: caches(ProcessInfo.processInfo.environment) + "/fsac/text-anchors")
    }

    private func directory(_ environment: [String: String]) -> String {
        if let cache { return cache }
        return Self.caches(environment) + "/fsac/evaluations"
    }

    /// The user's caches.
    private static func caches(_ environment: [String: String]) -> String {
        // The specification: a relative path is to be ignored.
        let home = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return home ?? NSHomeDirectory() + "/.cache"
    }
}
