#!/usr/bin/env python3
"""Writes the table of HTML's named character references for Core/Backbones/CLIP.

    make_html_entities.py Sources/Core/Backbones/CLIP/HTMLEntityTable.swift

The names are those of the HTML standard, section 13.5, as Python's html.entities has them. One word a name:
`name=code points in hexadecimal`; `!` before the equals sign when the name also counts without its semicolon.
"""
import html.entities
import sys
import textwrap

HEAD = '''/// HTML's named character references, a word each: the name, `!` if it also counts without a semicolon, `=`, and the code
/// points in hexadecimal. Written by Tools/make_html_entities.py from the HTML standard, section 13.5.
let htmlEntityTable = """
'''


def main(path):
    table = html.entities.html5
    words = []
    for name in sorted(table):
        if not name.endswith(";"):
            assert table[name + ";"] == table[name]
            continue
        bare = "!" if name[:-1] in table else ""
        words.append(f"{name[:-1]}{bare}={','.join(f'{ord(c):x}' for c in table[name])}")
    lines = textwrap.wrap(" ".join(words), 116, break_long_words=False, break_on_hyphens=False)
    with open(path, "w") as file:
        file.write(HEAD + "".join(f"    {line}\n" for line in lines) + '    """\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
