import Platform
import TOML

extension ConfigurationTable {
    /// As ``readName(_:into:)``, or empty.
    func readOptionalName(_ key: Key, into value: inout String) throws(ConfigurationError) {
        try read(key, into: &value, expected: "a recipe's name, or \"\"") {
            $0.isEmpty || PlainName.isValid($0)
        }
    }

    /// Neither the names nor the values can be checked before the camera is there.
    ///
    /// A table of names that only the camera knows.
    func readControls(
        _ key: Key, into values: inout [String: Configuration.ControlValue]
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let controls = found.table else { throw notATable(key, found) }
        for name in controls.keys {
            // The type decides: `1` stays a number also where a control is a switch, see CameraControl.number(for:).
            switch controls[name] {
            case nil: continue
            case .integer(let number)?: values[name] = .number(number)
            case .boolean(let flag)?: values[name] = .flag(flag)
            case .string(let choice)?: values[name] = .choice(choice)
            case let other?:
                throw .wrongType(
                    ConfigurationPlace(
                        file: file, line: controls.entry(name)?.line, table: "\(self.name).\(key.stringValue)",
                        key: name),
                    expected: "a whole number, true or false, or the name of a menu's entry", got: other.description)
            }
        }
    }

    /// Whole numbers from 0 to 65535; nil = the key is not there.
    func pixels(_ key: Key, expected: String) throws(ConfigurationError) -> [Int]? {
        try table[key.stringValue].map { found throws(ConfigurationError) in
            try pixels(in: found, key, expected: expected)
        }
    }

    /// Nil = the key is not there.
    func polygons(_ key: Key, expected: String) throws(ConfigurationError) -> [[[Int]]]? {
        guard let found = table[key.stringValue] else { return nil }
        guard let polygons = found.array else { throw wrongType(key, found, expected: expected) }
        var read: [[[Int]]] = []
        for polygon in polygons {
            guard let points = polygon.array else { throw wrongType(key, polygon, expected: expected) }
            var corners: [[Int]] = []
            for point in points {
                let corner = try pixels(in: point, key, expected: expected)
                guard corner.count == 2 else { throw invalid(key, "the point \(corner)", expected: expected) }
                corners.append(corner)
            }
            read.append(corners)
        }
        return read
    }

    private func pixels(
        in found: TOMLValue, _ key: Key, expected: String
    ) throws(ConfigurationError) -> [Int] {
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        var numbers: [Int] = []
        for element in array {
            guard let number = element.integer else {
                throw wrongType(key, element, expected: expected)
            }
            guard (0...65_535).contains(number) else { throw invalid(key, "\(number)", expected: expected) }
            numbers.append(number)
        }
        return numbers
    }
}
