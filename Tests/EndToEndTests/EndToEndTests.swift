import Testing

/// The real programs from the build folder on state folders of their own.
///
/// One test after the other: several daemons at once would only wait for each other's cores.
@Suite(.serialized, .enabled(if: Weights.areThere, "needs the weights: run `make weights`"))
struct EndToEndTests {}
