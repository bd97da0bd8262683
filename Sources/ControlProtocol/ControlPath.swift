/// The paths of the control API, once for the daemon and its clients. ARCHITECTURE.md lists what each does.
///
/// `/healthz` and `/metrics` are where monitors look by custom; all others have the version of what they say in front.
package enum ControlPath {
    package static let health = "/healthz"
    package static let metrics = "/metrics"
    package static let status = "/v1/status"
    package static let normals = "/v1/normals"
    package static let normalsOperations = "/v1/normals/operations"
    package static let commission = "/v1/commission"
    package static let commissionApply = "/v1/commission/apply"
    package static let trigger = "/v1/trigger"
    package static let recipes = "/v1/recipes"
    package static let recipeCopy = "/v1/recipes/copy"
    package static let recipeUse = "/v1/recipes/use"
    package static let recipeExport = "/v1/recipes/export"
    package static let recipeImports = "/v1/recipes/imports"
    package static let reload = "/v1/reload"
    package static let refit = "/v1/refit"
    package static let limit = "/v1/limit"
    package static let models = "/v1/models"
    package static let teach = "/v1/teach"
    package static let rollback = "/v1/models/rollback"
    package static let history = "/v1/history"
    package static let tail = "/v1/tail"
    package static let events = "/v1/events"
    package static let eventsTail = "/v1/events/tail"
    package static let io = "/v1/io"
    package static let ioTest = "/v1/io/test"
    package static let ioAcknowledge = "/v1/io/acknowledge"
    package static let ioModule = "/v1/io/module"
    package static let stream = "/v1/stream"
    package static let alarms = "/v1/alarms"
    package static let alarmsAcknowledge = "/v1/alarms/acknowledge"
    package static let lots = "/v1/lots"
    package static let actions = "/v1/actions"
    package static let judgements = "/v1/judgements"
    package static let candidates = "/v1/candidates"
    package static let candidatesDismiss = "/v1/candidates/dismiss"
    package static let statistics = "/v1/statistics"
    package static let find = "/v1/find"
    package static let inspections = "/v1/inspections"
}

/// Bounds that the daemon enforces and the client checks before it sends: what is too large is refused without a
/// transfer, and with a message that names the file or the option. A client that does not check gets `too_large` or
/// `invalid_request`.
package enum ControlLimits {
    /// Largest picture, in bytes: a PNG of 10 megapixels fits, whatever it shows.
    package static let imageBytes = 32 << 20
    /// Bytes of a file that come in one request, at most; one of several pieces has so many in each but the last.
    package static let pieceBytes = 4 << 20
    /// Most shots of one request to the camera.
    package static let shotsAtOnce = 32
    /// Most parts that are proposed to people.
    package static let candidates = 500
    /// Most parts that a preview judges again.
    package static let previewParts = 1000
    /// Most parts that a commissioning can be started for.
    package static let commissionParts = 1_000_000
    /// Largest JSON request, in bytes.
    package static let requestBytes = 64 << 10
    /// Longest address (path and query), in bytes.
    package static let targetBytes = 2 << 10
    /// Largest request head (request line and header fields), in bytes.
    package static let headerBytes = 16 << 10
}
