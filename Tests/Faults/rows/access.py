"""Who may see and do what (rows H3, H4, U1 to U3)."""

import os
import stat
import subprocess
import time

from lines import Line
from rig import eventually, expect, needs_root, step
from rows.clients import HEAD


@step("H3", "numbers and names that are paths: nothing from outside of the pictures, also by a planted link")
def _(folder):
    with Line(folder, rate=20, pictures="all", images="max_bytes = 67108864\nmin_free_bytes = 0").prepare() as line:
        secret = folder / "secret.jpg"
        secret.write_bytes(b"SECRET-OF-ANOTHER" * 10)
        line.watch().start()
        line.verdicts(10)
        record = eventually(
            "a picture", lambda: next(record for record in line.newest(8) if (line.state / record["image"]).exists())
        )
        picture = line.state / record["image"]
        picture.unlink()
        picture.symlink_to(secret)
        answer = line.get(f"/v1/inspections/{record['seq']}/image")
        expect(
            answer.code in (404, 500, 503) and b"SECRET" not in answer.body,
            f"a planted link is followed: {answer.code}",
        )
        names = [
            b"../../../etc/passwd",
            b"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            b"%252e%252e",
            b"..%5c..",
            b"1%00",
            b"%c0%ae%c0%ae",
            b"-1",
            b"1e3",
            b"0x1",
            b"18446744073709551615",
            b"18446744073709551616",
            b"9" * 400,
            b"1/../../2",
            b"%201",
            b"+1",
            b"1%2fimage",
            b"\xff\xfe",
        ]
        forms = (
            b"/v1/inspections/%s",
            b"/v1/inspections/%s/image",
            b"/v1/inspections/%s/heatmap",
            b"/v1/normals/%s",
            b"/v1/history?since=%s",
            b"/v1/history?limit=%s",
            b"/v1/normals?recipe=%s",
            b"/v1/history?since=1&limit=1&verdict=%s",
            b"/v1/limit?recipe=%s",
        )
        codes = {}
        for name in names:
            for form in forms:
                reply = line.exchange(b"GET " + form % name + b" " + HEAD + b"\r\n", 20)
                codes[reply.code] = codes.get(reply.code, 0) + 1
                expect(
                    b"root:" not in reply.body and reply.code < 500, f"{form % name}: {reply.code} {reply.body[:100]}"
                )
        line.stop()
        return (
            ", ".join(f"{count} x {code or 'closed'}" for code, count in sorted(codes.items()))
            + "; nothing from outside"
        )


@step("H4", "the daemon listens on its Unix socket and on nothing else: there is no page for another site to reach")
def _(folder):
    with Line(folder, rate=20).prepare() as line:
        line.watch().start()
        line.verdicts(2)
        links = [
            os.readlink(f"/proc/{line.process.pid}/fd/{name}") for name in os.listdir(f"/proc/{line.process.pid}/fd")
        ]
        inodes = {link[8:-1] for link in links if link.startswith("socket:")}
        tables = [
            entry.split()
            for kind in ("tcp", "tcp6", "udp", "udp6")
            for entry in open(f"/proc/{line.process.pid}/net/{kind}")
        ]
        network = [entry for entry in tables if len(entry) > 9 and entry[9] in inodes]
        expect(not network, f"{network}")
        return f"{len(inodes)} sockets, none of the network"


def as_user(user, line, words):
    return subprocess.run(
        ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *words],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )


CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print('connected')"


@step(
    "U1",
    "a user who is not in the group cannot connect; who changed something is written down, also of one who hangs up at"
    " once",
)
def _(folder):
    needs_root()
    with Line(folder / "line", rate=20).prepare() as line:
        for path in (folder.parent, folder, line.folder):
            os.chmod(path, 0o755)
        line.watch().start()
        line.verdicts(2)
        mode = stat.S_IMODE(os.stat(line.socket).st_mode)
        refused = as_user(65534, line, ["/usr/bin/python3", "-c", CONNECT, str(line.socket)])
        expect(refused.returncode != 0 and "Permission" in refused.stderr, f"{refused.stdout} {refused.stderr[-200:]}")
        for number in range(60):
            body = b'{"value":%f}' % (1 + number / 1000)
            with line.connect() as connection:
                connection.sendall(
                    b"PUT /v1/limit HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )
            time.sleep(0.02)
        time.sleep(1)
        log = [text for text in line.log().splitlines() if "/v1/limit" in text]
        unknown = [text for text in log if "uid=?" in text]
        expect(len(log) >= 60 and not unknown, f"{len(unknown)} of {len(log)} changes by uid=?")
        line.stop()
        events = [event for event in line.events() if event["event"] == "limit"]
        known = [event for event in events if event["uid"] == 0 and event["pid"] == os.getpid()]
        expect(len(events) == 60 and len(known) == 60, f"{len(known)} of {len(events)} events name who it was")
        return f"mode {mode:o}; 60 of 60 changes by uid 0, each an event"


@step("U2", "the number of the user who asks is the real one")
def _(folder):
    needs_root()
    with Line(folder / "line", rate=20).prepare() as line:
        for path in (folder.parent, folder, line.folder):
            os.chmod(path, 0o755)
        line.start()
        os.chmod(line.socket, 0o666)
        ask = (
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); b = b'{\"value\":1.5}';"
            " s.sendall(b'PUT /v1/limit HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length:"
            " %d\\r\\n\\r\\n' % len(b) + b); print(s.recv(4096))"
        )
        for user in (65534, 12345):
            done = as_user(user, line, ["/usr/bin/python3", "-c", ask, str(line.socket)])
            expect("HTTP/1.1" in done.stdout, done.stderr)
            eventually(
                "a line of the log",
                lambda: any(f"uid={user}" in text for text in line.log().splitlines() if "/v1/limit" in text),
                5,
            )
        return "uid 65534 and 12345 in the log"


@step("U3", "verdicts, pictures and shots are not for others")
def _(folder):
    needs_root()
    with Line(folder / "line", rate=20, pictures="all").prepare() as line:
        for path in (folder.parent, folder, line.folder):
            os.chmod(path, 0o755)
        line.watch().start()
        line.verdicts(10)
        eventually("a picture", lambda: list((line.state / "images").rglob("*.jpg")))
        line.stop()
        # What `prepare` copied has the modes of this program.
        written = [path for path in line.state.rglob("*") if not path.is_relative_to(line.state / "recipes")]
        open_to_others = [path for path in written if not path.is_symlink() and path.stat().st_mode & 0o007]
        expect(not open_to_others, f"{open_to_others[:3]}")
        done = as_user(65534, line, ["ls", str(line.state)])
        expect(done.returncode != 0 and "Permission" in done.stderr, f"{done.stdout}")
        return f"{len(written)} files and folders, none for others"
