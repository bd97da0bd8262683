#include "cjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

_Static_assert(FSAC_JPEG_MESSAGE >= JMSG_LENGTH_MAX, "the library formats messages of up to JMSG_LENGTH_MAX bytes");

/* Error manager that jumps back into the shim, on warnings too; `base` comes first, the library hands it back. */
struct failure {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    int status;
    char *message;
};

/* Progress monitor that counts scans. `base` comes first for the same reason. */
struct scan_counter {
    struct jpeg_progress_mgr base;
    int max_scans;
};

/*
 * All state lives in a struct of the caller of the function that calls setjmp, so that no local variable changes
 * between setjmp and longjmp.
 */
struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct failure failure;
    struct scan_counter scans;
};

struct encoder {
    struct jpeg_compress_struct jpeg;
    struct failure failure;
    unsigned char *bytes;
    unsigned long size;
};

static void fail(j_common_ptr jpeg) {
    struct failure *failure = (struct failure *)jpeg->err;
    switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE: /* what the memory manager says when max_memory_to_use is not enough */
        failure->status = FSAC_JPEG_MEMORY;
        snprintf(failure->message, FSAC_JPEG_MESSAGE, "more working memory than allowed");
        break;
    default:
        failure->status = FSAC_JPEG_DAMAGED;
        jpeg->err->format_message(jpeg, failure->message);
    }
    longjmp(failure->jump, 1);
}

static void fail_on_warning(j_common_ptr jpeg, int level) {
    if (level < 0) { fail(jpeg); } /* levels from 0 on are trace messages */
}

static void count_scans(j_common_ptr jpeg) {
    struct scan_counter *scans = (struct scan_counter *)jpeg->progress;
    if (((j_decompress_ptr)jpeg)->input_scan_number > scans->max_scans) {
        struct failure *failure = (struct failure *)jpeg->err;
        failure->status = FSAC_JPEG_SCANS;
        snprintf(failure->message, FSAC_JPEG_MESSAGE, "more than %d scans", scans->max_scans);
        longjmp(failure->jump, 1);
    }
}

static struct jpeg_error_mgr *failing(struct failure *failure, char *message) {
    failure->message = message;
    jpeg_std_error(&failure->base);
    failure->base.error_exit = fail;
    failure->base.emit_message = fail_on_warning;
    return &failure->base;
}

static const char *colour_name(J_COLOR_SPACE space) {
    switch (space) {
    case JCS_CMYK: return "CMYK";
    case JCS_YCCK: return "YCCK";
    default: return "unknown";
    }
}

/* Reads the header and refuses what is neither grey nor three-component colour. The caller has called setjmp. */
static int read_header(struct decoder *d, const uint8_t *jpeg, size_t size) {
    jpeg_create_decompress(&d->jpeg);
    jpeg_mem_src(&d->jpeg, jpeg, size);
    jpeg_read_header(&d->jpeg, TRUE);
    if (d->jpeg.num_components == 1 || d->jpeg.num_components == 3) { return FSAC_JPEG_OK; }
    snprintf(d->failure.message, FSAC_JPEG_MESSAGE, "%s colour with %d components",
             colour_name(d->jpeg.jpeg_color_space), d->jpeg.num_components);
    return FSAC_JPEG_UNSUPPORTED;
}

static int header(struct decoder *d, const uint8_t *jpeg, size_t size) {
    if (setjmp(d->failure.jump)) { return d->failure.status; }
    return read_header(d, jpeg, size);
}

int fsac_jpeg_header(const uint8_t *jpeg, size_t size, int *height, int *width, char *message) {
    struct decoder d;
    memset(&d, 0, sizeof d); /* jpeg_destroy leaves a structure of zeros alone */
    d.jpeg.err = failing(&d.failure, message);
    int status = header(&d, jpeg, size);
    if (status == FSAC_JPEG_OK) {
        *height = (int)d.jpeg.image_height;
        *width = (int)d.jpeg.image_width;
    }
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}

/* Decodes the rows of the window after jpeg_read_header. The caller has called setjmp. */
static int decode_window(struct decoder *d, int height, int width, const struct fsac_jpeg_window *window,
                         long max_memory, uint8_t *rgb) {
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (jpeg->image_height != (JDIMENSION)height || jpeg->image_width != (JDIMENSION)width) {
        snprintf(d->failure.message, FSAC_JPEG_MESSAGE, "the size changed between header and decoding");
        return FSAC_JPEG_DAMAGED;
    }
    jpeg->mem->max_memory_to_use = max_memory;
    jpeg->out_color_space = JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW; /* the exact one: other decoders then give the same pixels */
    jpeg->scale_num = 1;
    jpeg->scale_denom = (unsigned)window->factor;
    jpeg_start_decompress(jpeg);
    const size_t bytes = (size_t)window->columns * 3;
    const JDIMENSION first = (JDIMENSION)window->first_row, last = first + (JDIMENSION)window->rows;
    if (last > jpeg->output_height || (JDIMENSION)(window->first_column + window->columns) > jpeg->output_width) {
        snprintf(d->failure.message, FSAC_JPEG_MESSAGE, "the window lies outside of the picture");
        return FSAC_JPEG_DAMAGED;
    }
    JSAMPARRAY line = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 3, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        const JDIMENSION row = jpeg->output_scanline;
        const int wanted = row >= first && row < last;
        JSAMPROW target = wanted ? rgb + (row - first) * bytes : line[0];
        const int whole = !wanted || (JDIMENSION)window->columns == jpeg->output_width;
        jpeg_read_scanlines(jpeg, whole ? &target : line, 1);
        if (!whole) { memcpy(target, line[0] + (size_t)window->first_column * 3, bytes); }
    }
    jpeg_finish_decompress(jpeg); /* reads up to the end-of-image marker: its absence is a warning */
    return FSAC_JPEG_OK;
}

static int decode_file(struct decoder *d, const uint8_t *jpeg, size_t size, int height, int width,
                       const struct fsac_jpeg_window *window, long max_memory, uint8_t *rgb) {
    if (setjmp(d->failure.jump)) { return d->failure.status; }
    int status = read_header(d, jpeg, size);
    if (status != FSAC_JPEG_OK) { return status; }
    d->jpeg.progress = &d->scans.base;
    return decode_window(d, height, width, window, max_memory, rgb);
}

int fsac_jpeg_decode_rgb(const uint8_t *jpeg, size_t size, int height, int width, struct fsac_jpeg_window window,
                         int max_scans, long max_memory, uint8_t *rgb, size_t *consumed, char *message) {
    struct decoder d;
    memset(&d, 0, sizeof d);
    d.jpeg.err = failing(&d.failure, message);
    d.scans.base.progress_monitor = count_scans;
    d.scans.max_scans = max_scans;
    int status = decode_file(&d, jpeg, size, height, width, &window, max_memory, rgb);
    if (status == FSAC_JPEG_OK) { *consumed = size - d.jpeg.src->bytes_in_buffer; }
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}

/* Gives the decoder the standard's Huffman tables; those that the frame defines replace them. */
static void preload_tables(struct jpeg_decompress_struct *jpeg) {
    const uint8_t *table = fsac_jpeg_standard_tables + 4; /* behind marker and length */
    while (table < fsac_jpeg_standard_tables + FSAC_JPEG_TABLES) {
        JHUFF_TBL *tbl = jpeg_alloc_huff_table((j_common_ptr)jpeg);
        (table[0] >> 4 ? jpeg->ac_huff_tbl_ptrs : jpeg->dc_huff_tbl_ptrs)[table[0] & 15] = tbl;
        size_t codes = 0;
        tbl->bits[0] = 0;
        for (int length = 1; length <= 16; length++) {
            tbl->bits[length] = table[length];
            codes += table[length];
        }
        memset(tbl->huffval, 0, sizeof tbl->huffval);
        memcpy(tbl->huffval, table + 17, codes);
        table += 17 + codes;
    }
}

static int decode_frame(struct decoder *d, const uint8_t *jpeg, size_t size, int height, int width,
                        const struct fsac_jpeg_window *window, long max_memory, uint8_t *rgb) {
    if (setjmp(d->failure.jump)) { return d->failure.status; }
    jpeg_create_decompress(&d->jpeg);
    preload_tables(&d->jpeg);
    jpeg_mem_src(&d->jpeg, jpeg, size);
    jpeg_read_header(&d->jpeg, TRUE);
    return decode_window(d, height, width, window, max_memory, rgb);
}

int fsac_jpeg_decode_frame(const uint8_t *jpeg, size_t size, int height, int width, struct fsac_jpeg_window window,
                           long max_memory, uint8_t *rgb, char *message) {
    struct decoder d;
    memset(&d, 0, sizeof d);
    d.jpeg.err = failing(&d.failure, message);
    int status = decode_frame(&d, jpeg, size, height, width, &window, max_memory, rgb);
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}

static int encode(struct encoder *e, const uint8_t *rgb, int height, int width, int quality_percent, int full_chroma) {
    if (setjmp(e->failure.jump)) { return e->failure.status; }
    jpeg_create_compress(&e->jpeg);
    jpeg_mem_dest(&e->jpeg, &e->bytes, &e->size); /* on failure its buffer is lost: only lack of memory fails here */
    e->jpeg.image_height = (JDIMENSION)height;
    e->jpeg.image_width = (JDIMENSION)width;
    e->jpeg.input_components = 3;
    e->jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&e->jpeg); /* 4:2:0 */
    jpeg_set_quality(&e->jpeg, quality_percent, TRUE);
    if (full_chroma) {
        e->jpeg.comp_info[0].h_samp_factor = 1;
        e->jpeg.comp_info[0].v_samp_factor = 1;
    }
    jpeg_start_compress(&e->jpeg, TRUE);
    while (e->jpeg.next_scanline < e->jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)e->jpeg.next_scanline * (size_t)width * 3);
        jpeg_write_scanlines(&e->jpeg, &row, 1);
    }
    jpeg_finish_compress(&e->jpeg);
    return FSAC_JPEG_OK;
}

int fsac_jpeg_encode_rgb(const uint8_t *rgb, int height, int width, int quality_percent, int full_chroma,
                         uint8_t **jpeg, size_t *size, char *message) {
    struct encoder e;
    memset(&e, 0, sizeof e);
    e.jpeg.err = failing(&e.failure, message);
    int status = encode(&e, rgb, height, width, quality_percent, full_chroma);
    if (status == FSAC_JPEG_OK) {
        *jpeg = e.bytes;
        *size = e.size;
    }
    jpeg_destroy_compress(&e.jpeg);
    return status;
}
