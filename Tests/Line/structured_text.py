"""Runs a program in structured text (IEC 61131-3), as far as the one in docs/modbus.md goes: assignments, IF, TON."""
import re
import time


class TON:
    """An on-delay timer."""

    def __init__(self):
        self.since, self.Q = None, False

    def __call__(self, IN, PT):
        if not IN:
            self.since = None
        elif self.since is None:
            self.since = time.monotonic()
        self.Q = self.since is not None and time.monotonic() - self.since >= PT


def program(document):
    """The text of the first block of structured text."""
    return re.search(r"```iecst\n(.*?)```", document, re.DOTALL)[1]


def compiled(text):
    """What one scan does, to be run by `exec` on a dictionary of variables."""
    text = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
    lines, depth = [], 0
    for statement in re.findall(r"\s*((?:ELSIF|IF)\b.*?\bTHEN\b|ELSE\b|[^;]*;)", text, re.DOTALL):
        statement = " ".join(statement.split()).rstrip(";").strip()
        if not statement:
            continue
        if statement == "END_IF":
            depth -= 1
            continue
        opens = statement.endswith("THEN") or statement == "ELSE"
        if statement.startswith(("ELSIF", "ELSE")):
            depth -= 1
        lines.append("    " * depth + translated(statement))
        depth += opens
    assert depth == 0, "IF without END_IF"
    return compile("\n".join(lines), "docs/modbus.md", "exec")


def translated(statement):
    if call := re.fullmatch(r"(\w+)\((.*)\)", statement):
        arguments = [expression(part.split(":=")[1]) for part in call[2].split(",")]
        return f"{call[1]}({', '.join(arguments)})"
    if test := re.fullmatch(r"(IF|ELSIF) (.*) THEN", statement):
        return f"{'if' if test[1] == 'IF' else 'elif'} {expression(test[2])}:"
    if statement == "ELSE":
        return "else:"
    name, value = statement.split(":=")
    return f"{name.strip()} = {expression(value)}"


def expression(text):
    text = re.sub(r"T#(\d+)ms", lambda match: str(int(match[1]) / 1000), text)
    text = re.sub(r"T#(\d+)s", r"\1", text)
    text = text.replace("<>", "!=")
    text = re.sub(r"(?<![<>!:])=", "==", text)
    words = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False"}
    return re.sub(r"\b(AND|OR|NOT|TRUE|FALSE)\b", lambda match: words[match[1]], text).strip()
