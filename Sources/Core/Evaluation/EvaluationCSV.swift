extension Evaluation {
    /// The runs as a table for other programs: one line a run, CRLF at the ends, quoted as RFC 4180 asks for. A figure that
    /// does not exist is an empty field.
    package var csv: String {
        let headings =
            ["set", "shots", "seed", "backbone", "backbone_sha256", "method", "input_size", "layers"]
            + EvaluationMetric.allCases.map(\.rawValue) + ["cached", "shot_files"]
        var lines = [headings]
        for result in results {
            for run in result.runs { lines.append(fields(of: run, in: result)) }
        }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private func fields(of run: EvaluationRun, in result: ShotEvaluation) -> [String] {
        [
            result.set, "\(result.shots)", "\(run.seed)", backbone.name, backbone.sha256, settings.method.name,
            "\(run.inputSize)",
            run.layers.map(String.init).joined(separator: " "),
        ]
            + EvaluationMetric.allCases.map { metric in run.figures[metric].map { "\($0)" } ?? "" }
            + ["\(run.isCached)", run.shots.joined(separator: " ")]
    }

    private static func quoted(_ field: String) -> String {
        // By bytes: "\r\n" is one Character.
        guard field.utf8.contains(where: { [UInt8(ascii: ","), 0x22, 0x0D, 0x0A].contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
