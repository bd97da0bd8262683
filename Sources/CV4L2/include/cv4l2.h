#ifndef FSAC_CV4L2_H
#define FSAC_CV4L2_H

#include <stddef.h>
#include <stdint.h>

/*
 * What Swift cannot say to libv4l2: variadic ioctl, request numbers made by macros with sizeof, unions and packed
 * structures. One function a request; each returns 0, or -1 with errno and the outputs untouched. A request that a
 * signal interrupted is repeated. Only single-planar capture.
 */

enum fsac_v4l2_flag { /* of a buffer, as the kernel has them */
    FSAC_V4L2_ERROR = 0x40,
    FSAC_V4L2_CLOCK_MASK = 0xe000,
    FSAC_V4L2_CLOCK_MONOTONIC = 0x2000,
    FSAC_V4L2_SOURCE_MASK = 0x70000,
    FSAC_V4L2_SOURCE_START_OF_EXPOSURE = 0x10000,
};

enum fsac_v4l2_capability {
    FSAC_V4L2_CAPTURE = 0x1,
    FSAC_V4L2_CAPTURE_MULTIPLANAR = 0x1000,
    FSAC_V4L2_METADATA_CAPTURE = 0x00800000,
    FSAC_V4L2_STREAMING = 0x04000000,
};

/* Opens a device without blocking and without conversion: frames come in the camera's own format.
 * Returns the descriptor, or -1 with errno. Closed by fsac_v4l2_close. */
int fsac_v4l2_open(const char *path);
int fsac_v4l2_close(int fd);

struct fsac_v4l2_identity {
    char driver[16], card[32], bus[32];
    uint32_t capabilities; /* of this node, not of the whole device */
};
int fsac_v4l2_identify(int fd, struct fsac_v4l2_identity *identity);

struct fsac_v4l2_format {
    uint32_t fourcc, height, width, bytes_per_row, bytes;
    uint32_t field; /* 1 = whole frames */
};
int fsac_v4l2_get_format(int fd, struct fsac_v4l2_format *format);
/* Asks for fourcc and size, whole frames; returns what the driver gives instead. */
int fsac_v4l2_set_format(int fd, struct fsac_v4l2_format *format);

/* Enumerations end with EINVAL. */
struct fsac_v4l2_offer {
    uint32_t fourcc;
    char description[32];
};
int fsac_v4l2_enumerate_format(int fd, uint32_t index, struct fsac_v4l2_offer *offer);

/* One size (all three pairs alike, step 0), or a range. */
struct fsac_v4l2_sizes {
    uint32_t min_height, min_width, max_height, max_width, step_height, step_width;
};
int fsac_v4l2_enumerate_sizes(int fd, uint32_t index, uint32_t fourcc, struct fsac_v4l2_sizes *sizes);

/* Seconds a frame, as fractions: one (shortest and longest alike), or a range. */
struct fsac_v4l2_periods {
    uint32_t min_numerator, min_denominator, max_numerator, max_denominator;
};
int fsac_v4l2_enumerate_periods(int fd, uint32_t index, uint32_t fourcc, uint32_t height, uint32_t width,
                                struct fsac_v4l2_periods *periods);
int fsac_v4l2_get_period(int fd, uint32_t *numerator, uint32_t *denominator);
/* ENOTTY where the driver has no settable rate. */
int fsac_v4l2_set_period(int fd, uint32_t *numerator, uint32_t *denominator);

/* An input that follows a signal (HDMI): takes the timings that are there. ENOLINK, ENOLCK: no signal. Other inputs: 0. */
int fsac_v4l2_follow_signal(int fd);

/* Buffers that the driver owns, mapped into memory. */
int fsac_v4l2_request_buffers(int fd, uint32_t *count);
int fsac_v4l2_map(int fd, uint32_t index, void **start, size_t *length);
int fsac_v4l2_unmap(void *start, size_t length);
int fsac_v4l2_queue(int fd, uint32_t index);
struct fsac_v4l2_buffer {
    uint32_t index, bytes, flags, sequence;
    int64_t microseconds; /* by the clock that the flags name */
};
int fsac_v4l2_dequeue(int fd, struct fsac_v4l2_buffer *buffer);
int fsac_v4l2_stream(int fd, int on);

int fsac_v4l2_subscribe_source_change(int fd);
/* ENOENT: no event is waiting. */
int fsac_v4l2_dequeue_event(int fd, int *is_source_change);

enum fsac_v4l2_control_type { /* as the kernel has them */
    FSAC_V4L2_INTEGER = 1,
    FSAC_V4L2_BOOLEAN = 2,
    FSAC_V4L2_MENU = 3,
    FSAC_V4L2_BUTTON = 4,
    FSAC_V4L2_INTEGER64 = 5,
    FSAC_V4L2_STRING = 7,
    FSAC_V4L2_BITMASK = 8,
    FSAC_V4L2_INTEGER_MENU = 9,
};
enum fsac_v4l2_control_flag {
    FSAC_V4L2_DISABLED = 0x1,
    FSAC_V4L2_READ_ONLY = 0x4,
    FSAC_V4L2_INACTIVE = 0x10,
    FSAC_V4L2_WRITE_ONLY = 0x40,
};
struct fsac_v4l2_control {
    uint32_t id, type, flags;
    int64_t minimum, maximum, step, standard;
    char name[32];
};
/* The control whose id follows this one; EINVAL after the last. Arrays and other compound controls are left out. */
int fsac_v4l2_next_control(int fd, uint32_t id, struct fsac_v4l2_control *control);
/* An entry of a menu; EINVAL: there is none of this index. Of an integer menu the name is empty. */
int fsac_v4l2_menu_entry(int fd, const struct fsac_v4l2_control *control, uint32_t index, char name[32],
                         int64_t *value);
int fsac_v4l2_get_control(int fd, const struct fsac_v4l2_control *control, int64_t *value);
int fsac_v4l2_set_control(int fd, const struct fsac_v4l2_control *control, int64_t value);

/* libv4lconvert, from a camera's raw sensor formats to RGB. NULL with errno. */
struct v4lconvert_data;
struct v4lconvert_data *fsac_v4l2_converter(int fd);
void fsac_v4l2_converter_free(struct v4lconvert_data *converter);
/* rgb: height * width * 3 bytes. */
int fsac_v4l2_convert(struct v4lconvert_data *converter, const struct fsac_v4l2_format *format, const uint8_t *bytes,
                      size_t count, uint8_t *rgb);

#endif
