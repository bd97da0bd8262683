#!/usr/bin/env python3
"""Makes the post-trained weights of the original ones and their difference, with nothing but Python: what `make weights` does.

    apply_delta.py ORIGINAL DELTA OUT     safetensors; ORIGINAL in float32, DELTA as delta.py writes it

The first eight blocks are kept, in float32: original + int8 x step, a step a row. Every machine makes the same bytes, whose SHA-256
is checked.
"""

import array
import hashlib
import json
import struct
import sys

BLOCKS = 8
SHA256 = "83baf28e5fb648f6d94481bb2d71be80b639054d5bdf6110ecc500d143b9e5d1"


def tensors(path):
    """{name: (type, shape, bytes)}"""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    entries = json.loads(data[8 : 8 + length])
    entries.pop("__metadata__", None)
    return {
        name: (entry["dtype"], entry["shape"], data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]])
        for name, entry in entries.items()
    }


def numbers(code, data):
    values = array.array(code, data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def changed(original, difference, steps):
    width = len(original) // len(steps)
    result = array.array("f")
    for row, step in enumerate(steps):
        start = row * width
        result.extend(
            value + change * step
            for value, change in zip(original[start : start + width], difference[start : start + width])
        )
    return result


def is_kept(name):
    parts = name.split(".")
    return parts[0] == "embeddings" or (parts[:2] == ["encoder", "layer"] and int(parts[2]) < BLOCKS)


def main(original_path, delta_path, out):
    original, delta = tensors(original_path), tensors(delta_path)
    header, body = {}, bytearray()
    for name in sorted(filter(is_kept, original)):
        kind, shape, data = original[name]
        if kind != "F32":
            sys.exit(f"{original_path}: {name}: expected F32, got {kind}: import the weights anew with `make weights`")
        values = numbers("f", data)
        if name in delta:
            values = changed(values, numbers("b", delta[name][2]), numbers("f", delta[name + ".step"][2]))
        if sys.byteorder == "big":
            values.byteswap()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + 4 * len(values)]}
        body += values.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    whole = struct.pack("<Q", len(text)) + text + bytes(body)
    found = hashlib.sha256(whole).hexdigest()
    if found != SHA256:
        sys.exit(f"{out}: expected sha-256 {SHA256}, got {found}: {original_path} or {delta_path} is not the one it was made of")
    with open(out, "wb") as file:
        file.write(whole)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
