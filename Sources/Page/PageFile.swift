/// A file of the operator's page, which is part of the program: what is shown and what shows it are of one version.
package struct PageFile: Sendable {
    /// Below the server's root.
    package let path: String
    /// For `Content-Type`.
    package let type: String
    package let bytes: [UInt8]
    /// That the address may have; the page reads them itself.
    package var parameters: [String] = []

    /// Languages, as browsers name them. The first is for all who speak none of them.
    package static let languages = ["en", "de", "es", "zh"]

    package static let all =
        [
            PageFile(
                path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.index_html,
                parameters: ["lang", "camera"]),
            style("page", PackageResources.page_css), style("layout", PackageResources.layout_css),
            script("main", PackageResources.main_js), script("stream", PackageResources.stream_js),
            script("line", PackageResources.line_js), script("text", PackageResources.text_js),
            script("camera", PackageResources.camera_js), script("picture", PackageResources.picture_js),
            script("ask", PackageResources.ask_js),
            script("judge", PackageResources.judge_js), script("shift", PackageResources.shift_js),
            script("chart", PackageResources.chart_js), script("panel", PackageResources.panel_js),
            script("sound", PackageResources.sound_js), script("memory", PackageResources.memory_js),
            PageFile(path: "/assets/icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
        ] + zip(languages, texts).map { PageFile(path: "/assets/\($0).json", type: "application/json", bytes: $1) }

    private static let texts = [
        PackageResources.en_json, PackageResources.de_json, PackageResources.es_json, PackageResources.zh_json,
    ]

    private static func style(_ name: String, _ bytes: [UInt8]) -> PageFile {
        PageFile(path: "/assets/\(name).css", type: "text/css; charset=utf-8", bytes: bytes)
    }

    private static func script(_ name: String, _ bytes: [UInt8]) -> PageFile {
        PageFile(path: "/assets/\(name).js", type: "text/javascript; charset=utf-8", bytes: bytes)
    }
}
