#include "cjpeg.h"

#include <stdio.h>
#include <string.h>

const uint8_t fsac_jpeg_standard_tables[FSAC_JPEG_TABLES] = {
    0xff, 0xc4, 0x01, 0xa2, /* marker, length */
    0x00, /* table K.3: DC, luminance; then how many codes of each length, then their values */
    0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
    0x10, /* table K.5: AC, luminance; then how many codes of each length, then their values */
    0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00, 0x01, 0x7d,
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
    0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
    0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
    0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
    0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
    0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
    0x01, /* table K.4: DC, chrominance; then how many codes of each length, then their values */
    0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
    0x11, /* table K.6: AC, chrominance; then how many codes of each length, then their values */
    0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01, 0x02, 0x77,
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71,
    0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0,
    0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26,
    0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
    0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
};

/* Markers (ITU-T T.81, table B.1). */
enum {
    SOF0 = 0xC0, SOF1 = 0xC1, SOF2 = 0xC2, DHT = 0xC4, SOF9 = 0xC9, DAC = 0xCC, SOF15 = 0xCF, RST0 = 0xD0, RST7 = 0xD7,
    SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, DQT = 0xDB, DRI = 0xDD, APP0 = 0xE0, APP15 = 0xEF, COM = 0xFE,
};

/* What has been read so far, and where. */
struct reader {
    const uint8_t *at, *end;
    char *message;
    int height, width, components, max_h, max_v;
    unsigned restart_interval;
    unsigned tables;       /* bit 0 and 1: DC tables 0 and 1; bit 4 and 5: AC tables */
    unsigned needed;       /* the same of those that the scan names */
};

#define REFUSE(r, status, ...) (snprintf((r)->message, FSAC_JPEG_MESSAGE, __VA_ARGS__), FSAC_JPEG_##status)

static unsigned u16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }

/* The next marker's code; 0 if there is none. */
static int next_marker(struct reader *r) {
    if (r->end - r->at < 2 || r->at[0] != 0xFF) { return 0; }
    while (r->at < r->end && *r->at == 0xFF) { r->at++; } /* any marker may be preceded by fill bytes */
    return r->at < r->end ? *r->at++ : 0;
}

static int check_sampling(struct reader *r, const uint8_t *component) {
    unsigned h[3], v[3], blocks = 0;
    for (int i = 0; i < r->components; i++) {
        h[i] = component[3 * i + 1] >> 4;
        v[i] = component[3 * i + 1] & 15;
        blocks += h[i] * v[i];
        const int power = h[i] && v[i] && h[i] <= 4 && v[i] <= 4 && !(h[i] & (h[i] - 1)) && !(v[i] & (v[i] - 1));
        if (!power || h[i] > h[0] || v[i] > v[0] || h[i] != h[i > 1 ? 1 : i] || v[i] != v[i > 1 ? 1 : i]) {
            return REFUSE(r, DAMAGED, "component %d has a sampling of %u x %u", i, h[i], v[i]);
        }
    }
    if (r->components > 1 && blocks > 10) { return REFUSE(r, DAMAGED, "%u blocks in a unit", blocks); }
    r->max_h = r->components > 1 ? (int)h[0] : 1; /* a single component is not interleaved: units of one block */
    r->max_v = r->components > 1 ? (int)v[0] : 1;
    return FSAC_JPEG_OK;
}

static int read_sof(struct reader *r, const uint8_t *segment, unsigned size) {
    if (r->components) { return REFUSE(r, DAMAGED, "two frame headers"); }
    if (size < 6 || size != 6 + 3u * segment[5]) { return REFUSE(r, DAMAGED, "frame header of %u bytes", size); }
    if (segment[0] != 8) { return REFUSE(r, UNSUPPORTED, "%d bits a sample", segment[0]); }
    r->height = (int)u16(segment + 1);
    r->width = (int)u16(segment + 3);
    if (!r->height || !r->width) { return REFUSE(r, DAMAGED, "a size of %d x %d", r->height, r->width); }
    if (segment[5] != 1 && segment[5] != 3) { return REFUSE(r, UNSUPPORTED, "%d components", segment[5]); }
    r->components = segment[5];
    return check_sampling(r, segment + 6);
}

static int read_dht(struct reader *r, const uint8_t *segment, unsigned size) {
    while (size) {
        unsigned codes = 0;
        for (int length = 1; size >= 17 && length <= 16; length++) { codes += segment[length]; }
        if (size < 17 || segment[0] & 0xEC || codes > 256 || size < 17 + codes) {
            return REFUSE(r, DAMAGED, "bogus definition of Huffman tables");
        }
        r->tables |= 1u << segment[0] % 4 << (segment[0] >> 4) * 4;
        segment += 17 + codes;
        size -= 17 + codes;
    }
    return FSAC_JPEG_OK;
}

static int read_sos(struct reader *r, const uint8_t *segment, unsigned size) {
    if (!r->components) { return REFUSE(r, DAMAGED, "no frame header before the picture"); }
    if (size < 1 || size != 4 + 2u * segment[0]) { return REFUSE(r, DAMAGED, "scan header of %u bytes", size); }
    if (segment[0] != r->components) { return REFUSE(r, UNSUPPORTED, "several scans"); }
    for (int i = 0; i < r->components; i++) {
        r->needed |= 1u << (segment[2 + 2 * i] >> 4) % 4 | 16u << segment[2 + 2 * i] % 4;
    }
    const uint8_t *end = segment + 1 + 2 * r->components; /* spectral selection, successive approximation */
    if (end[0] != 0 || end[1] != 63 || end[2] != 0) { return REFUSE(r, DAMAGED, "the scan lacks some of the picture"); }
    return FSAC_JPEG_OK;
}

static int read_segment(struct reader *r, int marker) {
    if (marker == SOI || marker == EOI || (RST0 <= marker && marker <= RST7) || marker <= 1) {
        return REFUSE(r, DAMAGED, marker ? "marker 0x%02x before the picture" : "no marker where one must be", marker);
    }
    if (r->end - r->at < 2) { return REFUSE(r, DAMAGED, "ends in its headers"); }
    const unsigned length = u16(r->at);
    if (length < 2 || length > (size_t)(r->end - r->at)) { return REFUSE(r, DAMAGED, "ends in its headers"); }
    const uint8_t *segment = r->at + 2;
    const unsigned size = length - 2;
    r->at += length;
    switch (marker) {
    case SOF0: return read_sof(r, segment, size);
    case DHT: return read_dht(r, segment, size);
    case SOS: return read_sos(r, segment, size);
    case DRI:
        if (size != 2) { return REFUSE(r, DAMAGED, "restart interval of %u bytes", size); }
        r->restart_interval = u16(segment);
        return FSAC_JPEG_OK;
    case DQT: case COM: return FSAC_JPEG_OK; /* the library checks quantisation tables */
    case SOF2: return REFUSE(r, UNSUPPORTED, "progressive coding");
    case DAC: return REFUSE(r, UNSUPPORTED, "arithmetic coding");
    default:
        if (APP0 <= marker && marker <= APP15) { return FSAC_JPEG_OK; }
        if (SOF9 <= marker && marker <= SOF15) { return REFUSE(r, UNSUPPORTED, "arithmetic coding"); }
        if (SOF1 <= marker && marker < SOF9) { return REFUSE(r, UNSUPPORTED, "coding of kind %d", marker - SOF0); }
        return REFUSE(r, DAMAGED, "marker 0x%02x", marker);
    }
}

/* From the first byte of coded data to the end-of-image marker: nothing but restart markers, all of them, in order. */
static int read_scan(struct reader *r) {
    const unsigned long across = ((unsigned)r->width + 8u * r->max_h - 1) / (8u * r->max_h);
    const unsigned long down = ((unsigned)r->height + 8u * r->max_v - 1) / (8u * r->max_v);
    const unsigned long expected = r->restart_interval ? (across * down - 1) / r->restart_interval : 0;
    unsigned long restarts = 0;
    for (;;) {
        const uint8_t *found = r->at < r->end ? memchr(r->at, 0xFF, (size_t)(r->end - r->at)) : NULL;
        if (!found) { return REFUSE(r, DAMAGED, "no end marker"); }
        r->at = found;
        if (r->end - found >= 2 && found[1] == 0) { /* a coded byte 0xFF */
            r->at += 2;
            continue;
        }
        const int marker = next_marker(r);
        if (marker == EOI) { break; }
        if (marker != RST0 + (int)(restarts % 8)) {
            return REFUSE(r, DAMAGED, marker ? "marker 0x%02x inside of the picture" : "no end marker", marker);
        }
        restarts++;
    }
    if (restarts != expected) { return REFUSE(r, DAMAGED, "%lu of %lu restart markers", restarts, expected); }
    return FSAC_JPEG_OK;
}

int fsac_jpeg_read_frame(const uint8_t *jpeg, size_t size, struct fsac_jpeg_frame *frame, char *message) {
    struct reader r = {.at = jpeg, .end = jpeg + size, .message = message};
    if (size < 4 || u16(jpeg) != (0xFF00 | SOI)) { return REFUSE(&r, DAMAGED, "does not start as a JPEG"); }
    r.at += 2;
    for (int marker = 0; marker != SOS;) {
        marker = next_marker(&r);
        int status = read_segment(&r, marker);
        if (status != FSAC_JPEG_OK) { return status; }
    }
    int status = read_scan(&r);
    if (status != FSAC_JPEG_OK) { return status; }
    frame->height = r.height;
    frame->width = r.width;
    frame->size = (size_t)(r.at - jpeg);
    frame->has_all_tables = (r.needed & ~r.tables) == 0;
    return FSAC_JPEG_OK;
}
