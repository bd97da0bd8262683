/// A table of which the file may have several.
///
/// A conformer may assume that ``ConfigurationTable`` has refused every key that is neither in `Key` nor a further one.
/// It begins with its defaults, takes over what is written, and throws the first thing that is wrong, with its place.
/// It looks at its own table only and touches nothing: a configuration is also checked where the daemon does not run.
/// What depends on other tables is for who reads them all.
package protocol NamedTable {
    associatedtype Key: CodingKey & CaseIterable
    /// Keys that are not in `Key`, because something else names them.
    static var furtherKeys: [String] { get }
    /// By which others refer to it; the reader refuses a second one of the same name.
    var name: String { get }
    init(_ table: ConfigurationTable<Key>) throws(ConfigurationError)
}

extension NamedTable {
    package static var furtherKeys: [String] { [] }
}
