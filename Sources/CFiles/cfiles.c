#define _GNU_SOURCE
#include "cfiles.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/vfs.h>

int fsac_set_aside(int descriptor, int64_t bytes) { return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes); }

void fsac_limit_arenas(int count) { mallopt(M_ARENA_MAX, count); }

void fsac_trim_heap(void) { malloc_trim(0); }

int64_t fsac_file_system(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}
