package import ControlProtocol
import Core
import Glibc
import Platform

/// Why no frame can come. All of these may pass by themselves.
package enum CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Also a folder that is not there: a share may be mounted later.
    case folderUnreadable(path: String, reason: String)
    /// A share that does not answer, or that is not mounted any more.
    case shareLost(path: String, reason: String)
    /// A folder to replay that holds no picture.
    case noPictures(path: String)
    /// Nothing is at the device's path: the camera is away.
    case deviceMissing(path: String)
    /// The camera was there and is gone.
    case disconnected(path: String)
    /// A number such as `/dev/video0` names another camera after each start.
    case bareNode(path: String)
    /// A node that gives no pictures, or not in a way that fsac reads; `kind` says which.
    case notACamera(path: String, kind: String)
    /// `key` is the configuration's, `card` or `bus`.
    case wrongCamera(path: String, key: String, expected: String, got: String)
    /// `format` is empty when none was asked for.
    /// `offered` is what can be read of what the camera has, or else all of it.
    case formatUnreadable(path: String, format: String, offered: [String])
    /// The driver gave another format or size than was asked for explicitly; `offered` are the sizes that it has.
    case notGiven(path: String, asked: String, got: String, offered: [String])
    /// A configured name that the camera does not have.
    case controlUnknown(path: String, name: String, offered: [String])
    /// A configured value that the driver's description rules out; one that only the driver refuses is a difference.
    case controlOutOfRange(path: String, name: String, value: String, allowed: String)
    /// `holder` is the program that has it, as far as it can be seen.
    case busy(path: String, holder: String?)
    /// EACCES or EPERM of open(2), also by the service's device policy.
    case forbidden(path: String)
    /// `ENOSPC` of STREAMON.
    case noBandwidth(path: String)
    /// An input without a signal on it.
    case noSignal(path: String)
    /// No frames, or only such with a fault, and no error; the stream is started again, and the device may still be open.
    case stalled(path: String, fault: FrameFault? = nil)
    /// What no other case says: the device is closed, and opened again after a pause.
    case requestFailed(path: String, request: String, reason: String)

    package var description: String {
        switch self {
        case .folderUnreadable(let path, let reason):
            "camera: folder \(path): \(reason): "
                + (["/home/", "/root/", "/tmp/"].contains { "\(path)/".hasPrefix($0) }
                    ? "the service does not see /home and /root and has a /tmp of its own: "
                        + "choose a folder elsewhere, such as below /srv, or change the service"
                    : "make it readable for the user fsacd runs as, or change camera.path")
        case .shareLost(let path, let reason):
            "camera: folder \(path): \(reason): see to its server and network, and mount it again if it is not; the line "
                + "goes on by itself"
        case .noPictures(let path):
            "camera: folder \(path) holds no \(ImageFormat.endingsInWords) file: put some there, or change camera.path"
        case .deviceMissing(let path):
            "camera \(path): not there: plug it in, or see `fsacctl camera list` for what is"
        case .disconnected(let path):
            "camera \(path): unplugged, or its driver gave it up: check the cable; it is used again as soon as it is back"
        case .bareNode(let path):
            "camera \(path): a number that changes when cameras are plugged: set camera.device to a link from "
                + "`fsacctl camera list`, or say which camera it must be with camera.card or camera.bus"
        case .notACamera(let path, let kind):
            Self.notACamera(path, kind: kind)
        case .wrongCamera(let path, let key, let expected, let got):
            "camera \(path): expected \(key) \"\(expected)\", got \"\(got)\": another camera is plugged in there, or "
                + "camera.\(key) is wrong"
        case .formatUnreadable(let path, let format, let offered):
            "camera \(path): " + (format.isEmpty ? "no format that fsac reads" : "format \(format) cannot be had")
                + ": expected one of \(Self.list(offered)); see `fsacctl camera formats`"
        case .notGiven(let path, let asked, let got, let offered):
            "camera \(path): asked for \(asked), the driver gives \(got)"
                + (offered.isEmpty ? "" : "; it has \(Self.list(offered))") + ": see `fsacctl camera formats`"
        case .controlUnknown(let path, let name, let offered):
            "camera \(path): no control \(name): it has \(Self.list(offered)); see `fsacctl camera controls`"
        case .controlOutOfRange(let path, let name, let value, let allowed):
            "camera \(path): control \(name) = \(value): expected \(allowed)"
        case .busy(let path, let holder):
            "camera \(path): held by \(holder ?? "another program"): end it; the camera is used as soon as it is free"
        case .forbidden(let path):
            "camera \(path): permission denied: the user must be in the group video, and a service needs "
                + "DeviceAllow=char-video4linux rw with videodev loaded before its start"
        case .noBandwidth(let path):
            "camera \(path): not enough USB bandwidth: use MJPG, a smaller size or rate, or another USB controller"
        case .noSignal(let path):
            "camera \(path): no signal on its input: check the source and its cable"
        case .stalled(let path, nil):
            "camera \(path): there, but sends no frames: its stream is being started again; check cable, power and trigger"
        case .stalled(let path, let fault?):
            "camera \(path): there, but sends only damaged frames (\(fault)): its stream is being started again; "
                + "check cable, hub and USB bandwidth"
        case .requestFailed(let path, let request, let reason):
            "camera \(path): \(request): \(reason): it is closed and opened again; plug it in anew if this stays"
        }
    }

    private static func notACamera(_ path: String, kind: String) -> String {
        let what =
            switch kind {
            case "metadata": "the metadata node of a camera, without pictures: take the camera's other node"
            case "multiplanar": "a camera with several planes a frame, which fsac does not read"
            default: "no device that captures pictures now: see `fsacctl camera list` for those that do"
            }
        return "camera \(path): \(what)"
    }

    private static func list(_ items: [String]) -> String {
        items.isEmpty ? "nothing" : items.joined(separator: ", ")
    }
}

// MARK: - Policy

extension CaptureError {
    /// The state that this is for a camera.
    package var state: LineState {
        switch self {
        case .folderUnreadable, .shareLost, .noPictures, .deviceMissing, .disconnected, .forbidden, .requestFailed:
            .cameraLost
        case .noBandwidth, .noSignal, .stalled: .cameraStalled
        case .busy: .cameraBusy
        case .bareNode, .notACamera, .wrongCamera, .formatUnreadable, .notGiven, .controlUnknown, .controlOutOfRange:
            .cameraMismatch
        }
    }

    /// How long to leave the camera alone after `failures` failures in a row, this one included.
    ///
    /// Short where looking costs next to nothing, for the line waits for the camera; zero for `stalled`, which has
    /// waited already.
    package func retryPeriod(failures: Int) -> Duration {
        switch self {
        case .stalled: .zero
        case .deviceMissing, .forbidden: .milliseconds(500)
        case .busy, .noSignal, .wrongCamera, .notGiven: .seconds(1)
        default: [.milliseconds(500), .seconds(1), .seconds(2)][min(max(0, failures - 1), 2)]
        }
    }
}
