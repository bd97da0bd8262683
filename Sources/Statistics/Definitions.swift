package import ControlProtocol

extension DefinitionReply {
    /// Printed with the numbers.
    package static let all = [
        DefinitionReply(
            term: "parts",
            means: "verdicts with a time in the stretch, without those of commissioning; numbers decide the order"),
        DefinitionReply(
            term: "NG rate",
            means:
                "NG / (OK + NG); INVALID parts are in neither. Bounds are Wilson's at 95 %: between which rates a process of "
                + "independent parts would give as many; of parts that are alike in a row they are too narrow"),
        DefinitionReply(term: "judged share", means: "(OK + NG) / parts"),
        DefinitionReply(
            term: "re-inspections",
            means:
                "parts whose number the same camera had judged before, as far back as the journal goes; they are counted as parts, too"
        ),
        DefinitionReply(
            term: "first-pass yield",
            means:
                "part numbers whose first verdict is OK / part numbers whose first verdict is in the stretch, by camera; "
                + "parts without a number are in neither"),
        DefinitionReply(
            term: "false rejects, escapes",
            means:
                "NG parts that people judged good / NG parts that they judged again; OK parts judged bad / OK parts judged again; "
                + "bounds are Wilson's at 95 %, and hold for parts that were picked at random. The last word of each person counts; "
                + "where two differ the part is disputed and in neither. The false-reject rate, of good parts, is there once every NG was "
                + "judged again"),
        DefinitionReply(
            term: "takt",
            means:
                "seconds from a part to the next one of the same camera, median and 95 % (nearest rank); more than an hour "
                + "counts as an hour, and steps of a clock that was set back as nothing"),
        DefinitionReply(
            term: "downtime",
            means:
                "time in which a fault kept all parts of a camera or of the line from their verdicts for 3 s or longer, by the "
                + "event journal; not_running: from the daemon's end (without one written down: its newest verdict) to its start. "
                + "It says nothing of planned stops"),
        DefinitionReply(
            term: "regions",
            means:
                "NG by the field of the inspected region, of 8 x 6, that holds the middle of their region with the highest peak: "
                + "A to H from the left, 1 to 6 from the top; by what is inspected now"),
        DefinitionReply(
            term: "hours, shifts",
            means:
                "by the clock on the wall of the time zone: the night belongs to the day on which it began, an hour that comes "
                + "twice is two hours, and a time of a clock that was wrong counts as it stood (clock_changes)"),
        DefinitionReply(
            term: "rate chart",
            means:
                "NG rates with limits at 3 sigma: p chart; Laney's p' where sigma_z > 1, which is the mean moving range of the "
                + "rates in their own sigmas / 1.128"),
        DefinitionReply(
            term: "score chart",
            means:
                "exponentially weighted mean (weight 0.02) of the scores of OK parts of a generation, limits at 3 sigma, sigma by "
                + "the mean moving range / 1.128; from 30 parts on"),
        DefinitionReply(
            term: "gap chart",
            means:
                "OK parts between an NG and the next: g chart with limits at 0.135 % and 99.865 % of the geometric distribution "
                + "of the same mean"),
    ]
}
