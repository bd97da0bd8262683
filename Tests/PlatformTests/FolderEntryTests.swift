import Glibc
import Platform
import Testing

@Suite struct FolderEntryTests {
    /// As the last entry of a list that fills its buffer: who copies 256 bytes of each name crashes there.
    @Test func aNameIsReadWhereThereIsNoMemoryBehindIt() throws {
        let page = sysconf(CInt(_SC_PAGESIZE))
        let pages = try #require(mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(pages, 2 * page) }
        #expect(mprotect(pages + page, page, PROT_NONE) == 0)
        for name in ["a", "1385", "teil-\u{FC}.jpg", String(repeating: "n", count: 255)] {
            let bytes = Array(name.utf8) + [0]
            let place = try #require(MemoryLayout<dirent>.offset(of: \.d_name))
            let length = (place + bytes.count + 7) & ~7
            let entry = pages + page - length
            (entry + place).copyMemory(from: bytes, byteCount: bytes.count)
            #expect(Array(dirent.name(in: entry.assumingMemoryBound(to: dirent.self))) == Array(name.utf8))
        }
    }
}
