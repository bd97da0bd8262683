#include "cv4l2.h"

#include <fcntl.h>
#include <libv4l2.h>

int fsac_v4l2_open(const char *path) {
    int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return descriptor < 0 ? -1 : v4l2_fd_open(descriptor, V4L2_DISABLE_CONVERSION);
}
