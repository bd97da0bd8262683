"""The journals as an outsider reads them."""

import json


def read(folder):
    """By number what the segments have of it, the newest segment last; lines with a wrong checksum are not there."""
    records = {}
    for path in sorted(folder.glob("[0-9]*.jsonl")):
        for text in path.read_bytes().split(b"\n"):
            if text.startswith(b'{"seq":') and is_sound(text):
                record = json.loads(text)
                records.setdefault(record["seq"], []).append(record)
    return records


def events(state):
    """The event journal's lines, in their order."""
    return [records[-1] for _, records in sorted(read(state / "events").items())]


def gaps(folder):
    """Numbers that the journal says were left out, after an end that nobody asked for."""
    found = set()
    for path in folder.glob("[0-9]*.jsonl"):
        for text in path.read_bytes().split(b"\n"):
            if text.startswith(b'{"type":"gap"') and is_sound(text):
                gap = json.loads(text)
                found.add((gap["from"], gap["to"]))
    return found


def _checksums():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _checksums()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


def is_sound(text):
    """Whether a line of the journal is whole and has the checksum of what it says."""
    body, mark, checksum = text.rpartition(b',"crc":"')
    return bool(mark) and checksum == b'%08x"}' % crc32c(body)
