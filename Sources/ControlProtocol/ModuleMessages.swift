/// A line of the answer of `GET /v1/io/module`: what a remote I/O module is to do. Repeated as a sign of life.
package struct ModuleOrder: Codable, Sendable, Equatable {
    /// One from the beginning of an answer to its end.
    package var session: UInt64
    package var number: UInt64
    /// All outputs, from the module's first one on.
    package var outputs: [Bool]
    /// So many inputs are to be read, from the first one on; 0 = none.
    package var inputs: Int

    package init(session: UInt64, number: UInt64, outputs: [Bool], inputs: Int) {
        self.session = session
        self.number = number
        self.outputs = outputs
        self.inputs = inputs
    }
}

/// Body of `POST /v1/io/module`: what became of orders, and what inputs did.
package struct ModuleReport: RequestFields, Equatable {
    package struct Change: Codable, Sendable, Equatable {
        package var input: Int
        package var active: Bool
        /// By the monotonic clock, in nanoseconds.
        package var time: Int64

        package init(input: Int, active: Bool, time: Int64) {
            self.input = input
            self.active = active
            self.time = time
        }
    }

    package var name: String
    /// Absent = no session: `trouble` is why there is none.
    package var session: UInt64?
    /// The newest order that was written and read back.
    package var written: UInt64?
    package var changes: [Change]?
    package var trouble: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, session, written, changes, trouble
    }

    package init(
        name: String, session: UInt64? = nil, written: UInt64? = nil, changes: [Change]? = nil, trouble: String? = nil
    ) {
        self.name = name
        self.session = session
        self.written = written
        self.changes = changes
        self.trouble = trouble
    }
}
