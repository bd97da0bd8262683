import Core

/// Why a model could not be fetched. Each says what to do next.
enum PullError: Error, CustomStringConvertible {
    case unknownModel(name: String)
    case badURL(String, reason: String)
    case badDigest(String)
    /// `files` are the URLs of the whole model.
    case unreachable(url: String, reason: String, files: [String])
    /// An answer that will be the same the next time.
    case refused(url: String, status: Int)
    /// The server ended the reply early, again and again.
    case cutShort(url: String, gotBytes: Int, expectedBytes: Int?, attempts: Int)
    /// Either the file was changed on its way, or the publisher replaced it.
    case wrongDigest(file: String, url: String, expected: String, got: String)
    case busy(folder: String)
    case file(path: String, reason: String)
    /// All of it came, and it is no model that can be used.
    case notImported(WeightsError, folder: String)

    var description: String {
        switch self {
        case .unknownModel(let name):
            "pull: \(name): expected one of \(PublishedModel.all.map(\.name).joined(separator: ", ")), or --url with the "
                + "addresses of the model's files"
        case .badURL(let url, let reason): "pull: `\(url)`: expected the http or https address of a file, got \(reason)"
        case .badDigest(let text): "pull: --sha256 `\(text)`: expected 64 hexadecimal digits"
        case .unreachable(let url, let reason, let files):
            "pull: \(url): the server cannot be reached: \(reason): check HTTPS_PROXY, http_proxy, NO_PROXY and FSAC_MODEL_MIRROR; behind an "
                + "air gap fetch these files elsewhere into one folder, carry it here and run `fsacctl model import FOLDER "
                + "--name NAME`: \(files.joined(separator: " "))"
        case .refused(let url, let status):
            "pull: \(url): expected status 200, got \(status)"
                + (status == 404 ? ": there is no such file: check the address" : ": is it open to everybody?")
        case .cutShort(let url, let got, let expected, let attempts):
            "pull: \(url): expected \(expected.map { "\($0)" } ?? "all") bytes, got \(got) in \(attempts) attempts: run the same "
                + "command again, it goes on from there"
        case .wrongDigest(let file, let url, let expected, let got):
            "pull: \(file) of \(url): expected sha-256 \(expected), got \(got): the file is not the one that was meant and "
                + "was removed; nothing is installed"
        case .busy(let folder): "pull: \(folder): another pull of this model is at work"
        case .file(let path, let reason): "pull: \(path): \(reason)"
        case .notImported(let error, let folder):
            "\(error); what was fetched is in \(folder): add what is missing and run `fsacctl model import` on it, or remove "
                + "it to start again"
        }
    }

    /// sysexits(3): EX_USAGE for what was typed, EX_UNAVAILABLE without the server, which a script may try again.
    var exitCode: Int32 {
        switch self {
        case .unknownModel, .badURL, .badDigest: 64
        case .unreachable: 69
        case .refused, .cutShort, .wrongDigest, .busy, .file, .notImported: 1
        }
    }
}
