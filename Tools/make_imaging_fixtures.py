#!/usr/bin/env python3
"""Makes Tests/CoreTests/Fixtures/imaging: small synthetic pictures and the pixels a reader must get from them.

    python3 Tools/make_imaging_fixtures.py [OUTPUT]

Needs numpy and Pillow >= 13 (whose order of resize passes the fixtures hold; written with 13.0.0). Every picture comes
from seeded numpy. Expected pixels of JPEG files and of resizes are Pillow's; those of PNG files are computed here from
the samples that the files are made of, because Pillow does not read every kind.

    zoo/NAME.{jpg,png} with zoo/NAME.rgb   a file and its upright pixels, 20 x 28 (height x width), RGB
    formats/NAME.{bmp,tif} with formats/NAME.rgb   the same of BMP and TIFF
    refused/                               files that must be refused
    resize/source.png, resize/FILTER-HEIGHTxWIDTH.png
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

HEIGHT, WIDTH = 20, 28
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def picture(height, width, seed):
    """A smooth ramp with noise and sharp edges, [height, width, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    ramps = np.stack([255 * y / height, 255 * x / width, 127 + 120 * np.sin(x / 3 + y / 5)], axis=-1)
    ramps[height // 4 : height // 2, width // 3 : width // 2] = [250, 10, 30]
    return np.clip(ramps + rng.normal(0, 12, ramps.shape), 0, 255).astype(np.uint8)


# PNG


def chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def packed_rows(samples, depth):
    """Scan lines without filter; samples is [height, width, channels]."""
    out = b""
    for row in samples:
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
            line = np.packbits(bits.reshape(-1).astype(np.uint8)).tobytes()
        out += b"\0" + line
    return out


def png(samples, depth, colour_type, interlaced=False, before_data=()):
    height, width = samples.shape[:2]
    samples = samples.reshape(height, width, -1)
    if interlaced:
        data = b"".join(packed_rows(samples[y::dy, x::dx], depth) for y, x, dy, dx in ADAM7)
    else:
        data = packed_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    chunks = [chunk(b"IHDR", header), *(chunk(*c) for c in before_data)]
    chunks += [chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def to_8_bit(samples, depth):
    """Rounded to the nearest of 256 levels."""
    return (samples.astype(np.int64) * 255 * 2 + (2**depth - 1)) // (2 * (2**depth - 1))


def expected(colour, alpha=None):
    """RGB pixels from 8-bit colour [h, w, 1 or 3] and alpha [h, w], composited on black."""
    rgb = np.broadcast_to(colour, (*colour.shape[:2], 3)).astype(np.int64)
    if alpha is not None:
        rgb = (rgb * alpha[..., None] + 127) // 255
    return rgb.astype(np.uint8)


def png_zoo():
    rng = np.random.default_rng(7)
    rgb = picture(HEIGHT, WIDTH, 1)
    zoo = {}
    for depth in (1, 2, 4, 8, 16):
        grey = rng.integers(0, 2**depth, (HEIGHT, WIDTH, 1))
        pixels = expected(to_8_bit(grey, depth))
        zoo[f"grey{depth}"] = (png(grey, depth, 0), pixels)
        zoo[f"grey{depth}-interlaced"] = (png(grey, depth, 0, True), pixels)
        key = int(grey[3, 3, 0])
        alpha = np.where(grey[..., 0] == key, 0, 255)
        transparent = [(b"tRNS", struct.pack(">H", key))]
        zoo[f"grey{depth}-transparent"] = (
            png(grey, depth, 0, before_data=transparent), expected(to_8_bit(grey, depth), alpha))
    for depth in (1, 2, 4, 8):
        palette = rng.integers(0, 256, (2**depth, 3), dtype=np.uint8)
        opacity = rng.integers(0, 256, 2**depth // 2, dtype=np.uint8)
        index = rng.integers(0, 2**depth, (HEIGHT, WIDTH))
        chunks = [(b"PLTE", palette.tobytes())]
        zoo[f"palette{depth}"] = (png(index, depth, 3, before_data=chunks), expected(palette[index]))
        zoo[f"palette{depth}-interlaced"] = (png(index, depth, 3, True, chunks), expected(palette[index]))
        chunks += [(b"tRNS", opacity.tobytes())]
        alpha = np.concatenate([opacity, np.full(2**depth - len(opacity), 255)])[index]
        zoo[f"palette{depth}-transparent"] = (png(index, depth, 3, before_data=chunks), expected(palette[index], alpha))
    zoo["rgb8"] = (png(rgb, 8, 2), rgb)
    zoo["rgb8-interlaced"] = (png(rgb, 8, 2, True), rgb)
    key = rgb[5, 5]
    alpha = np.where((rgb == key).all(axis=-1), 0, 255)
    zoo["rgb8-transparent"] = (
        png(rgb, 8, 2, before_data=[(b"tRNS", key.astype(">u2").tobytes())]), expected(rgb, alpha))
    for depth in (8, 16):
        for kind, channels, colour_type in (("grey-alpha", 2, 4), ("rgba", 4, 6)):
            samples = rng.integers(0, 2**depth, (HEIGHT, WIDTH, channels))
            eight = to_8_bit(samples, depth)
            pixels = expected(eight[..., :-1], eight[..., -1])
            zoo[f"{kind}{depth}"] = (png(samples, depth, colour_type), pixels)
            zoo[f"{kind}{depth}-interlaced"] = (png(samples, depth, colour_type, True), pixels)
    deep = rng.integers(0, 65536, (HEIGHT, WIDTH, 3))
    zoo["rgb16"] = (png(deep, 16, 2), expected(to_8_bit(deep, 16)))
    zoo["broken-profile"] = (png(rgb, 8, 2, before_data=[(b"iCCP", b"name\0\0" + zlib.compress(b"no profile"))]), rgb)
    zoo["gamma"] = (png(rgb, 8, 2, before_data=[(b"gAMA", struct.pack(">I", 100000)), (b"sRGB", b"\x09")]), rgb)
    text = b"comment\0\0" + zlib.compress(b" " * 9_000_000, 9)
    zoo["huge-text"] = (png(rgb, 8, 2, before_data=[(b"zTXt", text)]), rgb)
    stored = np.rot90(rgb)  # to be turned a quarter clockwise again
    zoo["orientation6"] = (png(stored, 8, 2, before_data=[(b"eXIf", exif(6, ">"))]), rgb)
    return {f"{name}.png": entry for name, entry in zoo.items()}


# JPEG


def exif(orientation, order):
    """A TIFF structure with the make and the orientation."""
    mark = {"<": b"II", ">": b"MM"}[order]
    make = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"cam\0")
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "HIH", 42, 8, 2) + make + entry + struct.pack(order + "I", 0)


def jpeg(pixels, mode="RGB", **options):
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def stored_as(pixels, orientation):
    """What a camera that marks `orientation` stores of the upright picture."""
    steps = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.transpose(1, 0, 2),
        6: np.rot90, 7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: lambda p: np.rot90(p, 3),
    }
    return np.ascontiguousarray(steps[orientation](pixels))


def jpeg_zoo():
    rgb = picture(HEIGHT, WIDTH, 2)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:24] + bytes(12) + profile[36:]  # without the date, so that every run writes the same
    files = {
        "chroma420": jpeg(rgb), "chroma422": jpeg(rgb, subsampling=1), "chroma444": jpeg(rgb, subsampling=0),
        "grey": jpeg(rgb, "L"), "progressive": jpeg(rgb, progressive=True),
        "progressive-grey": jpeg(rgb, "L", progressive=True), "stored-rgb": jpeg(rgb, keep_rgb=True),
        "restarts": jpeg(rgb, restart_marker_blocks=1), "profile": jpeg(rgb, icc_profile=profile),
        "scans100": jpeg_with_scans(HEIGHT, WIDTH, 100),
        "exif-damaged": jpeg(rgb, exif=b"Exif\0\0" + exif(6, "<")[:12] + b"\xff" * 5),
        "exif-orientation0": jpeg(rgb, exif=b"Exif\0\0" + exif(0, "<")),
        "exif-big-endian": jpeg(stored_as(rgb, 8), exif=b"Exif\0\0" + exif(8, ">")),
    }
    for orientation in range(1, 9):
        files[f"exif-orientation{orientation}"] = jpeg(
            stored_as(rgb, orientation), exif=b"Exif\0\0" + exif(orientation, "<"))
    zoo = {}
    for name, data in files.items():
        decoded = Image.open(io.BytesIO(data))
        if name != "exif-damaged":
            decoded = ImageOps.exif_transpose(decoded)
        zoo[f"{name}.jpg"] = (data, np.asarray(decoded.convert("RGB")))
    return zoo


def segment(marker, payload):
    return struct.pack(">HH", 0xFF00 | marker, len(payload) + 2) + payload


def jpeg_with_scans(height, width, scans):
    """A valid grey progressive JPEG of up to 190 scans in which, after the first, nothing happens."""
    blocks = -(-height // 8) * -(-width // 8)
    bits = ""
    left = blocks
    while left:  # runs of blocks without a coefficient: category in 4 bits, then the run without its leading one
        run = min(left, 32767)
        bits += f"{run.bit_length() - 1:04b}" + f"{run:b}"[1:]
        left -= run
    empty = pack(bits)
    out = b"\xff\xd8" + segment(0xDB, bytes([0]) + bytes([1] * 64))
    out += segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0]))
    out += segment(0xC4, bytes([0]) + bytes([1] + [0] * 15) + bytes([0]))
    out += segment(0xC4, bytes([0x10]) + bytes([0, 0, 0, 15] + [0] * 12) + bytes(r << 4 for r in range(15)))
    out += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + pack("0" * blocks)
    steps = [(k, shift) for shift in (0x02, 0x21, 0x10) for k in range(1, 64)]
    for k, shift in steps[: scans - 1]:
        out += segment(0xDA, bytes([1, 1, 0, k, k, shift])) + empty
    return out + b"\xff\xd9"


def pack(bits):
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    return data.replace(b"\xff", b"\xff\0")


def with_jpeg_size(data, height, width):
    at = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC2))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def with_png_size(data, height, width):
    header = struct.pack(">II", width, height) + data[24:29]
    return data[:8] + chunk(b"IHDR", header) + data[33:]


# BMP and TIFF


def bmp(pixels, bits, from_above=False, header=40, palette=None):
    """Of [height, width, 3], or for 8 bits of indices [height, width]."""
    height, width = pixels.shape[:2]
    if bits == 8:
        rows = pixels.astype(np.uint8)
    else:
        rows = pixels[..., ::-1].astype(np.uint8)
        if bits == 32:
            rows = np.dstack([rows, np.full((height, width), 255, np.uint8)])
        rows = rows.reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    if not from_above:
        rows = rows[::-1]
    colours = b"" if palette is None else np.pad(palette[:, ::-1], ((0, 0), (0, 1))).astype(np.uint8).tobytes()
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF) if header > 40 else b""
    start = 14 + header + len(colours)
    info = struct.pack(
        "<IiiHHIIiiII", header, width, -height if from_above else height, 1, bits, 3 if header > 40 else 0,
        rows.size, 2835, 2835, 0 if palette is None else len(palette), 0)
    info += masks + bytes(header - 40 - len(masks))
    return b"BM" + struct.pack("<IHHI", start + rows.size, 0, 0, start) + info + colours + rows.tobytes()


def tiff(pixels, compression, **options):
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, "TIFF", compression=compression, **options)
    return out.getvalue()


def tiff_rgb16(samples, order):
    """Uncompressed, one strip; Pillow writes none with 16 bits a colour."""
    height, width = samples.shape[:2]
    data = samples.astype(order + "u2").tobytes()
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, None), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, None),
        (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(data)), (40000, 3, 1, 7),
    ]
    end = 8 + 2 + 12 * len(entries) + 4
    values = {258: end, 273: end + 6}
    out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        value = values.get(tag, value)
        packed = struct.pack(order + "HH", value, 0) if kind == 3 and count == 1 else struct.pack(order + "I", value)
        out += struct.pack(order + "HHI", tag, kind, count) + packed
    return out + struct.pack(order + "I", 0) + struct.pack(order + "HHH", 16, 16, 16) + data


def formats():
    rng = np.random.default_rng(9)
    rgb = picture(HEIGHT, WIDTH, 5)
    grey = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    deep = rng.integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)
    colour = rng.integers(0, 65536, (HEIGHT, WIDTH, 3))
    palette = rng.integers(0, 256, (200, 3), dtype=np.uint8)
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    index = rng.integers(0, 200, (HEIGHT, WIDTH))
    wide = expected(grey[..., None])
    made = {
        "bits24.bmp": (bmp(rgb, 24), rgb), "bits24-from-above.bmp": (bmp(rgb, 24, True), rgb),
        "bits32.bmp": (bmp(rgb, 32), rgb), "masks32.bmp": (bmp(rgb, 32, header=124), rgb),
        "grey8.bmp": (bmp(grey, 8, palette=ramp), wide),
        "palette8.bmp": (bmp(index, 8, palette=palette), expected(palette[index])),
        "grey16-deflate.tif": (tiff(deep, "tiff_adobe_deflate"), expected(to_8_bit(deep[..., None], 16))),
        "grey16-raw.tif": (tiff(deep, None), expected(to_8_bit(deep[..., None], 16))),
        "rgb16-little.tif": (tiff_rgb16(colour, "<"), expected(to_8_bit(colour, 16))),
        "rgb16-big.tif": (tiff_rgb16(colour, ">"), expected(to_8_bit(colour, 16))),
        "palette8-lzw.tif": (tiff(Image.fromarray(rgb).quantize(64), "tiff_lzw"),
                             np.asarray(Image.fromarray(rgb).quantize(64).convert("RGB"))),
        "turned.tif": (tiff(stored_as(rgb, 6), None, tiffinfo={274: 6}), rgb),
    }
    for kind, name in ((None, "raw"), ("tiff_lzw", "lzw"), ("tiff_adobe_deflate", "deflate"), ("packbits", "packbits")):
        made[f"rgb8-{name}.tif"] = (tiff(rgb, kind), rgb)
        made[f"grey8-{name}.tif"] = (tiff(grey, kind), wide)
    return made


def refused():
    rgb = picture(HEIGHT, WIDTH, 3)
    cmyk = jpeg(rgb, "CMYK")
    adobe = cmyk.index(b"Adobe") + 11  # the byte that says how the four channels are coded
    return {
        "cmyk.jpg": cmyk[:adobe] + b"\0" + cmyk[adobe + 1 :],
        "ycck.jpg": cmyk[:adobe] + b"\2" + cmyk[adobe + 1 :],
        "scans101.jpg": jpeg_with_scans(64, 64, 101),
        "jpeg-in.tif": tiff(rgb, "jpeg"),
        "float.tif": tiff(rgb[..., 0].astype(np.float32), None),
        "side30000.bmp": bmp(rgb, 24)[:18] + struct.pack("<ii", 30000, 30000) + bmp(rgb, 24)[26:],
        "bits16.bmp": bmp(rgb, 24)[:28] + struct.pack("<H", 16) + bmp(rgb, 24)[30:],
        "side1.png": png(rgb[:1, :1], 8, 2),
        "side1.jpg": jpeg(rgb[:1, :1]),
        "side30000.jpg": with_jpeg_size(jpeg(rgb), 30000, 30000),
        "side30000.png": with_png_size(png(rgb, 8, 2), 30000, 30000),
        "side65500.jpg": with_jpeg_size(jpeg(rgb, progressive=True), 65500, 65500),
        "side2147483647.png": with_png_size(png(rgb, 8, 2), 2**31 - 1, 2**31 - 1),
        "pixels56000000.jpg": with_jpeg_size(jpeg(rgb), 7000, 8000),
        "pixels56000000.png": with_png_size(png(rgb, 8, 2), 7000, 8000),
    }


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/CoreTests/Fixtures/imaging")
    for folder in ("zoo", "formats", "refused", "resize"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name, (data, pixels) in {**png_zoo(), **jpeg_zoo()}.items():
        assert pixels.shape == (HEIGHT, WIDTH, 3), name
        (out / "zoo" / name).write_bytes(data)
        (out / "zoo" / name).with_suffix(".rgb").write_bytes(pixels.tobytes())
    for name, (data, pixels) in formats().items():
        assert pixels.shape == (HEIGHT, WIDTH, 3), name
        (out / "formats" / name).write_bytes(data)
        (out / "formats" / name).with_suffix(".rgb").write_bytes(pixels.tobytes())
    for name, data in refused().items():
        (out / "refused" / name).write_bytes(data)
    source = Image.fromarray(picture(53, 37, 4))
    source.save(out / "resize" / "source.png")
    for name, kind in (("bicubic", Image.Resampling.BICUBIC), ("bilinear", Image.Resampling.BILINEAR)):
        for height, width in ((19, 23), (80, 111), (16, 120), (90, 16), (53, 16), (17, 37), (16, 36)):
            source.resize((width, height), kind).save(out / "resize" / f"{name}-{height}x{width}.png")


if __name__ == "__main__":
    main()
