#include "cv4l2.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <libv4l2.h>
#include <libv4lconvert.h>
#include <linux/videodev2.h>

_Static_assert(FSAC_V4L2_ERROR == V4L2_BUF_FLAG_ERROR, "");
_Static_assert(FSAC_V4L2_CLOCK_MASK == V4L2_BUF_FLAG_TIMESTAMP_MASK, "");
_Static_assert(FSAC_V4L2_CLOCK_MONOTONIC == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC, "");
_Static_assert(FSAC_V4L2_SOURCE_MASK == V4L2_BUF_FLAG_TSTAMP_SRC_MASK, "");
_Static_assert(FSAC_V4L2_SOURCE_START_OF_EXPOSURE == V4L2_BUF_FLAG_TSTAMP_SRC_SOE, "");
_Static_assert(FSAC_V4L2_CAPTURE == V4L2_CAP_VIDEO_CAPTURE, "");
_Static_assert(FSAC_V4L2_CAPTURE_MULTIPLANAR == V4L2_CAP_VIDEO_CAPTURE_MPLANE, "");
_Static_assert(FSAC_V4L2_METADATA_CAPTURE == V4L2_CAP_META_CAPTURE, "");
_Static_assert(FSAC_V4L2_STREAMING == V4L2_CAP_STREAMING, "");
_Static_assert((int)FSAC_V4L2_INTEGER_MENU == (int)V4L2_CTRL_TYPE_INTEGER_MENU, "");
_Static_assert((int)FSAC_V4L2_BITMASK == (int)V4L2_CTRL_TYPE_BITMASK, "");
_Static_assert(FSAC_V4L2_INACTIVE == V4L2_CTRL_FLAG_INACTIVE, "");
_Static_assert(FSAC_V4L2_WRITE_ONLY == V4L2_CTRL_FLAG_WRITE_ONLY, "");

static int request(int fd, unsigned long request, void *argument) {
    int result;
    do { result = v4l2_ioctl(fd, request, argument); } while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : 0;
}

/* The library writes each failure to standard error; ours are in errno, and said once. */
static void silence(void) {
    v4l2_log_file = fopen("/dev/null", "we");
}

int fsac_v4l2_open(const char *path) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
    int fd;
    do { fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC); } while (fd < 0 && errno == EINTR);
    if (fd < 0) { return -1; }
    if (v4l2_fd_open(fd, V4L2_DISABLE_CONVERSION) >= 0) { return fd; }
    int reason = errno;
    v4l2_close(fd);
    errno = reason;
    return -1;
}

int fsac_v4l2_close(int fd) { return v4l2_close(fd); }

int fsac_v4l2_identify(int fd, struct fsac_v4l2_identity *identity) {
    struct v4l2_capability answer = {0};
    if (request(fd, VIDIOC_QUERYCAP, &answer) < 0) { return -1; }
    memcpy(identity->driver, answer.driver, sizeof identity->driver);
    memcpy(identity->card, answer.card, sizeof identity->card);
    memcpy(identity->bus, answer.bus_info, sizeof identity->bus);
    identity->capabilities =
        answer.capabilities & V4L2_CAP_DEVICE_CAPS ? answer.device_caps : answer.capabilities;
    return 0;
}

static void copy_format(const struct v4l2_format *from, struct fsac_v4l2_format *to) {
    to->fourcc = from->fmt.pix.pixelformat;
    to->height = from->fmt.pix.height;
    to->width = from->fmt.pix.width;
    to->bytes_per_row = from->fmt.pix.bytesperline;
    to->bytes = from->fmt.pix.sizeimage;
    to->field = from->fmt.pix.field;
}

int fsac_v4l2_get_format(int fd, struct fsac_v4l2_format *format) {
    struct v4l2_format answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    if (request(fd, VIDIOC_G_FMT, &answer) < 0) { return -1; }
    copy_format(&answer, format);
    return 0;
}

int fsac_v4l2_set_format(int fd, struct fsac_v4l2_format *format) {
    struct v4l2_format answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    answer.fmt.pix.pixelformat = format->fourcc;
    answer.fmt.pix.height = format->height;
    answer.fmt.pix.width = format->width;
    answer.fmt.pix.field = V4L2_FIELD_NONE;
    if (request(fd, VIDIOC_S_FMT, &answer) < 0) { return -1; }
    copy_format(&answer, format);
    return 0;
}

int fsac_v4l2_enumerate_format(int fd, uint32_t index, struct fsac_v4l2_offer *offer) {
    struct v4l2_fmtdesc answer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    if (request(fd, VIDIOC_ENUM_FMT, &answer) < 0) { return -1; }
    offer->fourcc = answer.pixelformat;
    memcpy(offer->description, answer.description, sizeof offer->description);
    return 0;
}

int fsac_v4l2_enumerate_sizes(int fd, uint32_t index, uint32_t fourcc, struct fsac_v4l2_sizes *sizes) {
    struct v4l2_frmsizeenum answer = {.index = index, .pixel_format = fourcc};
    if (request(fd, VIDIOC_ENUM_FRAMESIZES, &answer) < 0) { return -1; }
    if (answer.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
        *sizes = (struct fsac_v4l2_sizes){answer.discrete.height, answer.discrete.width, answer.discrete.height,
                                          answer.discrete.width, 0, 0};
    } else {
        const struct v4l2_frmsize_stepwise *range = &answer.stepwise;
        *sizes = (struct fsac_v4l2_sizes){range->min_height, range->min_width, range->max_height,
                                          range->max_width, range->step_height, range->step_width};
    }
    return 0;
}

int fsac_v4l2_enumerate_periods(int fd, uint32_t index, uint32_t fourcc, uint32_t height, uint32_t width,
                                struct fsac_v4l2_periods *periods) {
    struct v4l2_frmivalenum answer = {.index = index, .pixel_format = fourcc, .width = width, .height = height};
    if (request(fd, VIDIOC_ENUM_FRAMEINTERVALS, &answer) < 0) { return -1; }
    int is_one = answer.type == V4L2_FRMIVAL_TYPE_DISCRETE;
    const struct v4l2_fract *min = is_one ? &answer.discrete : &answer.stepwise.min;
    const struct v4l2_fract *max = is_one ? &answer.discrete : &answer.stepwise.max;
    *periods = (struct fsac_v4l2_periods){min->numerator, min->denominator, max->numerator, max->denominator};
    return 0;
}

static int has_period(const struct v4l2_streamparm *answer) {
    const struct v4l2_captureparm *capture = &answer->parm.capture;
    if (capture->timeperframe.numerator != 0 && capture->timeperframe.denominator != 0) { return 1; }
    errno = ENOTTY;
    return 0;
}

int fsac_v4l2_get_period(int fd, uint32_t *numerator, uint32_t *denominator) {
    struct v4l2_streamparm answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    if (request(fd, VIDIOC_G_PARM, &answer) < 0 || !has_period(&answer)) { return -1; }
    *numerator = answer.parm.capture.timeperframe.numerator;
    *denominator = answer.parm.capture.timeperframe.denominator;
    return 0;
}

int fsac_v4l2_set_period(int fd, uint32_t *numerator, uint32_t *denominator) {
    struct v4l2_streamparm answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    if (request(fd, VIDIOC_G_PARM, &answer) < 0) { return -1; }
    if (!(answer.parm.capture.capability & V4L2_CAP_TIMEPERFRAME)) {
        errno = ENOTTY;
        return -1;
    }
    answer.parm.capture.timeperframe.numerator = *numerator;
    answer.parm.capture.timeperframe.denominator = *denominator;
    if (request(fd, VIDIOC_S_PARM, &answer) < 0 || !has_period(&answer)) { return -1; }
    *numerator = answer.parm.capture.timeperframe.numerator;
    *denominator = answer.parm.capture.timeperframe.denominator;
    return 0;
}

int fsac_v4l2_follow_signal(int fd) {
    int index = 0;
    if (request(fd, VIDIOC_G_INPUT, &index) < 0) { return 0; } /* a camera without inputs */
    struct v4l2_input input = {.index = (uint32_t)index};
    if (request(fd, VIDIOC_ENUMINPUT, &input) < 0 || !(input.capabilities & V4L2_IN_CAP_DV_TIMINGS)) { return 0; }
    struct v4l2_dv_timings timings = {0};
    if (request(fd, VIDIOC_QUERY_DV_TIMINGS, &timings) < 0) { return -1; }
    return request(fd, VIDIOC_S_DV_TIMINGS, &timings);
}

int fsac_v4l2_request_buffers(int fd, uint32_t *count) {
    struct v4l2_requestbuffers answer = {
        .count = *count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (request(fd, VIDIOC_REQBUFS, &answer) < 0) { return -1; }
    *count = answer.count;
    return 0;
}

int fsac_v4l2_map(int fd, uint32_t index, void **start, size_t *length) {
    struct v4l2_buffer buffer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (request(fd, VIDIOC_QUERYBUF, &buffer) < 0) { return -1; }
    void *address = v4l2_mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buffer.m.offset);
    if (address == MAP_FAILED) { return -1; }
    *start = address;
    *length = buffer.length;
    return 0;
}

int fsac_v4l2_unmap(void *start, size_t length) { return v4l2_munmap(start, length); }

int fsac_v4l2_queue(int fd, uint32_t index) {
    struct v4l2_buffer buffer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    return request(fd, VIDIOC_QBUF, &buffer);
}

int fsac_v4l2_dequeue(int fd, struct fsac_v4l2_buffer *buffer) {
    struct v4l2_buffer answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (request(fd, VIDIOC_DQBUF, &answer) < 0) { return -1; }
    buffer->index = answer.index;
    buffer->bytes = answer.bytesused;
    buffer->flags = answer.flags;
    buffer->sequence = answer.sequence;
    buffer->microseconds = (int64_t)answer.timestamp.tv_sec * 1000000 + answer.timestamp.tv_usec;
    return 0;
}

int fsac_v4l2_stream(int fd, int on) {
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    return request(fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

int fsac_v4l2_subscribe_source_change(int fd) {
    struct v4l2_event_subscription subscription = {.type = V4L2_EVENT_SOURCE_CHANGE};
    return request(fd, VIDIOC_SUBSCRIBE_EVENT, &subscription);
}

int fsac_v4l2_dequeue_event(int fd, int *is_source_change) {
    struct v4l2_event event = {0};
    if (request(fd, VIDIOC_DQEVENT, &event) < 0) { return -1; }
    *is_source_change = event.type == V4L2_EVENT_SOURCE_CHANGE;
    return 0;
}

int fsac_v4l2_next_control(int fd, uint32_t id, struct fsac_v4l2_control *control) {
    struct v4l2_query_ext_ctrl answer = {.id = id | V4L2_CTRL_FLAG_NEXT_CTRL};
    int tries = 0;
    do {
        if (++tries > 1024) { errno = EINVAL; return -1; } /* a driver that never says that it is over */
        if (request(fd, VIDIOC_QUERY_EXT_CTRL, &answer) < 0) { return -1; }
        control->id = answer.id;
        answer.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    } while (answer.type == V4L2_CTRL_TYPE_CTRL_CLASS || answer.nr_of_dims > 0);
    control->type = answer.type;
    control->flags = answer.flags;
    control->minimum = answer.minimum;
    control->maximum = answer.maximum;
    control->step = (int64_t)answer.step;
    control->standard = answer.default_value;
    memcpy(control->name, answer.name, sizeof control->name);
    return 0;
}

int fsac_v4l2_menu_entry(int fd, const struct fsac_v4l2_control *control, uint32_t index, char name[32],
                         int64_t *value) {
    struct v4l2_querymenu answer = {.id = control->id, .index = index};
    if (request(fd, VIDIOC_QUERYMENU, &answer) < 0) { return -1; }
    memset(name, 0, 32);
    if (control->type == V4L2_CTRL_TYPE_INTEGER_MENU) {
        *value = answer.value;
    } else {
        memcpy(name, answer.name, 32);
        *value = index;
    }
    return 0;
}

static int control_request(int fd, unsigned long kind, const struct fsac_v4l2_control *control, int64_t *value) {
    struct v4l2_ext_control item = {.id = control->id};
    if (control->type == V4L2_CTRL_TYPE_INTEGER64) {
        item.value64 = *value;
    } else {
        item.value = (int32_t)*value;
    }
    struct v4l2_ext_controls list = {.which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &item};
    if (request(fd, kind, &list) < 0) { return -1; }
    *value = control->type == V4L2_CTRL_TYPE_INTEGER64 ? item.value64 : item.value;
    return 0;
}

int fsac_v4l2_get_control(int fd, const struct fsac_v4l2_control *control, int64_t *value) {
    int64_t answer = 0;
    if (control_request(fd, VIDIOC_G_EXT_CTRLS, control, &answer) < 0) { return -1; }
    *value = answer;
    return 0;
}

int fsac_v4l2_set_control(int fd, const struct fsac_v4l2_control *control, int64_t value) {
    return control_request(fd, VIDIOC_S_EXT_CTRLS, control, &value);
}

struct v4lconvert_data *fsac_v4l2_converter(int fd) { return v4lconvert_create(fd); }

void fsac_v4l2_converter_free(struct v4lconvert_data *converter) { v4lconvert_destroy(converter); }

int fsac_v4l2_convert(struct v4lconvert_data *converter, const struct fsac_v4l2_format *format, const uint8_t *bytes,
                      size_t count, uint8_t *rgb) {
    struct v4l2_format from = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE}, to = from;
    from.fmt.pix.pixelformat = format->fourcc;
    from.fmt.pix.bytesperline = format->bytes_per_row;
    from.fmt.pix.sizeimage = format->bytes;
    to.fmt.pix.pixelformat = V4L2_PIX_FMT_RGB24;
    to.fmt.pix.bytesperline = 3 * format->width;
    to.fmt.pix.sizeimage = 3 * format->width * format->height;
    from.fmt.pix.height = to.fmt.pix.height = format->height;
    from.fmt.pix.width = to.fmt.pix.width = format->width;
    from.fmt.pix.field = to.fmt.pix.field = V4L2_FIELD_NONE;
    int size = (int)to.fmt.pix.sizeimage;
    /* The library does not write to its source; its signature only says that it may. */
    int written = v4lconvert_convert(converter, &from, &to, (unsigned char *)bytes, (int)count, rgb, size);
    if (written == size) { return 0; }
    errno = EIO;
    return -1;
}
