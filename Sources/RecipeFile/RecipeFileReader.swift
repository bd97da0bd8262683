import Platform

/// Reads a recipe file that comes in pieces. Nothing in it is believed: what the manifest does not say, or says otherwise, is refused,
/// wherever in the file it is. Holds one member at a time.
package struct RecipeFileReader: Sendable {
    package enum Piece: Sendable {
        case manifest(RecipeManifest)
        /// Whole, with the digest that the manifest gives it.
        case member(RecipeMember, [UInt8])
    }

    private enum Expected {
        case manifestHeader
        case manifest(bytes: Int)
        /// Of the member with this number.
        case header(Int)
        case content(Int)
        case end
        case nothing
    }

    /// Of the whole file, where that is known from outside.
    private let length: Int?
    private var expected = Expected.manifestHeader
    private var pending: [UInt8] = []
    /// Bytes so far.
    package private(set) var received = 0
    /// Of the whole file, once the manifest is there.
    package private(set) var total: Int?
    package private(set) var manifest: RecipeManifest?

    /// - Parameter length: bytes that the file has; nil = nobody knows before its end.
    package init(length: Int? = nil) { self.length = length }

    /// All of it was there.
    package var isComplete: Bool { if case .nothing = expected { pending.isEmpty } else { false } }

    /// Goes on. Once it has thrown, the file is refused, and nothing more may come.
    ///
    /// - Parameter handle: gets what is complete, in the order of the file.
    /// - Throws: ``RecipeFileError``; what `handle` throws.
    package mutating func take(_ bytes: some Sequence<UInt8>, _ handle: (Piece) throws -> Void) throws {
        let before = pending.count
        pending.append(contentsOf: bytes)
        received += pending.count - before
        var used = 0
        defer { pending.removeFirst(used) }
        while case let count = neededBytes, count > 0, pending.count - used >= count {
            let block = Array(pending[used..<used + count])
            used += count
            if let piece = try step(block) { try handle(piece) }
        }
        if case .nothing = expected, pending.count > used {
            throw RecipeFileError.length(expected: total ?? received, got: received)
        }
        guard let length, received >= length else { return }
        if case .nothing = expected { return }
        try end()
    }

    /// Whether it ended where it should.
    package func finish() throws(RecipeFileError) {
        if !isComplete { try end() }
    }

    /// It ends before it is complete.
    private func end() throws(RecipeFileError) {
        guard let total else { throw .notARecipe }
        throw .length(expected: total, got: received)
    }

    private var neededBytes: Int {
        switch expected {
        case .manifestHeader, .header: TarBlock.byteCount
        case .manifest(let bytes): TarBlock.padded(bytes)
        case .content(let number): TarBlock.padded(manifest?.members[number].bytes ?? 0)
        case .end: TarBlock.end.count
        case .nothing: 0
        }
    }

    private mutating func step(_ block: [UInt8]) throws(RecipeFileError) -> Piece? {
        switch expected {
        case .manifestHeader:
            let name = RecipeMember.folder + RecipeManifest.name
            guard let size = TarBlock.size(in: block, of: name), (1...RecipeManifest.mostBytes).contains(size) else {
                throw .notARecipe
            }
            expected = .manifest(bytes: size)
            return nil
        case .manifest(let bytes): return .manifest(try begin(block, bytes))
        case .header(let number):
            guard let member = manifest?.members[number],
                block == TarBlock.header(RecipeMember.folder + member.name, size: member.bytes)
            else { throw .frame(member: manifest?.members[number].name ?? "") }
            expected = .content(number)
            return nil
        case .content(let number):
            guard let member = manifest?.members[number] else { return nil }
            return try content(member, number, block)
        case .end:
            guard block == TarBlock.end else { throw .frame(member: "the end") }
            expected = .nothing
            return nil
        case .nothing: return nil
        }
    }

    private mutating func begin(_ block: [UInt8], _ bytes: Int) throws(RecipeFileError) -> RecipeManifest {
        guard block[bytes...].allSatisfy({ $0 == 0 }) else { throw .frame(member: RecipeManifest.name) }
        let manifest = try RecipeManifest(sealed: Array(block[..<bytes]))
        let total =
            TarBlock.byteCount + block.count + TarBlock.end.count
            + manifest.members.reduce(0) { $0 + TarBlock.byteCount + TarBlock.padded($1.bytes) }
        // Before a gigabyte of it comes.
        if let length, length != total { throw .length(expected: total, got: length) }
        (self.manifest, self.total, expected) = (manifest, total, .header(0))
        return manifest
    }

    private mutating func content(
        _ member: RecipeManifest.Member, _ number: Int, _ block: [UInt8]
    ) throws(RecipeFileError) -> Piece {
        guard block[member.bytes...].allSatisfy({ $0 == 0 }), let kind = RecipeMember(name: member.name) else {
            throw .frame(member: member.name)
        }
        let bytes = Array(block[..<member.bytes])
        let sha256 = hexadecimal(SHA256.digest(of: bytes))
        guard sha256 == member.sha256 else {
            throw .digest(member: member.name, expected: member.sha256, got: sha256)
        }
        expected = number + 1 < (manifest?.members.count ?? 0) ? .header(number + 1) : .end
        return .member(kind, bytes)
    }
}
