#ifndef FSAC_CFILES_H
#define FSAC_CFILES_H

#include <stdint.h>

/* fallocate(2), which Swift's module of the C library lacks, for it is built without _GNU_SOURCE. Sets blocks aside for
   the first `bytes` of a file and leaves its length as it is. 0, or -1 and errno. */
int fsac_set_aside(int descriptor, int64_t bytes);

/* mallopt(3) and malloc_trim(3), whose header Swift's module lacks as well. */
void fsac_limit_arenas(int count);
void fsac_trim_heap(void);

/* The kind of the file system that a path is on, statfs(2)'s f_type, which is not in Swift's module; -1 and errno. */
int64_t fsac_file_system(const char *path);

#endif
