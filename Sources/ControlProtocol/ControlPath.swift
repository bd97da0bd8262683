/// The paths of the control API, once for the daemon and its clients.
public enum ControlPath {
    public static let health = "/healthz"
    public static let metrics = "/metrics"
    public static let status = "/v1/status"
    public static let normals = "/v1/normals"
    public static let normalsFromVerdict = "/v1/normals/from-verdict"
    public static let normalsFromCamera = "/v1/normals/from-camera"
    public static let normalsPreview = "/v1/normals/preview"
    public static let commission = "/v1/commission"
    public static let commissionApply = "/v1/commission/apply"
    public static let trigger = "/v1/trigger"
    public static let recipes = "/v1/recipes"
    public static let recipeCopy = "/v1/recipes/copy"
    public static let recipeUse = "/v1/recipes/use"
    public static let reload = "/v1/reload"
    public static let refit = "/v1/refit"
    public static let limit = "/v1/limit"
    public static let models = "/v1/models"
    public static let rollback = "/v1/models/rollback"
    public static let history = "/v1/history"
    public static let tail = "/v1/tail"
    public static let inspections = "/v1/inspections"
}

/// Bounds that the daemon enforces and the client checks before it sends.
public enum ControlLimits {
    /// Largest picture, in bytes.
    public static let imageBytes = 32 << 20
    /// Most shots of one request to the camera.
    public static let shotsAtOnce = 32
    /// Most parts that a commissioning can be started for.
    public static let commissionParts = 1_000_000
    /// Largest JSON request, in bytes.
    public static let requestBytes = 64 << 10
    /// Largest request head (request line and header fields), in bytes.
    public static let headerBytes = 16 << 10
}
