/*
 * Makes 10,000 mutants of frames of Motion JPEG and runs each through the shim as the program does. run.sh builds it with
 * sanitizers. Input and output end at pages that nobody may touch, because the library is not built with sanitizers.
 *
 *   must refuse   what every mutant of a kind must meet: it is damaged, or no frame of a camera
 *   must accept   accepted, with the pixels of the frame it was made from
 *   may accept    coded data has no checksum: a changed bit may be another picture. What is accepted must be a picture of
 *                 which libjpeg, asked by its plain interface, says nothing, with the same pixels. (A second reading of the
 *                 coded data that checked every code, run, coefficient's range and the last bit was tried: it refused 14 %
 *                 of those with other pixels, for twice the time.)
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jpeglib.h>

#include "cjpeg.h"
#include "frames.h"

enum { MUTANTS = 10000, LARGEST = 1 << 20 };

static const struct drawing drawings[] = {
    {"grey 16x16", 16, 16, 1, 1, 1, 85, 0},          {"grey 33x17, restarts", 33, 17, 1, 1, 1, 75, 3},
    {"grey 120x90", 120, 90, 1, 1, 1, 95, 0},        {"4:2:2 48x64", 48, 64, 3, 2, 1, 85, 0},
    {"4:2:2 31x47", 31, 47, 3, 2, 1, 85, 0},         {"4:2:2 120x160", 120, 160, 3, 2, 1, 85, 0},
    {"4:2:2 120x160, restarts", 120, 160, 3, 2, 1, 85, 10}, {"4:2:2 75x121, restarts", 75, 121, 3, 2, 1, 60, 1},
    {"4:2:0 48x64", 48, 64, 3, 2, 2, 85, 0},         {"4:2:0 31x47", 31, 47, 3, 2, 2, 75, 0},
    {"4:2:0 99x101, restarts", 99, 101, 3, 2, 2, 90, 7}, {"4:2:0 144x176", 144, 176, 3, 2, 2, 50, 0},
    {"4:4:4 16x16", 16, 16, 3, 1, 1, 85, 0},         {"4:4:4 45x33", 45, 33, 3, 1, 1, 85, 0},
    {"4:4:4 64x80, restarts", 64, 80, 3, 1, 1, 95, 5}, {"4:4:0 50x70", 50, 70, 3, 1, 2, 85, 0},
    {"4:1:1 40x90", 40, 90, 3, 4, 1, 85, 0},         {"4:2:2 60x80, own tables", 60, 80, 3, 2, 1, 85, 0, .optimised = 1},
    {"4:2:0 72x72, own tables", 72, 72, 3, 2, 2, 30, 4, .optimised = 1},
    {"grey 57x43, own tables", 57, 43, 1, 1, 1, 85, 0, .optimised = 1},
};
enum { FRAMES = sizeof drawings / sizeof *drawings };
static struct frame frames[FRAMES];
static uint8_t *originals[FRAMES];

/* Room for `count` bytes whose end is the end of what may be touched. */
static uint8_t *room(size_t count) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (count + page - 1) / page * page;
    uint8_t *at = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + size, page, PROT_NONE) != 0) { exit(2); }
    return at + size;
}
static uint8_t *input_end, *output_end;

/* 0 = accepted; then `pixels` are the window's. As JPEGFrame.swift does it. */
static int shim(struct bytes mutant, int height, int width, struct fsac_jpeg_window window, uint8_t **pixels, char *message) {
    struct fsac_jpeg_frame frame;
    uint8_t *input = input_end - mutant.count;
    memcpy(input, mutant.at, mutant.count);
    int status = fsac_jpeg_read_frame(input, mutant.count, &frame, message);
    if (status) { return status; }
    if (frame.height != height || frame.width != width) {
        snprintf(message, FSAC_JPEG_MESSAGE, "another size");
        return FSAC_JPEG_DAMAGED;
    }
    *pixels = output_end - (size_t)window.rows * (size_t)window.columns * 3;
    return fsac_jpeg_decode_frame(input, frame.size, height, width, window, 64 << 20, *pixels, message);
}

/* libjpeg's plain interface: how many warnings, 1000 for an error. `rgb` becomes the pixels. */
struct plain {
    struct jpeg_error_mgr base;
    jmp_buf jump;
};
static void leave(j_common_ptr jpeg) { longjmp(((struct plain *)jpeg->err)->jump, 1); }
static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }

static long plain_decode(struct jpeg_decompress_struct *jpeg, struct plain *errors, struct bytes mutant, int height,
                         int width, uint8_t *rgb) {
    if (setjmp(errors->jump)) { return 1000; }
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, mutant.at, mutant.count);
    jpeg_read_header(jpeg, TRUE);
    if ((int)jpeg->image_height != height || (int)jpeg->image_width != width) { return 1000; }
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = rgb + (size_t)jpeg->output_scanline * (size_t)width * 3;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return errors->base.num_warnings;
}

static long plain_warnings(struct bytes mutant, int height, int width, uint8_t *rgb) {
    struct jpeg_decompress_struct jpeg;
    struct plain errors;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = leave;
    errors.base.output_message = say_nothing;
    long warnings = plain_decode(&jpeg, &errors, mutant, height, width, rgb);
    jpeg_destroy_decompress(&jpeg);
    return warnings;
}

/* Each makes one mutant in place, and says whether it could. */
typedef int mutation(struct bytes *m, const struct frame *f);

static int truncated(struct bytes *m, const struct frame *f) {
    (void)f;
    m->count = random_below(m->count);
    return 1;
}
static int truncated_then_padded(struct bytes *m, const struct frame *f) { /* a buffer of a driver that was not filled to its end */
    (void)f;
    const size_t kept = random_below(m->count - 1);
    memset(m->at + kept, 0, m->count - kept);
    return 1;
}
static int without_end(struct bytes *m, const struct frame *f) {
    (void)f;
    m->count -= 1 + random_below(2);
    return 1;
}
static int without(struct bytes *m, int marker) {
    int found = 0;
    for (size_t place; (place = find_segment(*m, marker)) < m->count; found = 1) { erase(m, place, segment_size(*m, place)); }
    return found;
}
static int without_quantisation(struct bytes *m, const struct frame *f) { (void)f; return without(m, 0xDB); }
static int without_frame_header(struct bytes *m, const struct frame *f) { (void)f; return without(m, 0xC0); }
static int without_scan_header(struct bytes *m, const struct frame *f) {
    (void)f;
    const size_t place = find_segment(*m, 0xDA);
    erase(m, place, segment_size(*m, place));
    return 1;
}
static int other_size(struct bytes *m, const struct frame *f) {
    const size_t place = find_segment(*m, 0xC0) + (random_below(2) ? 5 : 7);
    const unsigned old = (unsigned)m->at[place] << 8 | m->at[place + 1];
    unsigned size = random_below(2) ? (unsigned)random_below(65536) : old + 1 + (unsigned)random_below(16);
    (void)f;
    if (size == old) { size = 0; }
    m->at[place] = (uint8_t)(size >> 8);
    m->at[place + 1] = (uint8_t)size;
    return 1;
}
static int redrawn(struct bytes *m, const struct frame *f, struct drawing d) {
    d.height = f->height;
    d.width = f->width;
    struct frame drawn = draw(&d);
    free(m->at);
    *m = drawn.jpeg;
    return 1;
}
static int four_components(struct bytes *m, const struct frame *f) {
    return redrawn(m, f, (struct drawing){.components = 4, .luma_h = 1, .luma_v = 1, .quality = 80});
}
static int progressive(struct bytes *m, const struct frame *f) {
    if (random_below(2)) {
        m->at[find_segment(*m, 0xC0) + 1] = 0xC2;
        return 1;
    }
    return redrawn(m, f, (struct drawing){.components = 3, .luma_h = 2, .luma_v = 1, .quality = 80, .progressive = 1});
}
static int arithmetic(struct bytes *m, const struct frame *f) {
    if (random_below(2)) {
        m->at[find_segment(*m, 0xC0) + 1] = random_below(2) ? 0xC9 : 0xCA;
        return 1;
    }
    return redrawn(m, f, (struct drawing){.components = 3, .luma_h = 2, .luma_v = 1, .quality = 80, .arithmetic = 1});
}
static int other_process(struct bytes *m, const struct frame *f) { /* extended, lossless, differential ... */
    static const uint8_t codes[] = {0xC1, 0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xCB, 0xCD, 0xCE, 0xCF};
    (void)f;
    m->at[find_segment(*m, 0xC0) + 1] = codes[random_below(sizeof codes)];
    return 1;
}
static int separate_scans(struct bytes *m, const struct frame *f) {
    return redrawn(m, f, (struct drawing){.components = 3, .luma_h = 1, .luma_v = 1, .quality = 80, .separate_scans = 1});
}
static int twelve_bits(struct bytes *m, const struct frame *f) {
    (void)f;
    m->at[find_segment(*m, 0xC0) + 4] = (uint8_t)(random_below(2) ? 12 : 16);
    return 1;
}
static int strange_sampling(struct bytes *m, const struct frame *f) {
    static const uint8_t strange[] = {0x00, 0x01, 0x10, 0x13, 0x31, 0x33, 0x51, 0xF1, 0x1F, 0x44, 0xFF};
    const size_t sof = find_segment(*m, 0xC0);
    (void)f;
    m->at[sof + 11 + 3 * random_below(m->at[sof + 9])] = strange[random_below(sizeof strange)];
    return m->at[sof + 9] > 1 || m->at[sof + 11] != 0x44; /* any sampling of a single component is 1 x 1 */
}
static int empty(struct bytes *m, const struct frame *f) {
    (void)f;
    m->count = random_below(5);
    if (random_below(2)) { memset(m->at, 0xFF, m->count); }
    return 1;
}
static int another_start(struct bytes *m, const struct frame *f) { /* a second frame begins inside of the first */
    const size_t place = scan_start(*m) + random_below(m->count - 2 - scan_start(*m));
    if (m->at[place - 1] == 0xFF) { return 0; }
    insert(m, place, f->jpeg.at, 2 + random_below(f->jpeg.count - 2));
    return 1;
}
static int marker_in_scan(struct bytes *m, const struct frame *f) {
    uint8_t marker[2] = {0xFF, (uint8_t)(1 + random_below(0xFE))};
    const size_t start = scan_start(*m), place = start + random_below(m->count - 2 - start);
    (void)f;
    if (m->at[place - 1] == 0xFF) { return 0; }
    insert(m, place, marker, 2);
    return 1;
}
/* The `index`-th restart marker of the scan. */
static size_t restart(struct bytes m, size_t index) {
    size_t place = scan_start(m);
    for (;; place++) {
        if (m.at[place] == 0xFF && m.at[place + 1] >= 0xD0 && m.at[place + 1] <= 0xD7 && index-- == 0) { return place; }
    }
}
static int restart_lost(struct bytes *m, const struct frame *f) {
    if (!f->has_restarts) { return 0; }
    erase(m, restart(*m, random_below(2)), 2);
    return 1;
}
static int restart_renumbered(struct bytes *m, const struct frame *f) {
    if (!f->has_restarts) { return 0; }
    const size_t place = restart(*m, random_below(2)) + 1;
    m->at[place] = (uint8_t)(0xD0 + (m->at[place] - 0xD0 + 1 + random_below(7)) % 8);
    return 1;
}
static int restart_interval_changed(struct bytes *m, const struct frame *f) {
    if (!f->has_restarts) { return 0; }
    if (random_below(2)) { return without(m, 0xDD); }
    m->at[find_segment(*m, 0xDD) + 5] ^= (uint8_t)(1 + random_below(3));
    return 1;
}
static int restart_added(struct bytes *m, const struct frame *f) { /* behind the last unit, where the library skips it */
    size_t restarts = 0;
    for (size_t i = scan_start(*m); i + 1 < m->count; i++) {
        restarts += m->at[i] == 0xFF && m->at[i + 1] >= 0xD0 && m->at[i + 1] <= 0xD7;
    }
    const uint8_t marker[2] = {0xFF, (uint8_t)(0xD0 + restarts % 8)};
    (void)f;
    insert(m, m->count - 2, marker, 2);
    return 1;
}
static int interval_lost(struct bytes *m, const struct frame *f) { /* what is between two restart markers */
    if (!f->has_restarts) { return 0; }
    const size_t first = restart(*m, 0) + 2, second = restart(*m, 1);
    erase(m, first, second - first);
    return 1;
}
static int rest_lost(struct bytes *m, const struct frame *f) { /* the picture ends early, but with its end marker */
    const size_t start = scan_start(*m), size = m->count - 2 - start;
    (void)f;
    if (size < 64) { return 0; }
    const size_t place = start + random_below(size - 32);
    erase(m, place, m->count - 2 - place);
    return m->at[place - 1] != 0xFF;
}
static int garbage_before_end(struct bytes *m, const struct frame *f) { /* more than the decoder can have taken in ahead */
    uint8_t garbage[64];
    const size_t count = 16 + random_below(48);
    (void)f;
    for (size_t i = 0; i < count; i++) { garbage[i] = (uint8_t)random_below(255); }
    insert(m, m->count - 2, garbage, count);
    return 1;
}

static int without_tables(struct bytes *m, const struct frame *f) { return f->standard_tables && without(m, 0xC4); }
static int padded(struct bytes *m, const struct frame *f) {
    const size_t count = 1 + random_below(3 * m->count);
    uint8_t *padding = malloc(count);
    const size_t kind = random_below(3); /* zeros, noise, the frame before */
    for (size_t i = 0; i < count; i++) {
        padding[i] = kind == 0 ? 0 : kind == 1 ? (uint8_t)next_random() : f->jpeg.at[i % f->jpeg.count];
    }
    insert(m, m->count, padding, count);
    free(padding);
    return 1;
}
static int fill_bytes(struct bytes *m, const struct frame *f) { /* allowed before any marker (T.81, B.1.1.2) */
    const uint8_t fill[3] = {0xFF, 0xFF, 0xFF};
    static const int markers[] = {0xC0, 0xC4, 0xDA, 0xDB};
    (void)f;
    insert(m, find_segment(*m, markers[random_below(4)]), fill, 1 + random_below(3));
    return 1;
}
static int application_data(struct bytes *m, const struct frame *f) { /* may hold anything, also what looks like markers */
    const size_t count = random_below(300);
    uint8_t segment[320] = {0xFF, (uint8_t)(random_below(4) ? 0xE3 + random_below(9) : 0xFE), (uint8_t)((count + 2) >> 8),
                            (uint8_t)(count + 2)};
    for (size_t i = 0; i < count; i++) { segment[4 + i] = f->jpeg.at[(i + 5) % f->jpeg.count]; }
    insert(m, random_below(2) ? 2 : find_segment(*m, 0xDA), segment, count + 4);
    return 1;
}

static int bit_flipped(struct bytes *m, const struct frame *f) {
    (void)f;
    m->at[random_below(m->count)] ^= (uint8_t)(1 << random_below(8));
    return 1;
}
static int bits_flipped(struct bytes *m, const struct frame *f) {
    (void)f;
    for (size_t left = 2 + random_below(20); left > 0; left--) { bit_flipped(m, f); }
    return 1;
}
static int bytes_overwritten(struct bytes *m, const struct frame *f) {
    const size_t count = 1 + random_below(64), place = random_below(m->count);
    (void)f;
    for (size_t i = place; i < place + count && i < m->count; i++) { m->at[i] = (uint8_t)next_random(); }
    return 1;
}
static int bytes_lost(struct bytes *m, const struct frame *f) {
    const size_t place = random_below(m->count - 1), left = m->count - place;
    (void)f;
    erase(m, place, 1 + random_below(left < 600 ? left : 600));
    return 1;
}
static int bytes_doubled(struct bytes *m, const struct frame *f) {
    const size_t place = random_below(m->count), from = random_below(m->count), left = m->count - from;
    struct bytes old = copy(*m);
    (void)f;
    insert(m, place, old.at + from, 1 + random_below(left < 600 ? left : 600));
    free(old.at);
    return 1;
}
static int spliced(struct bytes *m, const struct frame *f) { /* the beginning of one frame, the rest of another */
    const struct frame *other = &frames[random_below(FRAMES)];
    const size_t place = random_below(m->count), from = random_below(other->jpeg.count);
    (void)f;
    m->count = place;
    insert(m, place, other->jpeg.at + from, other->jpeg.count - from);
    return 1;
}
static int length_changed(struct bytes *m, const struct frame *f) {
    size_t place = 2;
    (void)f;
    for (size_t skip = random_below(6); skip > 0 && m->at[place + 1] != 0xDA; skip--) { place += segment_size(*m, place); }
    m->at[place + 2 + random_below(2)] = (uint8_t)next_random();
    return 1;
}
static int few_bytes_before_end(struct bytes *m, const struct frame *f) { /* that many the decoder may have taken in ahead */
    uint8_t garbage[8];
    (void)f;
    for (size_t i = 0; i < sizeof garbage; i++) { garbage[i] = (uint8_t)random_below(255); }
    insert(m, m->count - 2, garbage, 1 + random_below(7));
    return 1;
}
static int foreign_tables(struct bytes *m, const struct frame *f) { /* coded with its own Huffman tables, which are missing */
    return !f->standard_tables && without(m, 0xC4);
}

enum expectation { MUST_REFUSE, MUST_ACCEPT, MAY_ACCEPT };
static struct kind {
    const char *name;
    mutation *mutate;
    enum expectation expected;
    int weight;
    int made, refused, same, other, content; /* content: refused although plain libjpeg has nothing to say */
} kinds[] = {
    {"truncated", truncated, MUST_REFUSE, 12},
    {"truncated, padded with zeros", truncated_then_padded, MUST_REFUSE, 4},
    {"no end marker", without_end, MUST_REFUSE, 2},
    {"no quantisation tables", without_quantisation, MUST_REFUSE, 2},
    {"no frame header", without_frame_header, MUST_REFUSE, 1},
    {"no scan header", without_scan_header, MUST_REFUSE, 1},
    {"another size", other_size, MUST_REFUSE, 4},
    {"four components", four_components, MUST_REFUSE, 2},
    {"progressive", progressive, MUST_REFUSE, 2},
    {"arithmetic coding", arithmetic, MUST_REFUSE, 2},
    {"another coding process", other_process, MUST_REFUSE, 2},
    {"one scan a component", separate_scans, MUST_REFUSE, 1},
    {"12 or 16 bits", twelve_bits, MUST_REFUSE, 1},
    {"strange sampling", strange_sampling, MAY_ACCEPT, 2},
    {"empty, up to 4 bytes", empty, MUST_REFUSE, 1},
    {"a frame begins in a frame", another_start, MUST_REFUSE, 2},
    {"a marker in coded data", marker_in_scan, MUST_REFUSE, 4},
    {"a restart marker lost", restart_lost, MUST_REFUSE, 4},
    {"a restart marker renumbered", restart_renumbered, MUST_REFUSE, 4},
    {"another restart interval", restart_interval_changed, MUST_REFUSE, 4},
    {"a restart marker too many", restart_added, MUST_REFUSE, 1},
    {"a restart interval lost", interval_lost, MUST_REFUSE, 4},
    {"rest of the picture lost", rest_lost, MUST_REFUSE, 4},
    {"16 bytes and more before the end", garbage_before_end, MUST_REFUSE, 2},
    {"no Huffman tables", without_tables, MUST_ACCEPT, 4},
    {"padding", padded, MUST_ACCEPT, 4},
    {"fill bytes before a marker", fill_bytes, MUST_ACCEPT, 1},
    {"application data", application_data, MUST_ACCEPT, 2},
    {"one bit flipped", bit_flipped, MAY_ACCEPT, 12},
    {"2 to 21 bits flipped", bits_flipped, MAY_ACCEPT, 6},
    {"bytes overwritten", bytes_overwritten, MAY_ACCEPT, 5},
    {"bytes lost", bytes_lost, MAY_ACCEPT, 4},
    {"bytes doubled", bytes_doubled, MAY_ACCEPT, 4},
    {"two frames spliced", spliced, MAY_ACCEPT, 4},
    {"a segment's length changed", length_changed, MAY_ACCEPT, 2},
    {"1 to 7 bytes before the end", few_bytes_before_end, MAY_ACCEPT, 2},
    {"own Huffman tables lost", foreign_tables, MAY_ACCEPT, 8},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int failures;
static void complain(const struct kind *kind, const struct frame *frame, const char *what, const char *message) {
    if (failures++ < 20) { printf("FAILED: %s of %s: %s (%s)\n", kind->name, frame->name, what, message); }
}

static struct fsac_jpeg_window whole(const struct frame *f, int factor) {
    return (struct fsac_jpeg_window){factor, 0, (f->height + factor - 1) / factor, 0, (f->width + factor - 1) / factor};
}

/* Some window of the frame, reduced in some way. */
static struct fsac_jpeg_window any_window(const struct frame *f) {
    struct fsac_jpeg_window w = whole(f, 1 << random_below(4));
    w.first_row = (int)random_below((size_t)w.rows);
    w.rows = 1 + (int)random_below((size_t)(w.rows - w.first_row));
    w.first_column = (int)random_below((size_t)w.columns);
    w.columns = 1 + (int)random_below((size_t)(w.columns - w.first_column));
    return w;
}

static void try_mutant(struct kind *kind, size_t number, struct bytes mutant) {
    const struct frame *f = &frames[number];
    const size_t size = (size_t)f->height * (size_t)f->width * 3;
    char message[FSAC_JPEG_MESSAGE] = "accepted";
    uint8_t *pixels = NULL;
    const int in_window = shim(mutant, f->height, f->width, any_window(f), &pixels, message);
    const int status = shim(mutant, f->height, f->width, whole(f, 1), &pixels, message);
    if (!in_window != !status) { complain(kind, f, "a window of the frame is judged otherwise than the whole", message); }
    uint8_t *expected = malloc(size);
    const long warnings = plain_warnings(mutant, f->height, f->width, expected);
    kind->made++;
    if (status) {
        kind->refused++;
        kind->content += warnings == 0;
        if (kind->expected == MUST_ACCEPT) { complain(kind, f, "refused", message); }
    } else {
        const int same = memcmp(pixels, originals[number], size) == 0;
        kind->same += same;
        kind->other += !same;
        if (kind->expected == MUST_REFUSE) { complain(kind, f, "accepted", same ? "same pixels" : "other pixels"); }
        if (kind->expected == MUST_ACCEPT && !same) { complain(kind, f, "other pixels", message); }
        if (warnings) { complain(kind, f, "accepted, but libjpeg warns", message); }
        else if (memcmp(pixels, expected, size) != 0) { complain(kind, f, "not the pixels of libjpeg", message); }
    }
    free(expected);
}

static void draw_frames(void) {
    char message[FSAC_JPEG_MESSAGE] = "";
    for (size_t i = 0; i < FRAMES; i++) {
        struct frame *f = &frames[i];
        *f = draw(&drawings[i]);
        uint8_t *pixels = NULL;
        if (shim(f->jpeg, f->height, f->width, whole(f, 1), &pixels, message)) {
            printf("FAILED: %s itself is refused: %s\n", f->name, message);
            exit(1);
        }
        const size_t size = (size_t)f->height * (size_t)f->width * 3;
        originals[i] = malloc(size);
        memcpy(originals[i], pixels, size);
    }
}

static void print_table(void) {
    static const char *const words[] = {"must refuse", "must accept", "may accept"};
    int made = 0, refused = 0, same = 0, other = 0, content = 0;
    printf("%-34s %-12s %6s %8s %14s %14s %18s\n", "kind", "", "made", "refused", "accepted,", "accepted,", "refused, plain");
    printf("%-34s %-12s %6s %8s %14s %14s %18s\n", "", "", "", "", "same pixels", "other pixels", "libjpeg accepts");
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
        printf("%-34s %-12s %6d %8d %14d %14d %18d\n", k->name, words[k->expected], k->made, k->refused, k->same, k->other,
               k->content);
        made += k->made, refused += k->refused, same += k->same, other += k->other, content += k->content;
    }
    printf("%-34s %-12s %6d %8d %14d %14d %18d\n", "all", "", made, refused, same, other, content);
}

int main(void) {
    int weights = 0;
    input_end = room(LARGEST);
    output_end = room(LARGEST);
    draw_frames();
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) { weights += k->weight; }
    for (int made = 0; made < MUTANTS;) {
        struct kind *kind = kinds;
        for (int left = (int)random_below((size_t)weights); left >= kind->weight; kind++) { left -= kind->weight; }
        const size_t number = random_below(FRAMES);
        struct bytes mutant = copy(frames[number].jpeg);
        if (kind->mutate(&mutant, &frames[number])) {
            try_mutant(kind, number, mutant);
            made++;
        }
        free(mutant.at);
    }
    for (size_t i = 0; i < FRAMES; i++) {
        free(frames[i].jpeg.at);
        free(originals[i]);
    }
    print_table();
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
        if (k->made < 20) { complain(k, &frames[0], "hardly any were made", "the test is weaker than it says"); }
    }
    printf("%d mutants, %d failures\n", MUTANTS, failures);
    return failures ? 1 : 0;
}
