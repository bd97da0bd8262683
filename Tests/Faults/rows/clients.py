"""Clients that are deaf, many, slow, malformed or gone (rows P5 to P8, H1, H2, H5)."""

import contextlib
import json
import random
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime

from lines import Ended, Line
from rig import expect, memory_limit, seconds_until, step

HEAD = b"HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\n"


def quietly(call):
    try:
        return call()
    except (OSError, Ended, AssertionError, ValueError):
        return None


@step("P4", "63 uploads of 32 MiB at once: within the unit's memory, health answers meanwhile, operators get a reply")
def _(folder):
    with memory_limit(1024) as (move, killed):
        with Line(folder, rate=10).prepare() as line:
            line.watch().start()
            line.verdicts(5)
            move(line.process.pid)
            body = random.Random(1).randbytes((32 << 20) - 1)
            codes, waits = {}, []

            def send():
                reply = quietly(lambda: line.add(body, "force=true&dry_run=true", 60))
                code = reply.code if reply else "closed"
                codes[code] = codes.get(code, 0) + 1

            threads = [threading.Thread(target=send, daemon=True) for _ in range(63)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                begin = time.monotonic()
                expect(quietly(lambda: line.health(60)) is not None, f"no health; running: {line.is_running()}")
                waits.append(time.monotonic() - begin)
                time.sleep(0.2)
            expect(line.is_running(), f"killed {killed()} times, answers {codes}")
            line.verdicts(5)
            peak = line.memory("VmHWM")
            line.stop()
            answers = ", ".join(f"{count} x {code}" for code, count in sorted(codes.items(), key=str))
            return f"{answers}; {peak:.0f} MiB at most, health within {max(waits, default=0):.1f} s"


@step("P5", "20 clients of tail that do not read hold nothing up, and are told what they missed")
def _(folder):
    with Line(folder, rate=200).prepare() as line:
        line.watch().start()
        line.verdicts(20)
        memory, before = line.memory(), line.status()
        deaf = []
        for _ in range(20):
            connection = line.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /v1/tail?last=0 " + HEAD + b"\r\n")
            deaf.append(connection)
        time.sleep(12)
        after = line.status()
        grown = line.memory() - memory
        frames = after["cameras"][0]["frames"] - before["cameras"][0]["frames"]
        dropped = after["cameras"][0]["dropped"] - before["cameras"][0]["dropped"]
        expect(grown < 40, f"{grown:.0f} MiB more for 20 deaf clients")
        expect(line.health() == 200, "not well")
        # One begins to read: every number it gets is there once, or in a gap that is said.
        numbers, gaps = [], []
        deaf[0].settimeout(3)
        with deaf[0].makefile("rb") as lines, contextlib.suppress(OSError):
            for text in lines:
                if text.startswith(b'{"seq":'):
                    numbers.append(json.loads(text)["seq"])
                elif b'"gap"' in text:
                    gaps.append(json.loads(text))
                if numbers and numbers[-1] >= after["storage"]["last_seq"]:
                    break
        holes = [(earlier + 1, later - 1) for earlier, later in zip(numbers, numbers[1:]) if later != earlier + 1]
        said = {(gap["from"], gap["to"]) for gap in gaps}
        expect(set(holes) <= said, f"missing without a word: {[hole for hole in holes if hole not in said][:3]}")
        for connection in deaf:
            connection.close()
        line.stop()
        return (
            f"{frames} frames, {dropped} dropped; {grown:+.0f} MiB; the one that read late got {len(numbers)} lines and"
            f" {len(gaps)} gaps"
        )


def hold(line, first_bytes, count):
    """Connections that have sent this, and send no more."""
    connections = []
    for _ in range(count):
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(str(line.socket))
            if first_bytes:
                connection.send(first_bytes)
            connections.append(connection)
        except OSError:
            connection.close()
    return connections


@step(
    "P6", "1,000 idle and half-open connections: health and fsacctl answer meanwhile, and every descriptor comes back"
)
def _(folder):
    with Line(
        folder, rate=50, control="header_timeout_s = 60\nrequest_timeout_s = 60\nidle_timeout_s = 60"
    ).prepare() as line:
        line.watch().start()
        line.verdicts(10)
        before = line.descriptors()
        figures = []
        for name, first_bytes in (
            ("idle", b""),
            ("half a head", b"GET /healthz HTTP/1.1\r\nHo"),
            (
                "half a body",
                b"POST /v1/normals HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 30000000\r\n\r\nx",
            ),
            ("a tail", b"GET /v1/tail?last=0 " + HEAD + b"\r\n"),
        ):
            connections = hold(line, first_bytes, 1000)
            begin = time.monotonic()
            waits, failures = [], 0
            while time.monotonic() - begin < 4:
                asked = time.monotonic()
                done = line.ctl("status", timeout=60)
                waits.append(time.monotonic() - asked)
                failures += done.returncode != 0
                time.sleep(0.2)
            for connection in connections:
                connection.close()
            expect(line.descriptors() < 4096, f"{line.descriptors()} descriptors")
            expect(
                max(waits) < 15 and not failures,
                f"{name}: root's fsacctl status took {max(waits):.1f} s, {failures} of {len(waits)} failed",
            )
            figures.append(f"{name}: {max(waits):.1f} s")
        seconds_until("the descriptors to come back", lambda: line.descriptors() <= before + 2)
        line.verdicts(10)
        line.stop()
        return "root's fsacctl status took at most " + ", ".join(figures)


MALFORMED = {
    "a long address": b"GET /" + b"a" * 200_000 + b" " + HEAD + b"\r\n",
    "a long header": b"GET /healthz " + HEAD + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "1,000 headers": b"GET /healthz " + HEAD + b"".join(b"X%d: a\r\n" % number for number in range(1000)) + b"\r\n",
    "a header without end": b"GET /healthz " + HEAD + b"X: " + b"a" * 3_000_000,
    "zeros": bytes(1000) + b"\r\n\r\n",
    "no such method": b"FOO /healthz " + HEAD + b"\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "HTTP/3.7": b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n",
    "a negative length": b"POST /v1/refit " + HEAD + b"Content-Length: -1\r\n\r\n",
    "a length of 2^64": (
        b"POST /v1/normals " + HEAD + b"Content-Type: image/png\r\nContent-Length: 18446744073709551616\r\n\r\nxx"
    ),
    "a length of 2^63": (
        b"POST /v1/normals " + HEAD + b"Content-Type: image/png\r\nContent-Length: 9223372036854775807\r\n\r\n"
    ),
    "two lengths": b"POST /v1/refit " + HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "a length and chunks": (
        b"POST /v1/refit " + HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk of 2^64": (
        b"POST /v1/normals "
        + HEAD
        + b"Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"
    ),
    "chunks that are none": b"POST /v1/refit " + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "40 MB behind a GET": b"GET /healthz " + HEAD + b"Content-Length: 40000000\r\n\r\n" + b"x" * 1000,
}

BODIES = {
    "deep brackets": b"[" * 30_000,
    "deep braces": b'{"recipe":' * 6000 + b"1" + b"}" * 6000,
    "a zero byte": b'{"recipe":"a\\u0000b"}',
    "no UTF-8": b'{"recipe":"\xc0\xae\xc0\xae/x"}',
    "twice": b'{"recipe":"part","recipe":"x"}',
    "a path": b'{"recipe":"../../etc"}',
    "1e999": b'{"recipe":1e999}',
    "a long name": b'{"recipe":"' + b"a" * 70_000 + b'"}',
    "blanks": b" " * 300_000,
    "nothing": b"",
    "another key": b'{"recipee":"part"}',
    "a list": b"[]",
    "null": b"null",
}


@step("P7", "requests and bodies that are malformed: refused, no crash, nothing changed, no memory kept")
def _(folder):
    with Line(folder, rate=50, control="header_timeout_s = 2\nrequest_timeout_s = 3").prepare() as line:
        line.watch().start()
        line.verdicts(10)
        memory = line.memory()
        before = {
            key: line.get(path).body
            for key, path in (("limit", "/v1/limit"), ("recipes", "/v1/recipes"), ("shots", "/v1/normals"))
        }
        codes = {}
        for name, data in MALFORMED.items():
            try:
                code = line.exchange(data, 15).code
            except TimeoutError as error:
                raise AssertionError(f"{name}: no answer and no end within 15 s") from error
            except OSError:
                code = 0
            expect(line.is_running(), f"{name}: {line.log()[-300:]}")
            expect(
                code == 0 or 400 <= code < 506 or (code == 200 and name in ("no version", "40 MB behind a GET")),
                f"{name}: {code}",
            )
            codes[code] = codes.get(code, 0) + 1
        routes = (
            ("POST", "/v1/recipes/use"),
            ("POST", "/v1/recipes/copy"),
            ("PUT", "/v1/limit"),
            ("POST", "/v1/trigger"),
            ("POST", "/v1/commission"),
            ("POST", "/v1/models/rollback"),
            ("POST", "/v1/normals"),
        )
        for method, path in routes:
            for name, body in BODIES.items():
                if name == "nothing" and path in ("/v1/models/rollback", "/v1/commission"):
                    continue
                code = line.request(method, path, body).code
                expect(400 <= code < 500, f"{method} {path} with {name}: {code}")
                codes[code] = codes.get(code, 0) + 1
        for path in ("/v1/limit", "/v1/recipes", "/v1/normals", "/v1/status", "/v1/history", "/healthz"):
            code = line.get(f"{path}?recipee=part").code
            expect(code == 400, f"GET {path}?recipee=part: {code}")
        after = {
            key: line.get(path).body
            for key, path in (("limit", "/v1/limit"), ("recipes", "/v1/recipes"), ("shots", "/v1/normals"))
        }
        expect(before == after, f"changed: {[key for key in before if before[key] != after[key]]}")
        grown = line.memory() - memory
        line.verdicts(5)
        line.stop()
        return (
            ", ".join(f"{count} x {code or 'closed'}" for code, count in sorted(codes.items())) + f"; {grown:+.0f} MiB"
        )


@step("P8", "1,000 clients that vanish in the middle of a reply")
def _(folder):
    with Line(folder, rate=100).prepare() as line:
        line.watch().start()
        line.verdicts(200, timeout=60)
        before = line.descriptors()
        for number in range(1000):
            path = (b"/v1/history?since=1&limit=10000", b"/v1/tail?since=1", b"/metrics")[number % 3]
            for connection in hold(line, b"GET " + path + b" " + HEAD + b"\r\n", 1):
                connection.close()
            if number % 20 == 0:
                time.sleep(0.02)
        expect(line.is_running(), line.log()[-600:])
        seconds_until("the descriptors to come back", lambda: line.descriptors() <= before + 2)
        line.verdicts(10)
        expect(line.health() == 200, "not well")
        line.stop()
        return "the line goes on, every descriptor came back"


@step(
    "H1",
    "60 clients that send a byte now and then, after a whole request as well: closed in time, fsacctl answers"
    " meanwhile",
)
def _(folder):
    with Line(
        folder, rate=20, control="header_timeout_s = 2\nrequest_timeout_s = 4\nidle_timeout_s = 4"
    ).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        slow = hold(line, b"", 30)
        used = []
        for _ in range(30):
            connection = line.connect()
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: fsac\r\n\r\n")
            connection.recv(4096)
            connection.setblocking(False)
            used.append(connection)
        open_until, waits = {}, []
        begin = time.monotonic()
        text = b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 200
        number = 0
        while time.monotonic() - begin < 20:
            for connection in slow + used:
                try:
                    connection.send(text[number : number + 1])
                    if connection.recv(4096) == b"":
                        continue
                except BlockingIOError:
                    open_until[connection] = time.monotonic() - begin
                except OSError:
                    continue
            number += 1
            asked = time.monotonic()
            expect(line.ctl("status", timeout=60).returncode == 0, "fsacctl status failed")
            waits.append(time.monotonic() - asked)
            time.sleep(0.4)
        latest = max(open_until.values(), default=0)
        expect(latest < 18, f"a slow connection was open for {latest:.1f} s, the head's time is 2 s")
        line.stop()
        return (
            f"the last one was closed after {latest:.1f} s (2 s for a head, 4 s idle), fsacctl status within"
            f" {max(waits):.1f} s"
        )


@step("H2", "bodies and heads that are too large are refused before they are taken")
def _(folder):
    with Line(folder, rate=20).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        memory = line.memory()
        large = b"Content-Type: image/png\r\nContent-Length: 4000000000\r\n"
        begin = time.monotonic()
        reply = quietly(
            lambda: line.exchange(b"POST /v1/normals?force=true " + HEAD + large + b"\r\n" + bytes(1000), 60)
        )
        code, seconds = reply.code if reply else 0, time.monotonic() - begin
        expect(seconds < 15, f"a body of 4 GB was waited for, {seconds:.0f} s")
        expect(code in (0, 400, 413), f"a body of 4 GB: {code}")
        json_code = line.request("PUT", "/v1/limit", b'{"value":1' + b" " * 2_000_000 + b"}").code
        expect(json_code in (0, 400, 413), f"2 MB of JSON: {json_code}")
        grown = line.memory() - memory
        expect(grown < 20, f"{grown:.0f} MiB more")
        line.verdicts(2)
        line.stop()
        return f"4 GB: {code or 'closed'}; 2 MB of JSON: {json_code or 'closed'}; {grown:+.0f} MiB"


@step("H5", "100 clients of tail: as many as there are places, the others are told, and the line goes on")
def _(folder):
    with Line(folder, rate=100).prepare() as line:
        line.watch().start()
        line.verdicts(20)
        before = line.status()["cameras"][0]
        streams = hold(line, b"GET /v1/tail?last=0 " + HEAD + b"\r\n", 100)
        time.sleep(4)
        expect(line.health() == 200, "not well")
        after = line.status()["cameras"][0]
        for stream in streams:
            stream.close()
        line.verdicts(10)
        line.stop()
        return f"{after['frames'] - before['frames']} frames, {after['dropped'] - before['dropped']} dropped"


@step("P5", "GNU tail -F of journal/current.jsonl, 100 lines a second over 20 segments: every line once, in order")
def _(folder):
    # Without a model a line is made in no time: what is measured is the way of the lines.
    with Line(folder, rate=100, journal="segment_bytes = 65536\nmax_bytes = 33554432") as line:
        line.start()
        line.verdicts(1)
        journal = line.state / "journal"
        command = ["tail", "-n", "+1", "-F", journal / "current.jsonl"]
        numbers, lags = [], []

        def read(lines):
            for text in lines:
                if text.startswith(b'{"seq":'):
                    record = json.loads(text)
                    came = datetime.now(UTC) - datetime.fromisoformat(record["time"].replace("Z", "+00:00"))
                    numbers.append(record["seq"])
                    lags.append(1000 * came.total_seconds())

        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tail:
            reader = threading.Thread(target=read, args=(tail.stdout,), daemon=True)
            reader.start()
            seconds_until("20 rotations", lambda: len(list(journal.glob("[0-9]*.jsonl"))) > 20, 300)
            line.stop()
            last = max(line.journal())
            quietly(lambda: seconds_until("the last line", lambda: numbers and numbers[-1] >= last, 10))
            tail.terminate()
        lost = set(range(1, last + 1)) - set(numbers)
        expect(not lost, f"{len(lost)} of {last} lines are lost, the first of them {min(lost, default=0)}")
        expect(numbers == sorted(set(numbers)), "lines came twice or out of order")
        lags = sorted(lags[1:])
        return (
            f"{len(numbers)} lines, 0 lost; from the frame to the reader p50 {lags[len(lags) // 2]:.1f} ms, p99"
            f" {lags[len(lags) * 99 // 100]:.1f} ms"
        )
