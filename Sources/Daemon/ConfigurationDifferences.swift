package import ControlProtocol
import FoundationEssentials
import Platform
package import Settings

extension Configuration {
    /// Values that the event of a reload names, and bytes of each.
    private static let mostDifferences = 100
    private static let mostBytes = 200

    /// The same for the same settings, whatever the file looks like.
    package var digest: String {
        get throws { String(hexadecimal(SHA256.digest(of: [UInt8](try ControlCoding.encode(self)))).prefix(16)) }
    }

    /// Keys whose values differ, with the values, as texts: `camera.top.rate_hz`. A table that is only in one of them has its keys
    /// there only.
    ///
    /// Told by what the tables encode to, so that a new key needs no line here.
    package func differences(
        to new: Configuration
    ) throws -> (before: [String: EventValue], after: [String: EventValue]) {
        let (old, new) = (try flat, try new.flat)
        let keys = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
        let shown = { (text: String) in EventValue.text(PrintableText.line(text, atMost: Self.mostBytes)) }
        var (before, after) = ([String: EventValue](), [String: EventValue]())
        for key in keys.prefix(Self.mostDifferences) {
            before[key] = old[key].map(shown)
            after[key] = new[key].map(shown)
        }
        if keys.count > Self.mostDifferences { after["further"] = .count(keys.count - Self.mostDifferences) }
        return (before, after)
    }

    private var flat: [String: String] {
        get throws {
            var values: [String: String] = [:]
            try ControlCoding.decode(Tree.self, from: ControlCoding.encode(self)).add(to: &values, at: "")
            return values
        }
    }

    /// JSON of any shape.
    private enum Tree: Decodable {
        case object([String: Tree])
        case list([Tree])
        case value(EventValue)

        init(from decoder: any Decoder) throws {
            if let object = try? [String: Tree](from: decoder) {
                self = .object(object)
            } else if let list = try? [Tree](from: decoder) {
                self = .list(list)
            } else {
                self = .value(try EventValue(from: decoder))
            }
        }

        /// The value of its `name`.
        private var name: String? {
            guard case .object(let object) = self, case .value(.text(let name)) = object["name"] else { return nil }
            return name
        }

        private var text: String {
            switch self {
            case .object(let object):
                "{" + object.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ")
                    + "}"
            case .list(let list): "[" + list.map(\.text).joined(separator: ", ") + "]"
            case .value(let value): value.description
            }
        }

        /// Objects, and lists of objects with names, by their keys; other lists as one value.
        func add(to values: inout [String: String], at place: String) {
            switch self {
            case .object(let object):
                for (key, value) in object { value.add(to: &values, at: place.isEmpty ? key : "\(place).\(key)") }
            case .list(let list) where !list.isEmpty && list.allSatisfy { $0.name != nil }:
                for element in list { element.add(to: &values, at: "\(place).\(element.name ?? "")") }
            case .list, .value: values[place] = text
            }
        }
    }
}

extension Change {
    /// The configuration in use becomes another one.
    static func reload(_ old: Configuration, _ new: Configuration) throws -> Change {
        var (before, after) = try old.differences(to: new)
        (before["configuration"], after["configuration"]) = (.text(try old.digest), .text(try new.digest))
        return Change(.reload, before: before, after: after)
    }
}
