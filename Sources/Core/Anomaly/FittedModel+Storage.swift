internal import Foundation

extension FittedModel {
    /// Writes `model.safetensors` and `model.json` into an existing folder; both are on the disk when it returns.
    ///
    /// The folder is not yet a generation: whoever calls this writes to a temporary folder and renames that.
    ///
    /// - Throws: `unwritable`; `notFinite` when a number of it is none, which no fit makes.
    package func save(to directory: String) throws(FitError) {
        let tensorsPath = directory + "/" + ModelDocument.tensorsName
        let stored = scorer.stored
        let size: Int
        let sha256: String
        do throws(WeightsError) {
            sha256 = try Safetensors.write(stored.tensors, to: tensorsPath)
            size = try WeightsInput(path: tensorsPath).size
        } catch {
            throw .unwritable(path: directory, reason: "\(error)")
        }
        let document = try ModelDocument(self, stored.header, tensors: .init(bytes: size, sha256: sha256)).json()
        do throws(WeightsError) {
            var output = try WeightsOutput(replacing: directory + "/" + ModelDocument.fileName)
            try output.write(document)
            _ = try output.finish()
        } catch {
            throw .unwritable(path: directory, reason: "\(error)")
        }
    }

    /// Reads what ``save(to:)`` wrote, in whatever program.
    ///
    /// - Throws: `unreadable`; `damaged` when a file is not the one that was saved, or does not make a model;
    ///   `unsupportedVersion`.
    package static func load(from directory: String) throws(FitError) -> FittedModel {
        let document = try ModelDocument.read(directory + "/" + ModelDocument.fileName)
        let path = directory + "/" + ModelDocument.tensorsName
        let (size, archive) = try readTensors(path, expectedBytes: document.tensors.bytes)
        guard size == document.tensors.bytes else {
            throw .damaged(
                path: path, section: "size", expected: "\(document.tensors.bytes) bytes", got: "\(size) bytes")
        }
        guard let archive, archive.sha256 == document.tensors.sha256 else {
            throw .damaged(
                path: path, section: "sha-256", expected: document.tensors.sha256,
                got: archive?.sha256 ?? "no safetensors file")
        }
        return try document.model(archive.tensors, path: path)
    }

    /// The tensors, unless the file has another size or is no safetensors file.
    private static func readTensors(
        _ path: String, expectedBytes: Int
    ) throws(FitError) -> (size: Int, archive: WeightArchive?) {
        do throws(WeightsError) {
            let size = try WeightsInput(path: path).size
            return (size, size == expectedBytes ? try Safetensors.read(path: path) : nil)
        } catch .unreadable(_, let reason) {
            throw .unreadable(path: path, reason: reason)
        } catch {
            return (expectedBytes, nil)
        }
    }
}
