extension Duration {
    /// The monotonic clock, which nobody sets.
    package static var sinceBoot: Duration { .nanoseconds(MonotonicTime.nanoseconds) }

    /// The wall clock, since 1970: it jumps when it is set.
    package static var sinceEpoch: Duration { .microseconds(WallTime.now.microsecondsSince1970) }
}
