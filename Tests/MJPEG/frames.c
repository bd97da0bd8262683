#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

uint32_t next_random(void) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

size_t random_below(size_t limit) { return next_random() % limit; }

/* A gradient with noise, a bright square and dark stripes. */
static void draw_row(const struct drawing *d, int row, uint8_t *pixels) {
    for (int column = 0; column < d->width; column++) {
        for (int c = 0; c < d->components; c++) {
            int value = 40 + 150 * (c == 1 ? column : row) / (c == 1 ? d->width : d->height) + (int)(next_random() % 24);
            if (row * 3 > d->height && row * 2 < d->height && column * 3 > d->width) { value = c == 0 ? 250 : 20; }
            if ((row + 2 * column) % 23 < 4) { value /= 3; }
            pixels[column * d->components + c] = (uint8_t)value;
        }
    }
}

/* One scan a component. */
static void separate(struct jpeg_compress_struct *jpeg, jpeg_scan_info scans[]) {
    for (int c = 0; c < jpeg->num_components; c++) {
        scans[c] = (jpeg_scan_info){.comps_in_scan = 1, .component_index = {c}, .Ss = 0, .Se = 63};
    }
    jpeg->scan_info = scans;
    jpeg->num_scans = jpeg->num_components;
}

struct frame draw(const struct drawing *d) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg_scan_info scans[4];
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &count);
    jpeg.image_height = (JDIMENSION)d->height;
    jpeg.image_width = (JDIMENSION)d->width;
    jpeg.input_components = d->components;
    jpeg.in_color_space = d->components == 1 ? JCS_GRAYSCALE : d->components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, d->quality, TRUE);
    jpeg.comp_info[0].h_samp_factor = d->luma_h;
    jpeg.comp_info[0].v_samp_factor = d->luma_v;
    jpeg.restart_interval = (unsigned)d->restart_blocks;
    jpeg.optimize_coding = d->optimised;
    jpeg.arith_code = d->arithmetic;
    if (d->progressive) { jpeg_simple_progression(&jpeg); }
    if (d->separate_scans) { separate(&jpeg, scans); }
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t *row = malloc((size_t)d->width * (size_t)d->components);
    while (jpeg.next_scanline < jpeg.image_height) {
        draw_row(d, (int)jpeg.next_scanline, row);
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    struct frame frame = {
        .name = d->name, .jpeg = {bytes, count}, .height = d->height, .width = d->width,
        .standard_tables = !d->optimised && !d->progressive && !d->arithmetic,
    };
    int restarts = 0;
    for (size_t i = scan_start(frame.jpeg); i + 1 < count; i++) {
        restarts += bytes[i] == 0xFF && bytes[i + 1] >= 0xD0 && bytes[i + 1] <= 0xD7;
    }
    frame.has_restarts = restarts >= 2;
    return frame;
}

size_t segment_size(struct bytes jpeg, size_t place) {
    return 2 + ((size_t)jpeg.at[place + 2] << 8 | jpeg.at[place + 3]);
}

size_t find_segment(struct bytes jpeg, int marker) {
    for (size_t place = 2; place + 4 <= jpeg.count; place += segment_size(jpeg, place)) {
        if (jpeg.at[place + 1] == marker) { return place; }
        if (jpeg.at[place + 1] == 0xDA) { break; }
    }
    return jpeg.count;
}

size_t scan_start(struct bytes jpeg) {
    const size_t place = find_segment(jpeg, 0xDA);
    return place + segment_size(jpeg, place);
}

struct bytes copy(struct bytes bytes) {
    struct bytes result = {malloc(bytes.count + 1), bytes.count};
    memcpy(result.at, bytes.at, bytes.count);
    return result;
}

void insert(struct bytes *bytes, size_t place, const uint8_t *what, size_t count) {
    uint8_t *longer = malloc(bytes->count + count + 1);
    memcpy(longer, bytes->at, place);
    memcpy(longer + place, what, count);
    memcpy(longer + place + count, bytes->at + place, bytes->count - place);
    free(bytes->at);
    *bytes = (struct bytes){longer, bytes->count + count};
}

void erase(struct bytes *bytes, size_t place, size_t count) {
    memmove(bytes->at + place, bytes->at + place + count, bytes->count - place - count);
    bytes->count -= count;
}
