#!/usr/bin/env python3
"""Checks what the compiler cannot (ARCHITECTURE.md): who may import what, that the folders of a target use each other one way,
that files stay short, that the journeys which ARCHITECTURE.md tells exist.

Folders are judged by names: a file uses another folder if it names what only that folder declares (a type, a function, a constant, or
a member of an extension)."""
import collections
import pathlib
import re
import sys

# Who may import what: modules of ours and libraries. A star stands for any ending. What Swift and the system bring is free.
MAY_IMPORT = {
    "Platform": "CCrypto CFiles",
    "Core": "Platform CKernels COpenBLAS CJPEG CPNG CTIFF CZlib",
    "TOML": "Platform",
    "Settings": "Platform TOML Core",
    "ControlProtocol": "",
    "ControlClient": "Platform ControlProtocol CCurl",
    "Journal": "Platform ControlProtocol",
    "RecipeFile": "Platform ControlProtocol",
    "Page": "",
    "Statistics": "Platform ControlProtocol",
    "JournalIndex": "Platform ControlProtocol Journal Statistics CSQLite",
    "Arguments": "Settings ArgumentParser",
    "Capture": "Platform Core Settings ControlProtocol CV4L2",
    "LineIO": "Platform Settings CGPIO",
    "Daemon": "Platform Core TOML Settings Capture LineIO ControlProtocol Journal RecipeFile Statistics JournalIndex Page CGPIO"
              " CSystemd HTTPTypes Hummingbird* Logging NIO* ServiceLifecycle",
    "fsacd": "Platform TOML Settings Arguments ControlProtocol Daemon ArgumentParser Logging",
    "fsacctl": "Platform Core TOML Settings Arguments Capture LineIO ControlProtocol ControlClient Journal RecipeFile"
               " ArgumentParser",
    "Gateway": "Platform TOML ControlProtocol ControlClient CMosquitto CSystemd",
    "fsac-gateway": "Platform TOML ControlProtocol Gateway ArgumentParser",
    "TestSupport": "Platform Core",
}
FREE = "Foundation FoundationEssentials Glibc Synchronization"
# Of what a target may import, what only one place in it may.
ONLY_IN = {
    "COpenBLAS": "Core/Numerics/", "CJPEG": "Core/Imaging/", "CPNG": "Core/Imaging/", "CTIFF": "Core/Imaging/",
    "CZlib": "Core/Weights/",
    "CCrypto": "Platform/", "CFiles": "Platform/Files/", "CCurl": "ControlClient/Exchange.swift",
    "CMosquitto": "Gateway/MQTT/",
}
# Core computes: it has no threads of its own (WorkerPool lends it the caller's helpers), no clock, no log and no network.
NOT_IN_CORE = ("Thread NamedThread WorkLane Monitor pthread_create ContinuousClock SuspendingClock MonotonicTime Moment WallTime"
               " clock_gettime print URLSession")
# What a terminal would obey in a name does not reach it: fsacctl writes by Terminal alone, which sees to that.
NOT_IN_FSACCTL = "print debugPrint dump fputs puts FileHandle"
ONE_WAY = ["Platform", "Core", "Capture", "Daemon", "Gateway"]
LONGEST_FILE = 400

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "Sources"
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+ +)*(?:(?:public|package|internal|private|fileprivate) +)?"
    r"import +(?:(?:struct|class|enum|func|protocol|typealias|let|var) +)?(\w+)", re.M)
TYPES = {"struct", "class", "enum", "protocol", "actor", "extension", "typealias"}
VALUES = {"func", "var", "let", "case"}
DECLARED = re.compile(r"\b(?:struct|class|enum|protocol|actor|typealias|func|let|var|case|for)\s+(\w+)|(\w+)\s*:|<(\w+)>")


def code(path):
    """The source without comments, and of texts only what is computed in them."""
    text = re.sub(r"//.*", "", path.read_text())
    text = re.sub(r'"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"', lambda m: " ".join(re.findall(r"\\\((.*?)\)", m[0])) + ' ""', text)
    return text


class File:
    """A source file: what it offers to other files, and what it could use of them."""

    def __init__(self, path):
        self.path = path.relative_to(SOURCES)
        self.target = self.path.parts[0]
        self.folder = self.path.parts[1] if len(self.path.parts) > 2 else "."
        self.types, self.values, self.members, self.all = set(), set(), set(), set()
        text = code(path)
        self.own = {name for match in DECLARED.findall(text) for name in match if name}
        # A label of an argument is followed by a colon or by another name; a member of the type at hand is called.
        self.plain = set(re.findall(r"(?<![.\w])(?:[A-Z]\w*|[a-z_]\w*\b(?!\s*:))", text))
        self.members_used = set(re.findall(r"(?<=\.)[A-Za-z_]\w*|(?<![.\w])[a-z_]\w*(?=\()", text))
        self._declarations(re.findall(r"[{}\n;]|\w+", text))

    def _declarations(self, tokens):
        scopes, opening, hidden = [], "code", False
        for token, name in zip(tokens, tokens[1:] + [""]):
            if token == "{":
                scopes.append(opening)
                opening, hidden = "code", False
            elif token == "}":
                scopes = scopes[:-1]
            elif token in "\n;":
                hidden = False
            elif token in ("private", "fileprivate"):
                hidden = True
            elif token in TYPES | VALUES and name.isidentifier() and "code" not in scopes:
                opening = {"extension": "extension", "typealias": "code"}.get(token, "type" if token in TYPES else "code")
                if token == "extension":
                    continue
                self.all.add(name)
                if not scopes and not hidden:
                    (self.types if token in TYPES else self.values).add(name)
                elif scopes == ["extension"] and not hidden and token != "case":
                    self.members.add(name)


def edges(target, everything):
    """From folder to folder of a target: which file uses which name of which file. A name that two folders declare, be it of
    another target, says nothing."""
    homes = collections.defaultdict(set)
    for file in everything:
        for name in file.all:
            homes[name].add((file.target, file.folder))
    files = [file for file in everything if file.target == target]
    offered = {}
    for file in files:
        for kind in ("types", "values", "members"):
            for name in getattr(file, kind):
                if len(homes[name]) == 1:
                    offered[name] = (kind, file)
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for file in files:
        for name in sorted(file.plain | file.members_used):
            kind, home = offered.get(name, (None, file))
            used = file.members_used if kind == "members" else file.plain
            if home.folder != file.folder and name in used and name not in file.own:
                found[file.folder][home.folder].append(f"{file.path} uses {name} of {home.path}")
    return found


def circle(found):
    """Folders that use each other in a circle, the first again at the end; None if none do."""
    done = set()

    def search(folder, way):
        if folder in way:
            return way[way.index(folder):] + [folder]
        if folder in done:
            return None
        for other in sorted(found.get(folder, {})):
            if circle := search(other, way + [folder]):
                return circle
        done.add(folder)
        return None

    return next(filter(None, (search(folder, []) for folder in sorted(found))), None)


def hops():
    """Of the tables of journeys in ARCHITECTURE.md: each row's file, and the functions of it that are named."""
    for row in re.findall(r"^\|.*\|$", (SOURCES.parent / "ARCHITECTURE.md").read_text(), re.M):
        cells = [re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:-1]]
        if len(cells) == 4 and cells[1]:
            yield cells[1][0], cells[2]


def problems():
    swift = sorted(SOURCES.rglob("*.swift"))
    for path in swift:
        place = path.relative_to(SOURCES).as_posix()
        target = place.split("/")[0]
        if target not in MAY_IMPORT:
            yield f"Sources/{place}: {target} has no row in MAY_IMPORT"
            continue
        allowed = MAY_IMPORT[target].split() + FREE.split()
        for module in IMPORT.findall(path.read_text()):
            if not any(module == name or name.endswith("*") and module.startswith(name[:-1]) for name in allowed):
                yield f"Sources/{place}: {target} may not import {module}"
            elif not place.startswith(ONLY_IN.get(module, "")):
                yield f"Sources/{place}: only Sources/{ONLY_IN[module]} may import {module}"
        if target == "Core":
            for name in sorted(set(re.findall(r"(?<![.\w])\w+", code(path))) & set(NOT_IN_CORE.split())):
                yield f"Sources/{place}: Core has no threads, clock, log or network of its own, got {name}"
        if target == "fsacctl":
            for name in sorted(set(re.findall(r"(?<![.\w])\w+", code(path))) & set(NOT_IN_FSACCTL.split())):
                yield f"Sources/{place}: fsacctl writes by Terminal, got {name}"
    files = [File(path) for path in swift]
    for target in ONE_WAY:
        found = edges(target, files)
        if way := circle(found):
            yield f"folders of {target} use each other in a circle: " + " -> ".join(way)
            for folder, other in zip(way, way[1:]):
                yield from ("    " + use for use in found[folder][other][:3])
    texts = {path.name: path.read_text() for path in swift}
    for file, functions in hops():
        for name in functions:
            if not re.search(rf"\b(?:func|var|let) {name}\b|\b{name}\(", texts.get(file, "")):
                yield f"ARCHITECTURE.md: a journey names {name} of {file}, which is not there"
    for path in [*swift, *sorted((SOURCES.parent / "Tests").rglob("*.swift"))]:
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE:
            yield f"{path.relative_to(SOURCES.parent)}: expected at most {LONGEST_FILE} lines, got {lines}: split it"


found = list(problems())
for problem in found:
    print("check: " + problem, file=sys.stderr)
sys.exit(1 if found else 0)
