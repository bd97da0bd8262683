import CGPIO
import Glibc
import Platform
package import Settings

/// A GPIO chip of this computer, as it was found.
package struct GPIOChip: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package let offset: UInt32
        /// Empty = none.
        package let name: String
        /// Who holds it; nil = nobody.
        package let consumer: String?
        package let isOutput: Bool
        package let isActiveLow: Bool
    }

    /// `/dev/gpiochip0`: the number is another one after the next plugging.
    package let path: String
    package let label: String
    package let lines: [Line]

    /// What is there, and what could not be looked at, by path.
    package static func all() -> [(path: String, chip: Result<GPIOChip, LinesError>)] {
        paths().map { path in
            do throws(LinesError) {
                return (path, .success(try OpenChip(path).described()))
            } catch {
                return (path, .failure(error))
            }
        }
    }

    /// The chip of a device.
    package static func at(_ path: String) throws(LinesError) -> GPIOChip { try OpenChip(path).described() }

    fileprivate static func paths() -> [String] {
        let names = ((try? Disk().names(in: "/dev")) ?? []).filter { $0.hasPrefix("gpiochip") }
        // By number.
        return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }.map { "/dev/\($0)" }
    }

    /// The path of the chip that the configuration means.
    ///
    /// - Parameter name: a label, or an absolute path.
    fileprivate static func path(of name: String) throws(LinesError) -> String {
        guard !name.hasPrefix("/") else { return name }
        var (matching, others): ([String], [String]) = ([], [])
        for (path, chip) in all() {
            switch chip {
            case .success(let chip) where chip.label == name: matching.append(path)
            case .success(let chip): others.append(chip.label)
            // Which one it is cannot be told.
            case .failure: others.append("\(path) (not permitted)")
            }
        }
        guard let path = matching.first else { throw .noSuchChip(name, found: others) }
        guard matching.count == 1 else { throw .severalChips(name, paths: matching) }
        return path
    }
}

/// A chip's descriptor: closed when it goes.
private struct OpenChip: ~Copyable {
    let descriptor: CInt
    let path: String

    init(_ path: String) throws(LinesError) {
        let opened = fsac_gpio_open(path)
        guard opened >= 0 else {
            switch errno {
            case ENOENT, ENODEV, ENXIO: throw .noSuchChip(path, found: GPIOChip.paths())
            case EACCES, EPERM: throw .notPermitted(path: path)
            default: throw .failed("open", chip: path, errno: errno)
            }
        }
        (descriptor, self.path) = (opened, path)
    }

    deinit { close(descriptor) }

    func described() throws(LinesError) -> GPIOChip {
        var chip = fsac_gpio_chip()
        guard fsac_gpio_describe_chip(descriptor, &chip) == 0 else {
            throw .failed("describe", chip: path, errno: errno)
        }
        var lines: [GPIOChip.Line] = []
        for offset in 0..<chip.lines {
            var line = fsac_gpio_line()
            guard fsac_gpio_describe_line(descriptor, offset, &line) == 0 else {
                throw .failed("describe line \(offset)", chip: path, errno: errno)
            }
            lines.append(
                GPIOChip.Line(
                    offset: offset, name: text(of: line.name),
                    consumer: line.is_used != 0 ? text(of: line.consumer) : nil,
                    isOutput: line.is_output != 0, isActiveLow: line.is_active_low != 0))
        }
        return GPIOChip(path: path, label: text(of: chip.label), lines: lines)
    }
}

/// Of a C array, up to its zero.
private func text<Characters>(of characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// The lines of a camera, held: outputs inactive from the first moment, inputs that tell their edges. Given back when
/// it goes.
///
/// For one thread.
package struct GPIOLines: ~Copyable, OutputLines {
    private let held: CInt
    package let path: String
    private let places: [OutputSignal: Int]
    private let inputs: [UInt32: InputSignal]
    private let mask: UInt64

    /// - Throws: ``LinesError``; nothing is held then.
    package init(_ io: Configuration.LineIO) throws(LinesError) {
        let chip = try OpenChip(try GPIOChip.path(of: io.chip))
        let description = try chip.described()
        var wanted = fsac_gpio_wanted()
        var offsets: [UInt32] = []
        var (places, inputs): ([OutputSignal: Int], [UInt32: InputSignal]) = ([:], [:])
        for (signal, output) in io.outputs.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let bit = UInt64(1) << UInt64(offsets.count)
            wanted.outputs |= bit
            if output.active == .low { wanted.active_low |= bit }
            places[signal] = offsets.count
            offsets.append(try description.offset(of: output.line))
        }
        for (signal, input) in io.inputs.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if input.edge == .falling { wanted.falling_edges |= UInt64(1) << UInt64(offsets.count) }
            let offset = try description.offset(of: input.line)
            inputs[offset] = signal
            offsets.append(offset)
        }
        wanted.count = UInt32(offsets.count)
        withUnsafeMutableBytes(of: &wanted.offsets) { bytes in
            offsets.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
        let taken = fsac_gpio_request(chip.descriptor, &wanted)
        guard taken >= 0 else {
            let code = errno
            if code == EBUSY,
                let held = description.lines.first(where: { $0.consumer != nil && offsets.contains($0.offset) })
            {
                throw .busy(line: held.offset, chip: chip.path, consumer: held.consumer ?? "")
            }
            throw code == ENODEV ? .gone(chip: chip.path) : .failed("request lines", chip: chip.path, errno: code)
        }
        (held, path, mask) = (taken, chip.path, wanted.outputs)
        (self.places, self.inputs) = (places, inputs)
    }

    deinit { close(held) }

    package var descriptor: CInt? { held }

    package func set(_ active: Set<OutputSignal>) throws(LinesError) {
        guard mask != 0 else { return }
        let values = active.reduce(UInt64(0)) { bits, signal in places[signal].map { bits | 1 << UInt64($0) } ?? bits }
        guard fsac_gpio_set(held, mask, values) == 0 else { throw failure("set lines") }
    }

    /// At most 16.
    package func edges() throws(LinesError) -> [LineEdge] {
        var found = [fsac_gpio_edge](repeating: fsac_gpio_edge(), count: 16)
        let count = fsac_gpio_read(held, &found, found.count)
        guard count >= 0 else { throw failure("read edges") }
        return found.prefix(Int(count)).compactMap { edge in
            inputs[edge.offset].map {
                LineEdge(signal: $0, time: .nanoseconds(Int64(edge.nanoseconds)), number: edge.number)
            }
        }
    }

    private func failure(_ what: String) -> LinesError {
        errno == ENODEV || errno == ENXIO ? .gone(chip: path) : .failed(what, chip: path, errno: errno)
    }
}

extension GPIOChip {
    fileprivate func offset(of line: Configuration.LineIO.Line) throws(LinesError) -> UInt32 {
        switch line {
        case .offset(let offset):
            guard offset < lines.count else { throw .noSuchLine("\(offset)", chip: path, lines: lines.count) }
            return UInt32(offset)
        case .name(let name):
            let found = lines.filter { $0.name == name }
            guard let first = found.first else { throw .noSuchLine("\"\(name)\"", chip: path, lines: lines.count) }
            guard found.count == 1 else { throw .severalLines(name, chip: path) }
            return first.offset
        }
    }
}
