/*
 * libFuzzer's entry to the picture shims, under AddressSanitizer and UndefinedBehaviorSanitizer: what the Swift code asks of
 * them for a file (JPEG or PNG) and for a frame of Motion JPEG. Tests/Fuzz/run.sh builds and runs it.
 */
#include <cjpeg.h>
#include <cpng.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIXELS = 1 << 18, BAND = 16 };
static const long most_memory = 64 << 20;

static struct fsac_jpeg_window whole(int height, int width, int factor)
{
    return (struct fsac_jpeg_window){
        .factor = factor, .rows = (height + factor - 1) / factor, .columns = (width + factor - 1) / factor};
}

static void jpeg(const uint8_t *data, size_t size)
{
    char message[FSAC_JPEG_MESSAGE];
    int height, width;
    if (fsac_jpeg_header(data, size, &height, &width, message) != FSAC_JPEG_OK) return;
    if ((long)height * width > MOST_PIXELS) return;
    for (int factor = 1; factor <= 8; factor *= 2) {
        struct fsac_jpeg_window window = whole(height, width, factor);
        uint8_t *rgb = malloc((size_t)window.rows * window.columns * 3);
        size_t consumed;
        fsac_jpeg_decode_rgb(data, size, height, width, window, 100, most_memory, rgb, &consumed, message);
        free(rgb);
    }
}

static void frame(const uint8_t *data, size_t size)
{
    char message[FSAC_JPEG_MESSAGE];
    struct fsac_jpeg_frame frame;
    if (fsac_jpeg_read_frame(data, size, &frame, message) != FSAC_JPEG_OK) return;
    if ((long)frame.height * frame.width > MOST_PIXELS) return;
    struct fsac_jpeg_window window = whole(frame.height, frame.width, 2);
    uint8_t *rgb = malloc((size_t)window.rows * window.columns * 3);
    fsac_jpeg_decode_frame(data, frame.size, frame.height, frame.width, window, most_memory, rgb, message);
    free(rgb);
}

static void png(const uint8_t *data, size_t size)
{
    char message[FSAC_PNG_MESSAGE];
    uint32_t height, width;
    int channels;
    if (fsac_png_header(data, size, &height, &width, &channels, message) != 0) return;
    if ((uint64_t)height * width > MOST_PIXELS) return;
    fsac_png_reader *reader = fsac_png_open(data, size, height, width, channels, message);
    if (!reader) return;
    uint32_t band = fsac_png_rows_at_once(reader) > BAND ? fsac_png_rows_at_once(reader) : BAND;
    /* Of the band's size exactly, so that a row too many is seen. */
    uint8_t *pixels = malloc((size_t)band * width * channels);
    uint32_t row = 0;
    while (row < height) {
        uint32_t count = height - row < band ? height - row : band;
        if (fsac_png_read_rows(reader, count, pixels) != 0) break;
        row += count;
    }
    size_t consumed;
    if (row == height) fsac_png_finish(reader, &consumed);
    free(pixels);
    fsac_png_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    jpeg(data, size);
    frame(data, size);
    png(data, size);
    return 0;
}
