import Platform

/// Why a kept part is not believed.
package enum StreamPartError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Cut, changed, or no part of ours.
    case damaged(String)

    package var description: String {
        switch self {
        case .damaged(let what): "kept part: \(what): it is left out"
        }
    }
}

/// On disk: `fsac part 1`, a line end, the numbers in little-endian order, and the SHA-256 of all before it.
///
///     number u64, score f32, embedding u32 (its width, 0 = none), embedding f32, fine views u32, square input, fine views
///
/// The square input is
///
///     rows u32, columns u32, layers u32, width u32 a layer, scales f32 [rows columns, layers], features i8 [rows columns, D]
///
/// and a fine view the same with its place before it: origin, right and down, each x and y as f64.
extension StreamPart {
    private static let magic = Array("fsac part 1\n".utf8)
    /// Far more than any backbone has; they keep products of these numbers far from overflow.
    private static let (mostSide, mostLayers, mostWidth, mostViews) = (4096, 256, 1 << 16, 64)
    /// Of the corners of a view, in sides of the picture.
    private static let farthest = 64.0

    package var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.append(number)
        bytes.append(score.bitPattern)
        bytes.append(UInt32(embedding?.count ?? 0))
        for value in embedding ?? [] { bytes.append(value.bitPattern) }
        bytes.append(UInt32(fine.count))
        bytes.append(features)
        for view in fine {
            for place in [view.placement.origin, view.placement.right, view.placement.down] {
                bytes.append(place.x.bitPattern)
                bytes.append(place.y.bitPattern)
            }
            bytes.append(view.features)
        }
        return bytes + SHA256.digest(of: bytes)
    }

    package init(bytes: [UInt8]) throws(StreamPartError) {
        let body = bytes.dropLast(SHA256.byteCount)
        guard bytes.count > Self.magic.count + SHA256.byteCount, bytes.starts(with: Self.magic) else {
            throw .damaged("expected a part, got \(bytes.count) bytes of something else")
        }
        guard SHA256.digest(of: body).elementsEqual(bytes.suffix(SHA256.byteCount)) else {
            throw .damaged("changed since it was written: its checksum does not hold")
        }
        var reader = Reader(bytes: body.dropFirst(Self.magic.count))
        let number = try reader.next(UInt64.self)
        let score = Float(bitPattern: try reader.next())
        let embedding = try reader.numbers(try reader.count(0...Self.mostWidth))
        let views = try reader.count(0...Self.mostViews)
        let features = try reader.features()
        var fine: [View] = []
        for _ in 0..<views { fine.append(View(placement: try reader.placement(), features: try reader.features())) }
        guard reader.bytes.isEmpty else { throw .damaged("expected its end, got \(reader.bytes.count) bytes more") }
        guard score.isFinite else { throw .damaged("expected a finite score, got \(score)") }
        self.init(
            number: number, score: score, features: features, fine: fine, embedding: embedding.isEmpty ? nil : embedding
        )
    }

    /// What is left to read.
    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func next<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(StreamPartError)
            -> Number
        {
            let size = MemoryLayout<Number>.size
            guard bytes.count >= size else { throw .damaged("cut off") }
            defer { bytes = bytes.dropFirst(size) }
            return bytes.prefix(size).reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }

        mutating func count(_ range: ClosedRange<Int>) throws(StreamPartError) -> Int {
            let count = Int(try next(UInt32.self))
            guard range.contains(count) else {
                throw .damaged("expected \(range.lowerBound) to \(range.upperBound), got \(count)")
            }
            return count
        }

        mutating func numbers(_ count: Int) throws(StreamPartError) -> [Float] {
            guard bytes.count >= 4 * count else {
                throw .damaged("expected \(count) numbers, got \(bytes.count) bytes")
            }
            var numbers: [Float] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count {
                let number = Float(bitPattern: try next())
                guard number.isFinite else { throw .damaged("expected finite numbers, got \(number)") }
                numbers.append(number)
            }
            return numbers
        }

        mutating func placement() throws(StreamPartError) -> ViewPlacement {
            var numbers: [Double] = []
            for _ in 0..<6 { numbers.append(Double(bitPattern: try next())) }
            let places = [0, 2, 4].map { SIMD2(numbers[$0], numbers[$0 + 1]) }
            // Not a number is none of them.
            guard numbers.allSatisfy({ abs($0) <= StreamPart.farthest }),
                abs(places[1].x * places[2].y - places[1].y * places[2].x) > 1e-9
            else { throw .damaged("expected a view of the picture, got \(numbers)") }
            return ViewPlacement(origin: places[0], right: places[1], down: places[2])
        }

        mutating func features() throws(StreamPartError) -> CompactFeatures {
            let (rows, columns) = (try count(1...StreamPart.mostSide), try count(1...StreamPart.mostSide))
            let layers = try count(1...StreamPart.mostLayers)
            var widths: [Int] = []
            for _ in 0..<layers { widths.append(try count(1...StreamPart.mostWidth)) }
            let (patches, width) = (rows * columns, widths.reduce(0, +))
            let scales = try numbers(patches * layers)
            guard scales.allSatisfy({ $0 >= 0 }), bytes.count >= patches * width else {
                throw .damaged("expected \(patches) patches of \(width) features, got \(bytes.count) bytes")
            }
            defer { bytes = bytes.dropFirst(patches * width) }
            return CompactFeatures(
                grid: PatchGrid(rows: rows, columns: columns), layerWidths: widths, scales: scales,
                values: bytes.prefix(patches * width).map { Int8(bitPattern: $0) })
        }
    }
}

extension [UInt8] {
    /// In little-endian order.
    fileprivate mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ features: CompactFeatures) {
        for count in [features.grid.rows, features.grid.columns, features.layerWidths.count] + features.layerWidths {
            append(UInt32(count))
        }
        for scale in features.scales { append(scale.bitPattern) }
        features.values.withUnsafeBytes { append(contentsOf: $0) }
    }
}
