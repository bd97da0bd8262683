/* Frames of Motion JPEG that the test draws, and tools to find what they are made of. */
#ifndef FRAMES_H
#define FRAMES_H
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *at;
    size_t count;
};

struct frame {
    const char *name;
    struct bytes jpeg;
    int height, width;
    int has_restarts;      /* at least two restart markers */
    int standard_tables;   /* its Huffman tables are the standard's */
};

/* What a frame is drawn as. */
struct drawing {
    const char *name;
    int height, width;
    int components;             /* 1, 3 or 4 */
    int luma_h, luma_v;         /* sampling of the first component, that of the others is 1 x 1 */
    int quality, restart_blocks;
    int optimised, progressive, arithmetic, separate_scans;
};

uint32_t next_random(void);               /* xorshift, the same numbers in every run */
size_t random_below(size_t limit);

struct frame draw(const struct drawing *drawing);

/* Where the first segment with this marker begins (at its 0xFF); count of bytes if there is none before the scan. */
size_t find_segment(struct bytes jpeg, int marker);
/* Bytes of the segment at `place`, with its marker. */
size_t segment_size(struct bytes jpeg, size_t place);
/* The first byte of coded data. */
size_t scan_start(struct bytes jpeg);

struct bytes copy(struct bytes bytes);
void insert(struct bytes *bytes, size_t place, const uint8_t *what, size_t count);
void erase(struct bytes *bytes, size_t place, size_t count);
#endif
