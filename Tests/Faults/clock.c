// A wall clock that the test sets, between the daemon and the C library (LD_PRELOAD); the monotonic clock goes on.
//
// The file FSAC_FAULT_CLOCK is shared with the test: seconds that are added to the system's time, an int64_t.
// (libfaketime also changes the deadlines of waits by the monotonic clock, which no jump of a system's clock does.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *seconds;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FSAC_FAULT_CLOCK");
    int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    void *shared = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (shared != MAP_FAILED) seconds = shared;
}

static time_t offset(void) { return seconds ? (time_t)atomic_load(seconds) : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    __typeof__(&clock_gettime) real = (__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    __typeof__(&gettimeofday) real = (__typeof__(&gettimeofday))dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (result == 0) now->tv_sec += offset();
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
