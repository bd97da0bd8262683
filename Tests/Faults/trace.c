// What a power cut could take back, written down between the daemon and the C library (LD_PRELOAD).
//
// Each call that changes something below FSAC_FAULT_STATE becomes a line of the file FSAC_FAULT_TRACE, before it is
// made; of fdatasync and fsync also when it is done, for only what was written before it began is on the disk then:
//
//     THREAD write|create|rename|sync|synced|remove  ...  PATH
//
// Folders that are made are left out: Linux's file systems keep one when something in it is synced. What a rename
// replaces gets another name first, in the folder FSAC_FAULT_REPLACED. rows/power.py reads it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int trace = -1;
static const char *state, *replaced;
static atomic_int renames;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FSAC_FAULT_TRACE");
    state = getenv("FSAC_FAULT_STATE");
    replaced = getenv("FSAC_FAULT_REPLACED");
    if (path && state && replaced) trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static int counts(const char *path) { return trace >= 0 && !strncmp(path, state, strlen(state)); }

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
    char line[2200];
    int length = snprintf(line, sizeof line, "%ld ", (long)syscall(SYS_gettid)), code = errno;
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    syscall(SYS_write, trace, line, (size_t)length);
    errno = code;
}

/// The descriptor's path, if it counts.
static const char *path_of(int descriptor, char path[1024]) {
    if (trace < 0) return NULL;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, 1023);
    if (length < 0) return NULL;
    path[length] = 0;
    return counts(path) ? path : NULL;
}

static void note_write(int descriptor, off_t offset, size_t count) {
    char buffer[1024];
    const char *path = path_of(descriptor, buffer);
    struct stat status;
    if (!path) return;
    if (offset < 0)
        offset = fcntl(descriptor, F_GETFL) & O_APPEND && !fstat(descriptor, &status) ? status.st_size
                                                                                     : lseek(descriptor, 0, SEEK_CUR);
    note("write %ld %zu %s\n", (long)offset, count, path);
}

#define OPEN_LIKE(name)                                                                          \
    int name(const char *path, int flags, ...) {                                                 \
        REAL(name);                                                                              \
        va_list arguments;                                                                       \
        va_start(arguments, flags);                                                              \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;                   \
        va_end(arguments);                                                                       \
        if (flags & O_CREAT && counts(path) && access(path, F_OK)) note("create %s\n", path);    \
        return real(path, flags, mode);                                                          \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    if (descriptor > 2) note_write(descriptor, -1, count);
    return real(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    note_write(descriptor, offset, count);
    return real(descriptor, bytes, count, offset);
}

#define SYNC_LIKE(name)                                  \
    int name(int descriptor) {                           \
        REAL(name);                                      \
        char buffer[1024];                               \
        const char *path = path_of(descriptor, buffer);  \
        if (path) note("sync %s\n", path);               \
        int result = real(descriptor);                   \
        if (path && !result) note("synced %s\n", path);  \
        return result;                                   \
    }
SYNC_LIKE(fdatasync)
SYNC_LIKE(fsync)

int rename(const char *source, const char *target) {
    REAL(rename);
    if (counts(source)) {
        char kept[1024];
        int number = atomic_fetch_add(&renames, 1);
        snprintf(kept, sizeof kept, "%s/%d-%d", replaced, getpid(), number);
        int is_kept = !link(target, kept);
        note("rename %s %s %s\n", is_kept ? kept : "-", source, target);
    }
    return real(source, target);
}

int unlink(const char *path) {
    REAL(unlink);
    if (counts(path)) note("remove %s\n", path);
    return real(path);
}
