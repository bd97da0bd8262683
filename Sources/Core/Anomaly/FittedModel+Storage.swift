internal import Foundation

extension FittedModel {
    /// Of a saved model, what a person may want to read.
    package static let documentName = ModelDocument.fileName
    /// Of a saved model, the file of its golden picture.
    package static let goldenName = ModelDocument.goldenName

    /// Writes `model.safetensors`, `golden.safetensors` if there is a golden picture, and `model.json` into an existing folder;
    /// all are on the disk when it returns.
    ///
    /// The folder is not yet a generation: whoever calls this writes to a temporary folder and renames that.
    ///
    /// - Throws: `unwritable`; `notFinite` when a number of it is none, which no fit makes.
    package func save(to directory: String) throws(FitError) {
        let stored = scorer.stored
        let (tensors, goldenFile): (ModelDocument.File, ModelDocument.File?)
        do throws(WeightsError) {
            tensors = try Self.write(stored.tensors, directory + "/" + ModelDocument.tensorsName)
            goldenFile = try golden.map { (golden) throws(WeightsError) in
                try Self.write(golden.tensors, directory + "/" + ModelDocument.goldenName)
            }
        } catch {
            throw .unwritable(path: directory, reason: "\(error)")
        }
        let document = try ModelDocument(self, stored.header, tensors: tensors, golden: goldenFile).sealed()
        do throws(WeightsError) {
            var output = try WeightsOutput(replacing: directory + "/" + ModelDocument.fileName)
            try output.write(document)
            _ = try output.finish()
        } catch {
            throw .unwritable(path: directory, reason: "\(error)")
        }
    }

    private static func write(
        _ tensors: [String: Tensor], _ path: String
    ) throws(WeightsError) -> ModelDocument.File {
        let sha256 = try Safetensors.write(tensors, to: path)
        return ModelDocument.File(bytes: try WeightsInput(path: path).size, sha256: sha256)
    }

    /// Reads what ``save(to:)`` wrote, in whatever program.
    ///
    /// - Parameter isTrusted: whether a document without a checksum, as versions before 4 have it, is believed; by its SHA-256.
    /// - Throws: `unreadable`; `damaged` when a file is not the one that was saved, or does not make a model;
    ///   `unsupportedVersion`.
    package static func load(
        from directory: String, trustingUnsealed isTrusted: (_ sha256: String) -> Bool = { _ in true }
    ) throws(FitError) -> FittedModel {
        let document = try ModelDocument.read(
            directory + "/" + ModelDocument.fileName, trustingUnsealed: isTrusted)
        let path = directory + "/" + ModelDocument.tensorsName
        var model = try document.model(tensors(path, document.tensors), path: path)
        if let file = document.golden {
            let path = directory + "/" + ModelDocument.goldenName
            let tensors = try tensors(path, file)
            do throws(DamagedSection) {
                model.golden = try Golden(tensors)
            } catch {
                throw .damaged(path: path, section: error.section, expected: error.expected, got: error.got)
            }
        }
        return model
    }

    /// Those of a file that the document names, if it still is that file.
    private static func tensors(_ path: String, _ file: ModelDocument.File) throws(FitError) -> [String: Tensor] {
        let (size, archive) = try readTensors(path, expectedBytes: file.bytes)
        guard size == file.bytes else {
            throw .damaged(path: path, section: "size", expected: "\(file.bytes) bytes", got: "\(size) bytes")
        }
        guard let archive, archive.sha256 == file.sha256 else {
            throw .damaged(
                path: path, section: "sha-256", expected: file.sha256, got: archive?.sha256 ?? "no safetensors file")
        }
        return archive.tensors
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
