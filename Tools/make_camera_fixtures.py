#!/usr/bin/env python3
"""Makes Tests/CoreTests/Fixtures/imaging/camera: frames as cameras give them, and the pixels a reader must get from them.

    python3 Tools/make_camera_fixtures.py [OUTPUT]

Needs numpy and Pillow (written with 13.0.0, which holds libjpeg-turbo 3.2). The picture comes from seeded numpy.

    FORMAT.raw, FORMAT-F.png     uncompressed, 43 x 61 (height x width), rows 8 bytes longer than they need be; reduced by
                                 F = 1, 2, 4, 8 in floating point after the definition of BT.601, the border repeated
    NAME.jpg, NAME-F.png         Motion JPEG, 43 x 61, without Huffman tables unless NAME says so; Pillow's draft mode
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH, PADDING = 43, 61, 8
FACTORS = (1, 2, 4, 8)


def picture():
    """Smooth ramps with noise and saturated patches, [height, width, 3]."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ramps = np.stack([255 * y / HEIGHT, 255 * x / WIDTH, 127 + 120 * np.sin(x / 3 + y / 5)], axis=-1)
    ramps[10:20, 20:40] = [250, 10, 30]
    ramps[25:38, 5:18] = [0, 0, 255]
    return np.clip(ramps + rng.normal(0, 10, ramps.shape), 0, 255).astype(np.uint8)


# Uncompressed


def ycbcr(rgb):
    """ITU-R BT.601: Y 16 ... 235, Cb and Cr 16 ... 240, as real numbers."""
    r, g, b = (rgb[..., i] / 255.0 for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack([16 + 219 * y, 128 + 224 * 0.5 * (b - y) / (1 - 0.114), 128 + 224 * 0.5 * (r - y) / (1 - 0.299)], -1)


def rgb_of(yuv):
    """The inverse, from real numbers to 8 bits."""
    y, cb, cr = (yuv[..., 0] - 16) / 219, (yuv[..., 1] - 128) / 224, (yuv[..., 2] - 128) / 224
    r, b = y + 2 * (1 - 0.299) * cr, y + 2 * (1 - 0.114) * cb
    g = (y - 0.299 * r - 0.114 * b) / 0.587
    return np.clip(np.rint(255 * np.stack([r, g, b], -1)), 0, 255).astype(np.uint8)


def blocks(values, factor):
    """Means of blocks; the border repeats."""
    height, width = (-(-side // factor) * factor for side in values.shape[:2])
    padded = np.pad(values, ((0, height - values.shape[0]), (0, width - values.shape[1]), (0, 0)), mode="edge")
    return padded.reshape(height // factor, factor, width // factor, factor, -1).mean(axis=(1, 3))


def even(plane):
    return np.pad(plane, ((0, plane.shape[0] % 2), (0, plane.shape[1] % 2)), mode="edge")


def rows(array):
    """Rows of bytes, each with padding that must not be looked at."""
    array = array.reshape(array.shape[0], -1)
    return np.pad(array, ((0, 0), (0, PADDING)), constant_values=0xA5).tobytes()


def raw_frames():
    """For each format the bytes, and what each pixel is: YUV or RGB."""
    rgb = picture()
    y, u, v = (np.rint(plane).astype(np.uint8) for plane in np.moveaxis(ycbcr(rgb.astype(np.float64)), -1, 0))
    y, u, v = even(y), even(u), even(v)
    wide_u, wide_v = u[:HEIGHT, 0::2], v[:HEIGHT, 0::2]
    packed = np.stack([y[:HEIGHT, 0::2], wide_u, y[:HEIGHT, 1::2], wide_v], -1)
    half_u, half_v = u[0::2, 0::2], v[0::2, 0::2]

    def pixels(chroma_u, chroma_v):
        return np.stack([y[:HEIGHT, :WIDTH], chroma_u[:HEIGHT, :WIDTH], chroma_v[:HEIGHT, :WIDTH]], -1)

    in_rows = pixels(wide_u.repeat(2, 1), wide_v.repeat(2, 1))
    in_blocks = pixels(half_u.repeat(2, 0).repeat(2, 1), half_v.repeat(2, 0).repeat(2, 1))
    # Rows of both planes of NV12 are equally long; a plane of Y of odd width has one byte of padding more.
    luma = np.pad(y[:HEIGHT, :WIDTH], ((0, 0), (0, WIDTH % 2)))
    yield "YUYV", rows(packed), in_rows, rgb_of
    yield "UYVY", rows(packed[..., [1, 0, 3, 2]]), in_rows, rgb_of
    yield "NV12", rows(luma) + rows(np.stack([half_u, half_v], -1)), in_blocks, rgb_of

    def rounded(values):
        return np.floor(values + 0.5).astype(np.uint8)

    grey = rgb[..., 1:2]
    yield "GREY", rows(grey), grey.repeat(3, 2), rounded
    yield "RGB3", rows(rgb), rgb, rounded
    yield "BGR3", rows(rgb[..., ::-1]), rgb, rounded


# Motion JPEG


def without_huffman_tables(jpeg):
    out, place = jpeg[:2], 2
    while jpeg[place + 1] != 0xDA:
        size = 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
        if jpeg[place + 1] != 0xC4:
            out += jpeg[place : place + size]
        place += size
    return out + jpeg[place:]


def jpeg(mode="RGB", **options):
    out = io.BytesIO()
    Image.fromarray(picture()).convert(mode).save(out, "JPEG", quality=85, **options)
    return out.getvalue()


def jpeg_frames():
    yield "chroma422", without_huffman_tables(jpeg(subsampling="4:2:2"))
    yield "chroma420", without_huffman_tables(jpeg(subsampling="4:2:0", restart_marker_blocks=3))
    yield "chroma444", without_huffman_tables(jpeg(subsampling="4:4:4"))
    yield "grey", without_huffman_tables(jpeg("L"))
    yield "own-tables", jpeg(subsampling="4:2:2", optimize=True)


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/CoreTests/Fixtures/imaging/camera")
    out.mkdir(parents=True, exist_ok=True)
    for name, data, pixels, to_rgb in raw_frames():
        (out / f"{name}.raw").write_bytes(data)
        for factor in FACTORS:
            Image.fromarray(to_rgb(blocks(pixels.astype(np.float64), factor))).save(out / f"{name}-{factor}.png")
    for name, data in jpeg_frames():
        (out / f"{name}.jpg").write_bytes(data)
        for factor in FACTORS:
            decoded = Image.open(io.BytesIO(data))
            decoded.draft(decoded.mode, (WIDTH // factor, HEIGHT // factor))
            assert decoded.size == (-(-WIDTH // factor), -(-HEIGHT // factor)), (name, factor, decoded.size)
            decoded.convert("RGB").save(out / f"{name}-{factor}.png")
    (out / "progressive.jpg").write_bytes(jpeg(progressive=True))


if __name__ == "__main__":
    main()
