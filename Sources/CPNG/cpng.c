#include "cpng.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/*
 * All state lives in a struct of the caller of the function that calls setjmp, so that no local variable changes
 * between setjmp and longjmp.
 */
struct failure {
    jmp_buf jump;
    char *message;
};

struct decoder {
    struct failure failure;
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t size, position;
};

struct encoder {
    struct failure failure;
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t size, capacity;
};

/* Serves for errors and for warnings. */
static void fail(png_structp png, png_const_charp message) {
    struct failure *failure = png_get_error_ptr(png);
    snprintf(failure->message, FSAC_PNG_MESSAGE, "%s", message);
    longjmp(failure->jump, 1);
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct decoder *d = png_get_io_ptr(png);
    if (count > d->size - d->position) { png_error(png, "premature end of the file"); }
    memcpy(out, d->bytes + d->position, count);
    d->position += count;
}

/* Reads everything before the image data. The caller has called setjmp. */
static int read_info(struct decoder *d, uint32_t max_height, uint32_t max_width) {
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d->failure, fail, fail);
    if (d->png) { d->info = png_create_info_struct(d->png); }
    if (!d->info) {
        snprintf(d->failure.message, FSAC_PNG_MESSAGE, "out of memory");
        return -1;
    }
    png_set_user_limits(d->png, max_width, max_height);
    png_set_chunk_malloc_max(d->png, 1 << 20);
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* -1: every chunk that decoding can spare */
    png_set_read_fn(d->png, d, read_bytes);
    png_read_info(d->png, d->info);
    return 0;
}

static int decoded_channels(struct decoder *d) {
    int alpha = (png_get_color_type(d->png, d->info) & PNG_COLOR_MASK_ALPHA) != 0;
    return alpha || png_get_valid(d->png, d->info, PNG_INFO_tRNS) ? 4 : 3;
}

static int header(struct decoder *d) {
    if (setjmp(d->failure.jump)) { return -1; }
    return read_info(d, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* the caller compares with its limits and says so */
}

int fsac_png_header(const uint8_t *png, size_t size, uint32_t *height, uint32_t *width, int *channels, char *message) {
    struct decoder d = {.failure.message = message, .bytes = png, .size = size};
    int status = header(&d);
    if (status == 0) {
        *height = png_get_image_height(d.png, d.info);
        *width = png_get_image_width(d.png, d.info);
        *channels = decoded_channels(&d);
    }
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return status;
}

struct fsac_png_reader {
    struct decoder decoder;
    uint32_t height;
    size_t stride;
    int passes;
};

static int start(struct fsac_png_reader *r, uint32_t width, int channels) {
    struct decoder *d = &r->decoder;
    if (setjmp(d->failure.jump)) { return -1; }
    if (read_info(d, r->height, width) != 0) { return -1; }
    png_set_expand(d->png);   /* palette to RGB, 1/2/4 bit grey to 8 bit, tRNS to alpha */
    png_set_scale_16(d->png); /* rounds; png_set_strip_16 would cut */
    png_set_gray_to_rgb(d->png);
    r->passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    r->stride = (size_t)width * (size_t)channels;
    if (png_get_image_height(d->png, d->info) != r->height || png_get_rowbytes(d->png, d->info) != r->stride) {
        png_error(d->png, "the size changed between header and decoding");
    }
    return 0;
}

fsac_png_reader *fsac_png_open(const uint8_t *png, size_t size, uint32_t height, uint32_t width, int channels,
                               char *message) {
    fsac_png_reader *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(message, FSAC_PNG_MESSAGE, "out of memory");
        return NULL;
    }
    r->decoder = (struct decoder){.failure.message = message, .bytes = png, .size = size};
    r->height = height;
    if (start(r, width, channels) == 0) { return r; }
    fsac_png_close(r);
    return NULL;
}

uint32_t fsac_png_rows_at_once(const fsac_png_reader *reader) { return reader->passes > 1 ? reader->height : 1; }

int fsac_png_read_rows(fsac_png_reader *r, uint32_t count, uint8_t *pixels) {
    if (setjmp(r->decoder.failure.jump)) { return -1; }
    for (int pass = 0; pass < r->passes; pass++) {
        for (uint32_t row = 0; row < count; row++) {
            png_read_row(r->decoder.png, pixels + row * r->stride, NULL);
        }
    }
    return 0;
}

int fsac_png_finish(fsac_png_reader *r, size_t *consumed) {
    if (setjmp(r->decoder.failure.jump)) { return -1; }
    png_read_end(r->decoder.png, NULL);
    *consumed = r->decoder.position;
    return 0;
}

void fsac_png_close(fsac_png_reader *r) {
    png_destroy_read_struct(&r->decoder.png, &r->decoder.info, NULL);
    free(r);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    struct encoder *e = png_get_io_ptr(png);
    if (count > e->capacity - e->size) {
        size_t capacity = 2 * e->capacity + count;
        uint8_t *grown = realloc(e->bytes, capacity);
        if (!grown) { png_error(png, "out of memory"); }
        e->bytes = grown;
        e->capacity = capacity;
    }
    memcpy(e->bytes + e->size, bytes, count);
    e->size += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static int encode(struct encoder *e, const uint8_t *rgb, uint32_t height, uint32_t width, int level) {
    if (setjmp(e->failure.jump)) { return -1; }
    e->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &e->failure, fail, fail);
    if (e->png) { e->info = png_create_info_struct(e->png); }
    if (!e->info) {
        snprintf(e->failure.message, FSAC_PNG_MESSAGE, "out of memory");
        return -1;
    }
    png_set_write_fn(e->png, e, write_bytes, flush_nothing);
    png_set_IHDR(e->png, e->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(e->png, level);
    png_set_filter(e->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP); /* trying all five costs too much */
    png_write_info(e->png, e->info);
    for (uint32_t row = 0; row < height; row++) { png_write_row(e->png, rgb + (size_t)row * width * 3); }
    png_write_end(e->png, NULL);
    return 0;
}

int fsac_png_encode_rgb(const uint8_t *rgb, uint32_t height, uint32_t width, int level, uint8_t **png, size_t *size,
                        char *message) {
    struct encoder e = {.failure.message = message};
    int status = encode(&e, rgb, height, width, level);
    png_destroy_write_struct(&e.png, &e.info);
    if (status != 0) {
        free(e.bytes);
        return status;
    }
    *png = e.bytes;
    *size = e.size;
    return 0;
}
