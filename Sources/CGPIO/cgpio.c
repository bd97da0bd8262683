#include "cgpio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/gpio.h>

_Static_assert(FSAC_GPIO_LINES == GPIO_V2_LINES_MAX, "");

static int request(int fd, unsigned long request, void *argument) {
    int result;
    do { result = ioctl(fd, request, argument); } while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : 0;
}

int fsac_gpio_open(const char *path) {
    int fd;
    do { fd = open(path, O_RDWR | O_CLOEXEC); } while (fd < 0 && errno == EINTR);
    return fd;
}

int fsac_gpio_describe_chip(int chip, struct fsac_gpio_chip *description) {
    struct gpiochip_info answer = {0};
    if (request(chip, GPIO_GET_CHIPINFO_IOCTL, &answer) < 0) { return -1; }
    memcpy(description->name, answer.name, sizeof description->name);
    memcpy(description->label, answer.label, sizeof description->label);
    description->lines = answer.lines;
    return 0;
}

int fsac_gpio_describe_line(int chip, uint32_t offset, struct fsac_gpio_line *description) {
    struct gpio_v2_line_info answer = {.offset = offset};
    if (request(chip, GPIO_V2_GET_LINEINFO_IOCTL, &answer) < 0) { return -1; }
    memcpy(description->name, answer.name, sizeof description->name);
    memcpy(description->consumer, answer.consumer, sizeof description->consumer);
    description->is_used = (answer.flags & GPIO_V2_LINE_FLAG_USED) != 0;
    description->is_output = (answer.flags & GPIO_V2_LINE_FLAG_OUTPUT) != 0;
    description->is_active_low = (answer.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0;
    return 0;
}

static void add_flags(struct gpio_v2_line_config *config, uint64_t mask, uint64_t flags) {
    if (mask == 0) { return; }
    struct gpio_v2_line_config_attribute *attribute = &config->attrs[config->num_attrs++];
    attribute->attr.id = GPIO_V2_LINE_ATTR_ID_FLAGS;
    attribute->attr.flags = flags;
    attribute->mask = mask;
}

int fsac_gpio_request(int chip, const struct fsac_gpio_wanted *wanted) {
    if (wanted->count == 0 || wanted->count > FSAC_GPIO_LINES) { errno = EINVAL; return -1; }
    struct gpio_v2_line_request line = {.num_lines = wanted->count, .consumer = "fsacd"};
    memcpy(line.offsets, wanted->offsets, wanted->count * sizeof line.offsets[0]);
    uint64_t all = wanted->count == 64 ? ~0ULL : (1ULL << wanted->count) - 1;
    uint64_t outputs = wanted->outputs & all, inputs = all & ~outputs;
    uint64_t low = outputs & wanted->active_low, falling = inputs & wanted->falling_edges;
    if (inputs != 0) { line.event_buffer_size = FSAC_GPIO_EVENTS; }
    add_flags(&line.config, outputs & ~low, GPIO_V2_LINE_FLAG_OUTPUT);
    add_flags(&line.config, low, GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW);
    add_flags(&line.config, inputs & ~falling, GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING);
    add_flags(&line.config, falling, GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_FALLING);
    if (outputs != 0) {
        struct gpio_v2_line_config_attribute *values = &line.config.attrs[line.config.num_attrs++];
        values->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
        values->attr.values = 0;
        values->mask = outputs;
    }
    if (request(chip, GPIO_V2_GET_LINE_IOCTL, &line) < 0) { return -1; }
    int flags = fcntl(line.fd, F_GETFL);
    if (flags < 0 || fcntl(line.fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        int reason = errno;
        close(line.fd);
        errno = reason;
        return -1;
    }
    return line.fd;
}

int fsac_gpio_set(int lines, uint64_t mask, uint64_t values) {
    struct gpio_v2_line_values argument = {.bits = values, .mask = mask};
    return request(lines, GPIO_V2_LINE_SET_VALUES_IOCTL, &argument);
}

int fsac_gpio_get(int lines, uint64_t mask, uint64_t *values) {
    struct gpio_v2_line_values argument = {.mask = mask};
    if (request(lines, GPIO_V2_LINE_GET_VALUES_IOCTL, &argument) < 0) { return -1; }
    *values = argument.bits;
    return 0;
}

int fsac_gpio_read(int lines, struct fsac_gpio_edge *edges, size_t count) {
    struct gpio_v2_line_event events[16];
    size_t most = count < 16 ? count : 16;
    ssize_t bytes;
    do { bytes = read(lines, events, most * sizeof events[0]); } while (bytes < 0 && errno == EINTR);
    if (bytes < 0) { return errno == EAGAIN ? 0 : -1; }
    size_t found = (size_t)bytes / sizeof events[0];
    for (size_t index = 0; index < found; index++) {
        edges[index].nanoseconds = events[index].timestamp_ns;
        edges[index].offset = events[index].offset;
        edges[index].number = events[index].line_seqno;
    }
    return (int)found;
}

int fsac_gpio_bell(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int fsac_gpio_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int fsac_gpio_set_timer(int timer, uint64_t nanoseconds) {
    struct itimerspec time = {0};
    time.it_value.tv_sec = (time_t)(nanoseconds / 1000000000u);
    time.it_value.tv_nsec = (long)(nanoseconds % 1000000000u);
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
}
