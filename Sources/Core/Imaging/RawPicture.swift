import CKernels

/// Uncompressed pixels as a camera gives them.
enum RawPicture {
    /// Converts and reduces at once; the arithmetic stands in `pictures.h`.
    static func decode(
        _ bytes: [UInt8], _ format: PixelFormat, height: Int, width: Int, bytesPerRow: Int, window: PictureWindow
    ) throws(ImageError) -> Image {
        try check(bytes, format, height: height, width: width, bytesPerRow: bytesPerRow)
        return reduce(
            bytes, format.layout, height: height, width: width, bytesPerRow: bytesPerRow, window: window)
    }

    private static func check(
        _ bytes: [UInt8], _ format: PixelFormat, height: Int, width: Int, bytesPerRow: Int
    ) throws(ImageError) {
        // NV12's second plane has whole pairs of bytes.
        let least = format == .nv12 ? (width + 1) / 2 * 2 : format.rowBytes(width: width)
        guard bytesPerRow >= least else {
            throw .frameRows(format, width: width, expectedBytes: least, actualBytes: bytesPerRow)
        }
        let rows = format.pictureBytes(height: height, bytesPerRow: 1)
        let (expected, overflow) = rows.multipliedReportingOverflow(by: bytesPerRow)
        guard !overflow, bytes.count >= expected else {
            throw .frameCutShort(format, expectedBytes: overflow ? .max : expected, actualBytes: bytes.count)
        }
    }

    /// - Precondition: `bytes` holds the picture, the window lies in it.
    static func reduce(
        _ bytes: [UInt8], _ layout: fsac_layout, height: Int, width: Int, bytesPerRow: Int, window: PictureWindow
    ) -> Image {
        precondition(
            !window.rows.isEmpty && !window.columns.isEmpty && (window.rows.upperBound - 1) * window.factor < height
                && (window.columns.upperBound - 1) * window.factor < width, "window \(window) of [\(height), \(width)]")
        var blocks = fsac_blocks(
            factor: window.factor, first_row: window.rows.lowerBound, rows: window.rows.count,
            first_column: window.columns.lowerBound, columns: window.columns.count)
        var scratch = [UInt16](repeating: 0, count: fsac_reduce_scratch(blocks))
        let size = window.rows.count * window.columns.count * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { pixels, count in
            bytes.withUnsafeBufferPointer { bytes in
                var picture = fsac_picture(
                    layout: layout, bytes: bytes.baseAddress, bytes_per_row: bytesPerRow, height: height, width: width)
                fsac_reduce_picture(&picture, &blocks, &scratch, pixels.baseAddress)
            }
            count = size
        }
        return Image(height: window.rows.count, width: window.columns.count, pixels: pixels)
    }
}

extension PixelFormat {
    fileprivate var layout: fsac_layout {
        switch self {
        case .yuyv: FSAC_YUYV
        case .uyvy: FSAC_UYVY
        case .nv12: FSAC_NV12
        case .grey: FSAC_GREY
        case .rgb24: FSAC_RGB24
        case .bgr24: FSAC_BGR24
        }
    }
}
