// A disk that fails on demand, between the daemon and the C library (LD_PRELOAD).
//
// Counts the calls that change something below FSAC_FAULT_STATE: open for writing, write, pwrite, writev, fdatasync,
// fsync, rename, ftruncate, fallocate, unlink, mkdir. The file FSAC_FAULT_CONTROL is a struct fault that the test and
// the daemon share: what is to happen at the N-th of them is written there, `armed` last, and what has happened is
// read there.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// As faulty_disk.py writes it.
enum mode { ONCE = 1, FOR_EVER, SHORT, DELAY, KILL };
enum call {
    OPEN = 1, WRITE = 2, SYNC = 4, FSYNC = 8, RENAME = 16, TRUNCATE = 32, ALLOCATE = 64, REMOVE = 128, MAKE = 256
};
struct fault {
    _Atomic uint32_t armed; // 0 = no fault; another number begins counting anew
    uint32_t calls, mode;
    int32_t error;
    uint32_t first, milliseconds;
    _Atomic uint32_t counted, hits;
    char path[224]; // a part of the paths that count
};

static struct fault *fault;
static const char *state;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FSAC_FAULT_CONTROL");
    state = getenv("FSAC_FAULT_STATE");
    if (!path || !state) return;
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *shared = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (shared != MAP_FAILED) fault = shared;
}

/// Whether the call is hit; waits and kills itself where that is asked for.
static int is_hit(enum call call, const char *path) {
    if (!fault || !atomic_load(&fault->armed) || !(fault->calls & call)) return 0;
    if (strncmp(path, state, strlen(state)) || !strstr(path, fault->path)) return 0;
    uint32_t number = atomic_fetch_add(&fault->counted, 1) + 1;
    if (number < fault->first || (number > fault->first && fault->mode == ONCE)) return 0;
    atomic_fetch_add(&fault->hits, 1);
    if (fault->mode == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    // In slices: a disk that comes back lets everybody go on.
    for (uint32_t waited = 0; waited < fault->milliseconds && atomic_load(&fault->armed); waited += 20) usleep(20000);
    return fault->mode != DELAY;
}

static int is_hit_at(enum call call, int descriptor) {
    if (!fault || !atomic_load(&fault->armed)) return 0;
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_hit(call, path);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL return errno = fault->error, -1

static int open_mode(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;
}

#define OPEN_LIKE(name)                                               \
    int name(const char *path, int flags, ...) {                      \
        REAL(name);                                                   \
        va_list arguments;                                            \
        va_start(arguments, flags);                                   \
        int mode = open_mode(flags, arguments);                       \
        va_end(arguments);                                            \
        if (flags & (O_WRONLY | O_RDWR) && is_hit(OPEN, path)) FAIL;  \
        return real(path, flags, mode);                               \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

int openat(int folder, const char *path, int flags, ...) {
    REAL(openat);
    va_list arguments;
    va_start(arguments, flags);
    int mode = open_mode(flags, arguments);
    va_end(arguments);
    if (flags & (O_WRONLY | O_RDWR) && is_hit(OPEN, path)) FAIL;
    return real(folder, path, flags, mode);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    if (descriptor <= 2 || !is_hit_at(WRITE, descriptor)) return real(descriptor, bytes, count);
    if (fault->mode == SHORT && count > 1) return real(descriptor, bytes, count / 2);
    FAIL;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    if (!is_hit_at(WRITE, descriptor)) return real(descriptor, bytes, count, offset);
    if (fault->mode == SHORT && count > 1) return real(descriptor, bytes, count / 2, offset);
    FAIL;
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    REAL(writev);
    if (descriptor <= 2 || !is_hit_at(WRITE, descriptor)) return real(descriptor, pieces, count);
    if (fault->mode == SHORT) return real(descriptor, pieces, 1);
    FAIL;
}

int fdatasync(int descriptor) {
    REAL(fdatasync);
    if (is_hit_at(SYNC, descriptor)) FAIL;
    return real(descriptor);
}

int fsync(int descriptor) {
    REAL(fsync);
    if (is_hit_at(FSYNC, descriptor)) FAIL;
    return real(descriptor);
}

int rename(const char *source, const char *target) {
    REAL(rename);
    if (is_hit(RENAME, source)) FAIL;
    return real(source, target);
}

int ftruncate(int descriptor, off_t length) {
    REAL(ftruncate);
    if (is_hit_at(TRUNCATE, descriptor)) FAIL;
    return real(descriptor, length);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    REAL(fallocate);
    if (is_hit_at(ALLOCATE, descriptor)) FAIL;
    return real(descriptor, mode, offset, length);
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    REAL(posix_fallocate);
    return is_hit_at(ALLOCATE, descriptor) ? fault->error : real(descriptor, offset, length);
}

int unlink(const char *path) {
    REAL(unlink);
    if (is_hit(REMOVE, path)) FAIL;
    return real(path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (is_hit(MAKE, path)) FAIL;
    return real(path, mode);
}
