import Platform
package import Settings

/// The lines of a remote I/O module, which fsac-gateway drives, for fsacd has no network: what is ordered of it, and what it says.
///
/// A gateway that has a connection to the module opens a session and gets orders. An order stands once it is told to be written
/// and read back. Whatever goes wrong ends the session, and the gateway makes all outputs inactive before it opens another one:
/// nothing of a session outlives it. Orders are repeated by the thread of the lines: while it stands still, the gateway hears
/// nothing and does the same.
package final class RemoteModule: Sendable {
    package struct Order: Sendable, Equatable {
        package let session: UInt64
        package let number: UInt64
        /// The module's outputs from its first one on.
        package let outputs: [Bool]
        /// So many of its inputs are to be read.
        package let inputs: Int
    }

    /// An input has another level.
    package struct Change: Sendable, Equatable {
        package let input: Int
        package let isActive: Bool
        package let time: Duration

        package init(input: Int, isActive: Bool, time: Duration) {
            (self.input, self.isActive, self.time) = (input, isActive, time)
        }
    }

    private struct Session {
        let number: UInt64
        let path: String
        let orders: AsyncStream<Order>.Continuation
        /// Taken by the thread of the lines.
        var isHeld = false
        var order: Order
        var orderedAt: Duration
        var written: UInt64 = 0
        /// When the gateway said something.
        var heard: Duration
        var edges: [LineEdge] = []
        /// Of each input's edges.
        var counts: [Int: UInt32] = [:]
    }

    private struct State {
        var sessions: UInt64 = 0
        var session: Session?
        /// What kept the gateway from the module, and when it said so.
        var trouble: (words: String, at: Duration)?
    }

    /// For the answer to an order: the module is asked twice.
    static let patience = Duration.milliseconds(500)
    /// Between an order and its repetition.
    static let repetition = Duration.milliseconds(250)
    /// With a gateway that says nothing.
    static let silence = Duration.seconds(1)
    /// A gateway tells of its trouble each second.
    private static let memory = Duration.seconds(5)
    private static let edgeLimit = 1024

    package let name: String
    private let ring: @Sendable () -> Void
    let outputs: [OutputSignal: Int]
    private let inputs: [Int: (signal: InputSignal, edge: Configuration.LineIO.Input.Edge)]
    private let state = Monitor(State())

    /// - Parameter ring: wakes the thread of the lines; must not block.
    package init(_ io: Configuration.LineIO, ring: @escaping @Sendable () -> Void) {
        name = io.chip
        self.ring = ring
        outputs = io.outputs.mapValues(\.line.place)
        inputs = Dictionary(uniqueKeysWithValues: io.inputs.map { ($0.value.line.place, ($0.key, $0.value.edge)) })
    }

    // MARK: The gateway

    /// A gateway has the module: the session before this one is over.
    ///
    /// - Parameter path: the module's address, for people.
    package func open(path: String) -> (session: UInt64, orders: AsyncStream<Order>) {
        // Only the newest order counts.
        let (orders, continuation) = AsyncStream.makeStream(of: Order.self, bufferingPolicy: .bufferingNewest(1))
        let now = Duration.sinceBoot
        let (number, last) = state.withLock { state in
            let last = state.session
            state.sessions += 1
            let order = Order(session: state.sessions, number: 0, outputs: [], inputs: 0)
            state.session = Session(
                number: state.sessions, path: path, orders: continuation, order: order, orderedAt: now, heard: now)
            state.trouble = nil
            return (state.sessions, last)
        }
        last?.orders.finish()
        ring()
        return (number, orders)
    }

    /// - Parameter written: number of the order that stands; nil = nothing new.
    /// - Returns: false = the session is over.
    package func report(session: UInt64, written: UInt64?, _ changes: [Change]) -> Bool {
        let isTaken = state.withLock { state in
            guard state.session?.number == session else { return false }
            state.session?.heard = .sinceBoot
            if let written { state.session?.written = written }
            for change in changes { add(change, to: &state) }
            return state.session?.edges.count ?? 0 <= Self.edgeLimit
        }
        guard isTaken else {
            close(session)
            return false
        }
        if !changes.isEmpty { ring() }
        return true
    }

    private func add(_ change: Change, to state: inout State) {
        guard let input = inputs[change.input], change.isActive == (input.edge == .rising) else { return }
        let number = (state.session?.counts[change.input] ?? 0) &+ 1
        state.session?.counts[change.input] = number
        state.session?.edges.append(LineEdge(signal: input.signal, time: change.time, number: number))
    }

    /// The gateway does not reach the module.
    package func complain(_ words: String) {
        state.withLock { $0.trouble = (words, .sinceBoot) }
    }

    package func close(_ session: UInt64) {
        let closed = state.withLock { state -> Session? in
            guard state.session?.number == session else { return nil }
            defer { state.session = nil }
            return state.session
        }
        closed?.orders.finish()
        ring()
    }

    // MARK: The thread of the lines

    /// A session waits to be taken.
    package var isOffered: Bool { state.read { $0.session?.isHeld == false } }

    func hold() throws(LinesError) -> (session: UInt64, path: String) {
        let found = state.withLock { state -> (UInt64, String)? in
            guard let session = state.session, !session.isHeld else { return nil }
            state.session?.isHeld = true
            return (session.number, session.path)
        }
        guard let found else { throw lost() }
        return found
    }

    /// Waits until the module has it.
    func set(_ active: Set<OutputSignal>, _ session: UInt64) throws(LinesError) {
        var levels = [Bool](repeating: false, count: (outputs.values.max() ?? -1) + 1)
        for signal in active { if let place = outputs[signal] { levels[place] = true } }
        let count = (inputs.keys.max() ?? -1) + 1
        let number = state.withLock { state -> UInt64? in
            guard let last = state.session?.order, state.session?.number == session else { return nil }
            let order = Order(session: session, number: last.number + 1, outputs: levels, inputs: count)
            state.session?.order = order
            state.session?.orderedAt = .sinceBoot
            state.session?.orders.yield(order)
            return order.number
        }
        guard let number else { throw lost() }
        let isWritten = state.wait(timeout: Self.patience) { state -> Bool? in
            guard let current = state.session, current.number == session else { return false }
            return current.written >= number ? true : nil
        }
        switch isWritten {
        case true?: return
        case false?: throw lost()
        case nil:
            close(session)
            throw .noModule(name, reason: "what was ordered was not written in time")
        }
    }

    func edges(_ session: UInt64) throws(LinesError) -> [LineEdge] {
        let now = Duration.sinceBoot
        let found = state.withLock { state -> (edges: [LineEdge], isSilent: Bool)? in
            guard let current = state.session, current.number == session else { return nil }
            if now - current.orderedAt >= Self.repetition {
                state.session?.orderedAt = now
                current.orders.yield(current.order)
            }
            state.session?.edges = []
            return (current.edges, now - current.heard > Self.silence)
        }
        guard let found else { throw lost() }
        guard !found.isSilent else {
            close(session)
            throw .noModule(name, reason: "fsac-gateway has said nothing for a second")
        }
        return found.edges
    }

    private func lost() -> LinesError {
        let trouble = state.read(\.trouble)
        if let trouble, .sinceBoot - trouble.at < Self.memory { return .noModule(name, reason: trouble.words) }
        return .noModule(
            name,
            reason: "fsac-gateway does not drive it: does it run, and has its gateway.toml a [[module]] of this name?")
    }
}

/// A session's lines, held by the thread of the lines. For each loss there is a new session.
package struct ModuleLines: ~Copyable, OutputLines {
    private let module: RemoteModule
    private let session: UInt64
    package let path: String

    /// - Throws: while no gateway offers the module.
    package init(_ module: RemoteModule) throws(LinesError) {
        let (session, path) = try module.hold()
        do throws(LinesError) {
            try module.set([], session)
        } catch {
            module.close(session)
            throw error
        }
        (self.module, self.session, self.path) = (module, session, path)
    }

    deinit { module.close(session) }

    package var descriptor: CInt? { nil }

    package func set(_ active: Set<OutputSignal>) throws(LinesError) { try module.set(active, session) }

    package func edges() throws(LinesError) -> [LineEdge] { try module.edges(session) }
}

extension Configuration.LineIO.Line {
    /// A module's lines have numbers only.
    fileprivate var place: Int {
        switch self {
        case .offset(let offset): offset
        case .name: preconditionFailure("a module's line by its name")
        }
    }
}
