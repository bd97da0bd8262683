import Glibc
import Platform

/// A program that runs beside this one, in a process group of its own, with pipes as its standard input and output. What it says on
/// standard error goes where ours goes.
final class ChildProgram {
    /// Written to, without waiting.
    let input: CInt
    /// Read from, without waiting.
    let output: CInt
    private let process: pid_t
    private var isInputOpen = true

    /// - Throws: with what the system says of it.
    init(_ command: [String]) throws(DiskError) {
        var (down, up): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard pipe(&down) == 0 else { throw DiskError(operation: .open, path: command[0], errno: errno) }
        guard pipe(&up) == 0 else {
            let code = errno
            for end in down { close(end) }
            throw DiskError(operation: .open, path: command[0], errno: code)
        }
        for end in down + up { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        for end in [down[1], up[0]] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        Self.keepToOurselves()
        let (process, code) = Self.spawn(command, input: down[0], output: up[1])
        close(down[0])
        close(up[1])
        guard code == 0 else {
            close(down[1])
            close(up[0])
            throw DiskError(operation: .open, path: command[0], errno: code)
        }
        (input, output, self.process) = (down[1], up[0], process)
    }

    /// Sockets that libraries opened are nobody else's.
    private static func keepToOurselves() {
        for name in (try? Disk().names(in: "/proc/self/fd")) ?? [] {
            guard let descriptor = CInt(name), descriptor > STDERR_FILENO else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func spawn(_ command: [String], input: CInt, output: CInt) -> (pid_t, CInt) {
        var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // What this program ignores or traps, that one need not.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let code = posix_spawn(&process, command[0], &actions, &attributes, &arguments, environ)
        return (process, code)
    }

    /// How it ended, in words; waits for it.
    var end: String {
        // It closed its output, and may go on without: that is an end, too.
        guard let status = reap() else { return "ended" }
        let signal = status & 0x7F
        return signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "ended by signal \(signal)"
    }

    private var isReaped = false

    /// No more lines come.
    func endInput() {
        if isInputOpen { close(input) }
        isInputOpen = false
    }

    /// Its whole group.
    func kill() { _ = reap() }

    /// - Returns: as of waitpid(2); nil when it was reaped before.
    private func reap() -> CInt? {
        guard !isReaped else { return nil }
        _ = Glibc.kill(-process, SIGKILL)
        var status: CInt = 0
        isReaped = true
        return waitpid(process, &status, 0) == process ? status : nil
    }

    deinit {
        kill()
        endInput()
        close(output)
    }
}
