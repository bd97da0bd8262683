#define _GNU_SOURCE
#include "cfiles.h"

#include <fcntl.h>

int fsac_set_aside(int descriptor, int64_t bytes) { return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes); }
