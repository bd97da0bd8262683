import Platform
import TestSupport
import Testing

@Suite struct MemoryLimitTests {
    private let machine = 8 << 30
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var limit: Int { MemoryLimit.bytes(root: folder.path, machine: machine) }

    @Test func theUnitsLimitIsFound() throws {
        try folder.write("0::/system.slice/fsacd.service\n", to: "proc/self/cgroup")
        try folder.write("max\n", to: "sys/fs/cgroup/system.slice/memory.max")
        try folder.write("2147483648\n", to: "sys/fs/cgroup/system.slice/fsacd.service/memory.max")
        #expect(limit == 2 << 30)
    }

    @Test func aSmallerLimitOfAGroupAboveCounts() throws {
        try folder.write("0::/a/b\n", to: "proc/self/cgroup")
        try folder.write("1073741824\n", to: "sys/fs/cgroup/a/memory.max")
        try folder.write("2147483648\n", to: "sys/fs/cgroup/a/b/memory.max")
        #expect(limit == 1 << 30)
    }

    @Test func theFirstVersionOfGroupsIsReadToo() throws {
        try folder.write("5:cpu,memory:/fits\n4:pids:/x\n", to: "proc/self/cgroup")
        try folder.write("9223372036854771712\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
        try folder.write("536870912\n", to: "sys/fs/cgroup/memory/fits/memory.limit_in_bytes")
        #expect(limit == 512 << 20)
    }

    @Test(arguments: ["", "nonsense", "0::", "0::/gone\n", "5:memory:/gone\n0::/gone\n"])
    func whatCannotBeReadIsNoLimit(groups: String) throws {
        try folder.write(groups, to: "proc/self/cgroup")
        #expect(limit == machine)
    }

    @Test func thisMachineHasMemory() {
        #expect(MemoryLimit.installed >= 1 << 28)
        #expect((1 << 20...MemoryLimit.installed).contains(MemoryLimit.bytes()))
    }
}
