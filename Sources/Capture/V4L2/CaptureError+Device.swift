import Glibc
import Platform

extension CaptureError {
    /// What an errno means depends on the request that it is of: EBUSY is another program, ENOSPC of STREAMON is
    /// bandwidth. Looks for the holder of a busy device, which takes a walk through /proc.
    package init(_ failure: DeviceFailure, path: String, system: any CameraSystem) {
        self =
            switch (failure.errno, failure.request) {
            case (ENODEV, _), (ENXIO, _): .disconnected(path: path)
            case (ENOENT, "open"): .deviceMissing(path: path)
            case (EACCES, "open"), (EPERM, "open"): .forbidden(path: path)
            case (EBUSY, _): .busy(path: path, holder: system.holder(of: path))
            case (ENOSPC, "STREAMON"): .noBandwidth(path: path)
            case (ENOLINK, "QUERY_DV_TIMINGS"), (ENOLCK, "QUERY_DV_TIMINGS"), (ERANGE, "QUERY_DV_TIMINGS"):
                .noSignal(path: path)
            default:
                .requestFailed(path: path, request: failure.request, reason: ErrnoText.describe(failure.errno))
            }
    }
}
