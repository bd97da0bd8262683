#!/usr/bin/env python3
"""Makes the post-trained weights of the original ones and their difference, with nothing but Python: what `make weights` does.

    apply_delta.py NAME ORIGINAL DELTA OUT     safetensors; ORIGINAL in float32, DELTA as delta.py writes it

NAME is fsac-vit-small, of which the first eight blocks are kept, or fsac-lite0, of which all is. In float32: original + int8 x step,
a step a row. Every machine makes the same bytes, whose SHA-256 is checked.
"""

import array
import hashlib
import json
import struct
import sys

SHA256 = {
    "fsac-vit-small": "83baf28e5fb648f6d94481bb2d71be80b639054d5bdf6110ecc500d143b9e5d1",
    "fsac-lite0": "1ad0a7fcf4f961bf91e52670223bbd2a435b565f6fde3e31da49a0ab5b2aaa4d",
}
BLOCKS = 8


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
    """Of a transformer all before its ninth block; a convolutional network has no tensors of these names."""
    parts = name.split(".")
    return int(parts[2]) < BLOCKS if parts[:2] == ["encoder", "layer"] else parts[0] != "layernorm"


def main(model, original_path, delta_path, out):
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
    if found != SHA256[model]:
        sys.exit(f"{out}: expected sha-256 {SHA256[model]}, got {found}: {original_path} or {delta_path} is not the one it was made of")
    with open(out, "wb") as file:
        file.write(whole)


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in SHA256:
        sys.exit(__doc__)
    main(*sys.argv[1:])
