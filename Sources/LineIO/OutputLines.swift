package import Settings

/// The lines of a camera, held: outputs inactive from the first moment, inputs that tell their edges. Given back when they go.
///
/// For one thread.
package protocol OutputLines: ~Copyable {
    /// To wait for edges, and for the chip's end; nil where the desk is rung instead.
    var descriptor: CInt? { get }
    /// For people.
    var path: String { get }
    /// Sets all outputs at once: these active, all others inactive. They stand so when it returns.
    func set(_ active: Set<OutputSignal>) throws(LinesError)
    /// Edges that wait, the oldest first; there may be more.
    func edges() throws(LinesError) -> [LineEdge]
}

package struct LineEdge: Sendable, Equatable {
    package let signal: InputSignal
    /// By the monotonic clock: stamped in the interrupt, or when the module's reply was there.
    package let time: Duration
    /// Of this line's edges, from 1.
    package let number: UInt32
}
