#!/usr/bin/env python3
"""Writes 10,000 seeded texts and what OpenCLIP's tokenizer makes of them.

    make_tokenizer_fixtures.py DIRECTORY [VOCABULARY]

Without VOCABULARY (a bpe_simple_vocab_16e6.txt.gz) a small one is trained on the texts of this script, which is what
Tests/CoreTests/Fixtures/clip/tokenizer has; with the real one, which the open_clip package carries, `make parity` has the whole
check. DIRECTORY gets the vocabulary and texts.gz: one line a text, the FNV-1a hash of its 77 tokens (4 bytes each,
little-endian) in hexadecimal, a space and the text as JSON. Written with open_clip 3.3, ftfy 6.3.1, regex 2026.11, Python 3.11.

Texts that the reference repairs (ftfy, HTML's references, control characters) are drawn again: this our tokenizer does not do.
How many they were is printed.
"""
import collections
import gzip
import html
import json
import os
import random
import shutil
import struct
import sys
import unicodedata

import ftfy
import open_clip.tokenizer as reference

COUNT = 10_000
MERGES = 700

WORDS = (
    "bottle cap cable capsule carpet grid hazelnut leather metal nut pill screw tile toothbrush transistor wood zipper candle "
    "cashew chewing gum fryum macaroni circuit board flawless perfect unblemished damaged flaw defect damage photo cropped "
    "close-up bright dark jpeg corrupted blurry small large visual inspection anomaly detection printed PCB M6 connector"
).split()
TEMPLATES = ["a photo of a {}.", "a cropped photo of the {}.", "a {} for visual inspection.", "{} without flaw", "damaged {}",
             "a jpeg corrupted photo of a {} with defect"]
SCRIPTS = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
           (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x214F), (0x2190, 0x22FF), (0x2460, 0x24FF), (0x3040, 0x30FF),
           (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB06), (0xFF00, 0xFFEF), (0x1F300, 0x1FAFF), (0x300, 0x36F)]
SPECIAL = ["<start_of_text>", "<end_of_text>", "<START_OF_TEXT>", "it's", "they're", "I'll", "can't", "we'd", "I'm", "I've", "'\u017f",
           "'S", "\u03a3\u03a3", "\u039f\u03a3.", "\u03a3", "\u0130", "\u00df", "\u1e9e", "\u3000", "\u00a0", "\u2028", "\u2029",
           "e\u0301", "a\u030a\u0323", "\u1100\u1161\u11a8", "\U0001f468\u200d\U0001f469", "\u2126", "\u212b", "\u0344", "\u0345",
           "\u0f73", "1234", "\u0661\u0662", "\u00bd", "\u2163", "\u2460"]
AMPERSANDS = ["&", "&;", "&#;", "R&D", "Q&A;", "nut & bolt", "a&b", "&&", "&#xZZ;", "fish&chips"]


def character(draw):
    """An assigned character that is no surrogate and not private."""
    while True:
        low, high = draw.choice(SCRIPTS) if draw.random() < 0.8 else (0x20, 0x2FFFF)
        text = chr(draw.randint(low, high))
        if unicodedata.category(text) not in ("Cn", "Cs", "Co"):
            return text


def prompt(draw):
    return draw.choice(TEMPLATES).format(" ".join(draw.choices(WORDS, k=draw.randint(1, 3))))


def text(draw, index):
    if index == 0:
        return ""
    kind = index % 10
    if kind < 3:
        return prompt(draw)
    if kind < 6:
        return "".join(character(draw) for _ in range(draw.randint(1, 12)))
    if kind == 6:
        return " ".join(draw.choice([draw.choice(AMPERSANDS), draw.choice(WORDS)]) for _ in range(draw.randint(1, 5)))
    if kind == 7:
        return "".join(draw.choice([draw.choice(SPECIAL), draw.choice(WORDS), " "]) for _ in range(draw.randint(1, 8)))
    if kind == 8:
        return draw.choice([" ", "  ", "<b>", ""]).join(
            draw.choice([draw.choice(AMPERSANDS), draw.choice(SPECIAL), character(draw), prompt(draw)]) for _ in range(3))
    if index % 500 == 9:
        return draw.choice(["ab", "\u00e9", "\u4e2d ", "1", "!?", "a "]) * draw.randint(200, 2000)
    return prompt(draw).swapcase() + character(draw) + prompt(draw).title()


def is_repaired(value):
    """Whether the reference takes the text for another one than its composed form; white space does not count."""
    if any(unicodedata.category(c) == "Cc" for c in value):
        return True
    repaired = html.unescape(html.unescape(ftfy.fix_text(value)))
    return repaired.split() != unicodedata.normalize("NFC", value).split()


def train(path):
    """Byte pairs of the words above; the pair that comes oftenest, of equals the first in the alphabet."""
    draw = random.Random(1)
    encoder = reference.bytes_to_unicode()
    corpus = " ".join(WORDS * 3 + TEMPLATES * 5) + " " + " ".join(
        "".join(character(draw) for _ in range(4)) for _ in range(400))
    counts = collections.Counter()
    for word in reference.whitespace_clean(corpus).lower().split():
        symbols = [encoder[b] for b in word.encode()]
        counts[tuple(symbols[:-1]) + (symbols[-1] + "</w>",)] += 1
    merges, tokens = [], set()
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, count in counts.items():
            for pair in zip(word, word[1:]):
                if "".join(pair) not in tokens:
                    pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        tokens.add("".join(best))
        joined = collections.Counter()
        for word, count in counts.items():
            new, index = [], 0
            while index < len(word):
                if word[index:index + 2] == best:
                    new.append("".join(best))
                    index += 2
                else:
                    new.append(word[index])
                    index += 1
            joined[tuple(new)] += count
        counts = joined
    # No line feed at the end: the reference would take the empty line for one more merge.
    body = "\n".join(['"bpe of a test"'] + [" ".join(pair) for pair in merges])
    with open(path, "wb") as file:
        file.write(gzip.compress(body.encode(), mtime=0))


def fnv(tokens):
    value = 0x811C9DC5
    for byte in struct.pack(f"<{len(tokens)}i", *tokens):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def main(directory, vocabulary=None):
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "bpe_simple_vocab_16e6.txt.gz")
    shutil.copyfile(vocabulary, path) if vocabulary else train(path)
    tokenizer = reference.SimpleTokenizer(path)
    draw = random.Random(2026)
    lines, again = [], 0
    while len(lines) < COUNT:
        value = text(draw, len(lines))
        if is_repaired(value):
            again += 1
            continue
        tokens = tokenizer(value)[0].tolist()
        lines.append(f"{fnv(tokens):08x} {json.dumps(value, ensure_ascii=False)}")
    with open(os.path.join(directory, "texts.gz"), "wb") as file:
        file.write(gzip.compress("\n".join(lines).encode(), mtime=0))
    print(f"{COUNT} texts, {tokenizer.vocab_size} tokens; {again} texts that are repaired drawn again")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
