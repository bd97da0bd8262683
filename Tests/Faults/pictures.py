"""Pictures of parts, made by seeded code with nothing but the standard library: a woven stripe pattern with noise, good
or with a dark blot."""

import math
import random
import struct
import zlib

HEIGHT, WIDTH = 96, 128


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, depth=8, colour=2, before=b"", interlaced=0):
    """A PNG of `rows`, each the bytes of a row of pixels; `before`: chunks in front of the pixels."""
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def part(seed, has_blot):
    noise = random.Random(seed)
    rows = []
    for row in range(HEIGHT):
        pixels = bytearray()
        for column in range(WIDTH):
            grey = 110 + 50 * math.sin(row / 5) + 25 * math.sin(column / 3) + noise.randrange(13) - 6
            if has_blot and math.hypot(row - HEIGHT / 3, column - WIDTH / 2) < 14:
                grey = 15
            pixels += bytes((max(0, min(255, int(grey))),)) * 3
        rows.append(bytes(pixels))
    return png(WIDTH, HEIGHT, rows)


def good(seed):
    return part(seed, False)


def defective(seed):
    return part(seed, True)


SHOTS = [good(1), good(2), good(3)]

# As the line replays them. A name says what the part is: whoever calls a `defect` OK has made a false OK.
PARTS = {"1-good.png": good(4), "2-defect.png": defective(5), "3-good.png": good(6), "4-defect.png": defective(7)}

# Files that are no picture; what is replayed of them is INVALID.
DAMAGED = {"5-damaged-cut.png": good(8)[:900], "6-damaged-text.png": b"PK this is no picture, whatever its name says"}
