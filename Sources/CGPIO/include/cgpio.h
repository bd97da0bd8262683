#ifndef FSAC_CGPIO_H
#define FSAC_CGPIO_H

#include <stddef.h>
#include <stdint.h>

/*
 * What Swift cannot say to the kernel's GPIO character device (linux/gpio.h, version 2): request numbers made by macros with
 * sizeof, unions, and a variadic ioctl. Each function returns 0 or what it says, or -1 with errno and the outputs untouched.
 * A request that a signal interrupted is repeated.
 */

/* Opens a chip (/dev/gpiochipN). Returns the descriptor. */
int fsac_gpio_open(const char *path);

struct fsac_gpio_chip {
    char name[32], label[32];
    uint32_t lines;
};
int fsac_gpio_describe_chip(int chip, struct fsac_gpio_chip *description);

struct fsac_gpio_line {
    char name[32], consumer[32]; /* empty: none, or nobody */
    int is_used, is_output, is_active_low;
};
int fsac_gpio_describe_line(int chip, uint32_t offset, struct fsac_gpio_line *description);

enum { FSAC_GPIO_LINES = 64 }; /* most lines of a request */
enum { FSAC_GPIO_EVENTS = 1024 }; /* edges that the kernel is asked to keep until they are read; beyond, the oldest are lost */

/* Which lines are asked for, in this order; bit N of a mask stands for offsets[N]. What is no output is an input. */
struct fsac_gpio_wanted {
    uint32_t count;
    uint32_t offsets[FSAC_GPIO_LINES];
    uint64_t outputs;
    uint64_t active_low;    /* of the outputs: the kernel turns their values round */
    uint64_t falling_edges; /* of the inputs: edges that are told; the others tell rising ones */
};
/* Takes the lines, all outputs inactive from the first moment. Returns a descriptor that does not block; closing it gives the
 * lines back. EBUSY: somebody has one of them. */
int fsac_gpio_request(int chip, const struct fsac_gpio_wanted *wanted);
/* Sets all outputs of the mask at once. ENODEV: the chip is gone. */
int fsac_gpio_set(int lines, uint64_t mask, uint64_t values);
int fsac_gpio_get(int lines, uint64_t mask, uint64_t *values);

struct fsac_gpio_edge {
    uint64_t nanoseconds; /* of CLOCK_MONOTONIC, stamped in the interrupt */
    uint32_t offset;
    uint32_t number; /* of this line's edges since the request, from 1: a gap is lost edges */
};
/* Edges that wait, the oldest first. Returns how many; 0: none. */
int fsac_gpio_read(int lines, struct fsac_gpio_edge *edges, size_t count);

/* An eventfd and a timerfd (CLOCK_MONOTONIC) that do not block. */
int fsac_gpio_bell(void);
int fsac_gpio_timer(void);
/* Rings once at that time of CLOCK_MONOTONIC, in place of what was set before; 0: never. */
int fsac_gpio_set_timer(int timer, uint64_t nanoseconds);

#endif
