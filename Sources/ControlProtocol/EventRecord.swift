/// One line of the event journal: a change of what decides about parts, who asked for it, and what was and is. Programs outside
/// read it, from the file, from `fsacctl events --json` and `GET /v1/events`: a field may be added, none changes its meaning.
///
/// The line is on the disk before the change is made. One whose change failed then is followed by another, which names it
/// (`failed`); one that could not be written in time has `refused`, and nothing was changed. What a kill in between has left
/// is told by the `start` that follows: it says by what parts are judged.
package struct EventRecord: Codable, Sendable, Equatable {
    /// What was changed. More may come.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// The daemon began to run; `after` has what is in use.
        case start
        /// The configuration was read again.
        case reload
        /// The limit was set by hand, or given back to calibration.
        case limit
        case commissionStart = "commission_start"
        case commissionCancel = "commission_cancel"
        /// The limit that commissioning proposed was accepted.
        case commissionApply = "commission_apply"
        case shotAdded = "shot_added"
        case shotRemoved = "shot_removed"
        /// A shot that a roll-back had set aside is a shot again.
        case shotRestored = "shot_restored"
        /// A fit was asked for.
        case refit
        /// A fit became the generation in use.
        case generation
        /// Another generation was chosen; shots that it was not fitted from are set aside, others come back.
        case rollback
        case recipeCopy = "recipe_copy"
        /// A recipe of another station came: `after` has from where, its shots and its limit.
        case recipeImport = "recipe_import"
        /// A camera was given another recipe.
        case recipeUse = "recipe_use"
        /// An output line was tested, alarms were acknowledged, or the lines were lost or are held again.
        case output
        /// Pictures that lines of the journal name were not stored: `after` has how many, of verdicts between which numbers, and
        /// why.
        case picturesDropped = "pictures_dropped"
        /// The daemon ends as it was told to.
        case stop
        /// A fault keeps parts from their verdicts for 3 s by now (`after` has `state`, `place`, `reason`, and `since` when it began), or is
        /// over for as long (`before` has `state` and `place`, and `until`). One that is open at a `stop` or `start` ends with the run.
        case state
        /// A camera's parts ask for somebody: `after` has `kind` (``AlarmKind``), `reason` and `since`.
        case alarm
        /// Somebody saw the alarms (`before`), of a camera or of all.
        case acknowledged
        /// Another lot runs, or none any more, from the next frame or trigger on.
        case lot
        /// Somebody at the page has a part inspected now: `after` has its number, where it has one. Of triggers of machines each verdict's
        /// line tells.
        case trigger
        /// Somebody says what a part is (`after` has `seq` and `judged`, its `verdict`, a `defect` and a `note`); the line of the verdict stays.
        case judgement
        /// Somebody wants a part no more as a candidate: `after` has `seq` and `fate`, `dismissed`. (One that is accepted is a
        /// `shot_added` whose `source` is `verdict N`.)
        case candidate
        /// The clock was set: `after` has by how many seconds, ahead of or (below 0) behind what it would show.
        case clock
        /// What the lines of both journals come to: `after` has the number of a verdict (`seq`) and the `chain` up to it, `event_seq` and
        /// `event_chain` of events; `before` has those of the anchor before, or where the chains begin.
        case anchor
    }

    /// From where a change came.
    package enum Origin: String, Codable, Sendable {
        /// Somebody at the control socket.
        case control
        /// Somebody at the operator's page, where it may act: whoever stands there.
        case page
        /// SIGHUP, whose sender is not known.
        case signal
        /// Nobody: the daemon itself, in the course of what it was told before.
        case daemon
    }

    /// From 1, one more with each line, also over restarts.
    package var seq: UInt64
    /// RFC 3339 with microseconds, UTC, by the wall clock. For people; nothing is ordered by it.
    package var time: String
    package var event: Kind
    package var recipe: String?
    package var camera: String?
    package var origin: Origin
    /// The user by the kernel's word, with `control` always.
    package var uid: UInt32?
    /// The name that the system has for `uid`, if any.
    package var user: String?
    package var pid: Int32?
    /// What somebody at the page calls themselves, which nobody checked.
    package var name: String?
    /// What was, by name; without what there was not.
    package var before: [String: EventValue]
    /// What is meant to be.
    package var after: [String: EventValue]
    /// The number of the event whose change failed; with `error`.
    package var failed: UInt64?
    /// Why, in words.
    package var error: String?
    /// True where the line was not on the disk in time: nothing was changed.
    package var refused: Bool?

    package init(
        seq: UInt64, time: String, event: Kind, recipe: String? = nil, camera: String? = nil, origin: Origin,
        uid: UInt32? = nil, user: String? = nil, pid: Int32? = nil, name: String? = nil,
        before: [String: EventValue] = [:],
        after: [String: EventValue] = [:], failed: UInt64? = nil, error: String? = nil, refused: Bool? = nil
    ) {
        self.seq = seq
        self.time = time
        self.event = event
        self.recipe = recipe
        self.camera = camera
        self.origin = origin
        self.uid = uid
        self.user = user
        self.pid = pid
        self.name = name
        self.before = before
        self.after = after
        self.failed = failed
        self.error = error
        self.refused = refused
    }
}

/// A value of an event, as JSON has it: the bare value.
package enum EventValue: Codable, Sendable, Equatable, CustomStringConvertible {
    case flag(Bool)
    case count(Int)
    case number(Float)
    case text(String)

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let count = try? container.decode(Int.self) {
            self = .count(count)
        } else if let number = try? container.decode(Float.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .flag(let flag): try container.encode(flag)
        case .count(let count): try container.encode(count)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }

    package var description: String {
        switch self {
        case .flag(let flag): "\(flag)"
        case .count(let count): "\(count)"
        case .number(let number): "\(number)"
        case .text(let text): text
        }
    }
}
