#include "ctiff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

/* One allocation of the library: a strip, a tile, a table. */
#define MOST_MEMORY (256 << 20)

struct file {
    const uint8_t *bytes;
    size_t size, position;
    int has_failed;
    char *message;
};

static void say(struct file *f, const char *format, va_list arguments) {
    if (!f->has_failed) { vsnprintf(f->message, FSAC_TIFF_MESSAGE, format, arguments); }
    f->has_failed = 1;
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    say(user, format, arguments);
    return 1;
}

/* Cameras' makers have tags of their own, and texts without an end. Whatever else is warned of may change what is seen: a
   palette that cannot be read makes grey of colours. */
static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    int is_harmless = strncmp(format, "Unknown field", 13) == 0 || strncmp(format, "ASCII value", 11) == 0 ||
                      strstr(format, "not sorted") != NULL;
    if (!is_harmless) { say(user, format, arguments); }
    return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *out, tmsize_t count) {
    struct file *f = handle;
    size_t left = f->position < f->size ? f->size - f->position : 0;
    size_t taken = (size_t)count < left ? (size_t)count : left;
    memcpy(out, f->bytes + (taken ? f->position : 0), taken);
    f->position += taken;
    return (tmsize_t)taken;
}

static tmsize_t write_nothing(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle, (void)bytes, (void)count;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    struct file *f = handle;
    toff_t base = whence == SEEK_CUR ? f->position : whence == SEEK_END ? f->size : 0;
    f->position = (size_t)(base + offset);
    return f->position;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t file_size(thandle_t handle) { return ((struct file *)handle)->size; }

static TIFF *open_file(struct file *f) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) { return NULL; }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, MOST_MEMORY);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, f);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, f);
    /* m: the bytes are in memory, but not for the library to map. */
    TIFF *tiff = TIFFClientOpenExt("picture", "rm", f, read_bytes, write_nothing, seek, close_nothing, file_size, NULL,
                                   NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

static int refuse(struct file *f, const char *what, unsigned number) {
    snprintf(f->message, FSAC_TIFF_MESSAGE, "%s %u", what, number);
    return FSAC_TIFF_UNSUPPORTED;
}

/* Opens a file of a kind that is read. */
static int open_supported(struct file *f, TIFF **tiff, uint32_t *height, uint32_t *width) {
    f->message[0] = 0;
    *tiff = open_file(f);
    if (!*tiff) {
        if (!f->message[0]) { snprintf(f->message, FSAC_TIFF_MESSAGE, "no directory"); }
        return FSAC_TIFF_DAMAGED;
    }
    uint16_t compression = 0, bits = 0, samples = 0, format = 0, photometric = 0;
    TIFFGetFieldDefaulted(*tiff, TIFFTAG_COMPRESSION, &compression);
    TIFFGetFieldDefaulted(*tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(*tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(*tiff, TIFFTAG_SAMPLEFORMAT, &format);
    if (!TIFFGetField(*tiff, TIFFTAG_IMAGELENGTH, height) || !TIFFGetField(*tiff, TIFFTAG_IMAGEWIDTH, width) ||
        !TIFFGetField(*tiff, TIFFTAG_PHOTOMETRIC, &photometric)) {
        snprintf(f->message, FSAC_TIFF_MESSAGE, "no size, or no kind of colour");
        return FSAC_TIFF_DAMAGED;
    }
    switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS: break;
    default: return refuse(f, "compression", compression);
    }
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16) { return refuse(f, "bits a sample:", bits); }
    if (format != SAMPLEFORMAT_UINT) { return refuse(f, "samples that are no whole numbers: format", format); }
    if (photometric != PHOTOMETRIC_MINISBLACK && photometric != PHOTOMETRIC_MINISWHITE &&
        photometric != PHOTOMETRIC_RGB && photometric != PHOTOMETRIC_PALETTE) {
        return refuse(f, "colours of kind", photometric);
    }
    return f->has_failed ? FSAC_TIFF_DAMAGED : FSAC_TIFF_OK;
}

int fsac_tiff_header(const uint8_t *bytes, size_t size, uint32_t *height, uint32_t *width, char *message) {
    struct file f = {.bytes = bytes, .size = size, .message = message};
    TIFF *tiff = NULL;
    uint32_t rows = 0, columns = 0;
    int status = open_supported(&f, &tiff, &rows, &columns);
    if (tiff) { TIFFClose(tiff); }
    if (status == FSAC_TIFF_OK) { *height = rows, *width = columns; }
    return status;
}

/* The library cuts 16-bit grey to 8 bits; this rounds. 0 = not of that kind. */
static int read_grey16(struct file *f, TIFF *tiff, uint32_t height, uint32_t width, uint8_t *rgb) {
    uint16_t bits = 0, samples = 0, photometric = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    if (bits != 16 || samples != 1 || photometric == PHOTOMETRIC_PALETTE || TIFFIsTiled(tiff)) { return 0; }
    tmsize_t length = TIFFScanlineSize(tiff);
    uint16_t *line = length == (tmsize_t)width * 2 ? malloc((size_t)length) : NULL;
    if (!line) { f->has_failed = 1; }
    for (uint32_t row = 0; line && row < height && !f->has_failed; row++) {
        if (TIFFReadScanline(tiff, line, row, 0) < 0) {
            f->has_failed = 1;
            break;
        }
        for (uint32_t column = 0; column < width; column++) {
            uint32_t value = ((uint32_t)line[column] * 255 + 32767) / 65535;
            if (photometric == PHOTOMETRIC_MINISWHITE) { value = 255 - value; }
            memset(rgb + ((size_t)row * width + column) * 3, (int)value, 3);
        }
    }
    free(line);
    return 1;
}

static void read_colour(struct file *f, TIFF *tiff, uint32_t height, uint32_t width, uint8_t *rgb) {
    TIFFRGBAImage image;
    char words[1024] = "";
    if (!TIFFRGBAImageBegin(&image, tiff, 1, words)) {
        if (!f->has_failed) { snprintf(f->message, FSAC_TIFF_MESSAGE, "%.190s", words); }
        f->has_failed = 1;
        return;
    }
    /* As it is stored: whoever asked turns it. */
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    size_t count = (size_t)height * width;
    uint32_t *pixels = image.width == width && image.height == height ? malloc(count * sizeof *pixels) : NULL;
    if (!pixels || !TIFFRGBAImageGet(&image, pixels, width, height)) { f->has_failed = 1; }
    for (size_t index = 0; !f->has_failed && index < count; index++) {
        rgb[index * 3] = (uint8_t)TIFFGetR(pixels[index]);
        rgb[index * 3 + 1] = (uint8_t)TIFFGetG(pixels[index]);
        rgb[index * 3 + 2] = (uint8_t)TIFFGetB(pixels[index]);
    }
    free(pixels);
    TIFFRGBAImageEnd(&image);
}

int fsac_tiff_decode_rgb(const uint8_t *bytes, size_t size, uint32_t height, uint32_t width, uint8_t *rgb,
                         char *message) {
    struct file f = {.bytes = bytes, .size = size, .message = message};
    TIFF *tiff = NULL;
    uint32_t rows = 0, columns = 0;
    int status = open_supported(&f, &tiff, &rows, &columns);
    if (status == FSAC_TIFF_OK && (rows != height || columns != width)) { status = FSAC_TIFF_DAMAGED; }
    if (status == FSAC_TIFF_OK) {
        if (!read_grey16(&f, tiff, height, width, rgb)) { read_colour(&f, tiff, height, width, rgb); }
        if (f.has_failed) { status = FSAC_TIFF_DAMAGED; }
    }
    if (tiff) { TIFFClose(tiff); }
    if (status == FSAC_TIFF_DAMAGED && !message[0]) { snprintf(message, FSAC_TIFF_MESSAGE, "cannot be decoded"); }
    return status;
}
