/// How an answer of journal lines says that it is not all that there is: in fields behind its last line (HTTP trailers), so that
/// every line is a line of the journal, and nothing is told before it is known.
package enum CutAnswer {
    /// The answer has as many lines as were asked for, and the journal goes on: the number to go on with.
    package static let next = "fsac-next"
    /// Lines below this number were not looked at.
    package static let before = "fsac-before"
}
