"""Models, weights, pictures, operators' decisions: damaged, wrong, planted (rows W1 to W3, I1 to I5)."""

import hashlib
import json
import os
import random
import shutil
import struct
import threading
import time
import zlib

import pictures
from lines import Ended, Line
from rig import PROJECT, expect, step


def verdicts_after(line, name):
    """What a start with a damaged state says of 8 parts: names of what it judged, and whether it said anything."""
    mark = len(line.log())
    line.start()
    line.verdicts(8)
    status, health = line.status(), line.health()
    records = line.newest(8)
    if health == 200 and all(record["verdict"] == "INVALID" for record in records):
        # A fit that mends it may just have ended: from then on parts are judged.
        line.verdicts(8)
        records = line.newest(8)
    line.kill()
    said = line.log()[mark:]
    return records, status, health, any(f" {level} " in said for level in ("warning", "error", "critical"))


def undecided(records):
    return sorted({record.get("cause", record["verdict"]) for record in records})


@step("W1", "one bit flipped anywhere in a model's document or its numbers: a sound model judges, or nobody")
def _(folder):
    chance = random.Random(11)
    with Line(folder, rate=50).prepare() as line:
        line.start()
        line.verdicts(8)
        sound = {record["frame"]: round(record["score"], 3) for record in line.newest(8)}
        line.kill()
        whole = folder / "whole"
        shutil.copytree(line.state / "recipes", whole)
        causes = {}
        model = max((whole / "part/models").iterdir()).relative_to(whole)
        document = (whole / model / "model.json").read_bytes()
        places = [(model / "model.json", index) for index in chance.sample(range(len(document)), 24)]
        # The digits that a score is divided by, and the limit's.
        places += [
            (model / "model.json", document.index(key) + len(key) + 3)
            for key in (b'"unit"', b'"limit"')
            if key in document
        ]
        weights = (whole / model / "model.safetensors").stat().st_size
        places += [(model / "model.safetensors", index) for index in chance.sample(range(weights), 8)]
        for path, index in places:
            shutil.rmtree(line.state / "recipes")
            shutil.copytree(whole, line.state / "recipes")
            data = bytearray((whole / path).read_bytes())
            data[index] ^= 1 << chance.randrange(8)
            (line.state / "recipes" / path).write_bytes(data)
            records, status, health, _ = verdicts_after(line, path)
            judged = [record for record in records if record["verdict"] != "INVALID"]
            wrong = [record for record in judged if abs(round(record["score"], 3) - sound[record["frame"]]) > 0.01]
            expect(not wrong, f"{path} byte {index}: judged by a damaged model: {wrong[:1]}, sound: {sound}")
            expect(
                judged or health != 200,
                f"{path} byte {index}: every part INVALID {undecided(records)}, health {health}",
            )
            cause = "judged soundly" if judged else " ".join(undecided(records))
            causes[cause] = causes.get(cause, 0) + 1
        return f"{len(places)} flips: " + ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items()))


@step(
    "W1",
    "what operators decided is unreadable (limit, generation, recipe in use, commissioning): nobody is judged by"
    " something laxer",
)
def _(folder):
    with Line(folder, rate=50, recipes=("part", "other")).prepare() as line:
        line.start()
        line.request("POST", "/v1/refit?recipe=part", {})
        line.fitted("part")
        expect(line.request("POST", "/v1/models/rollback?recipe=part", {}).code == 200, "roll-back")
        expect(line.request("PUT", "/v1/limit?recipe=part&force=true", {"value": 0.5}).code == 200, "limit")
        expect(line.request("POST", "/v1/recipes/use", {"recipe": "other"}).code == 200, "use")
        expect(line.request("POST", "/v1/recipes/use", {"recipe": "part"}).code == 200, "use")
        line.kill()
        whole = folder / "whole"
        shutil.copytree(line.state, whole)
        figures = []
        for name in ("recipes/part/limit.json", "recipes/part/current", "recipes-in-use.json"):
            data = (whole / name).read_bytes()
            damages = [
                b"",
                data[:1],
                data[: len(data) // 2],
                bytes(len(data)),
                data.replace(b"0.5", b"8.5"),
                data.replace(b"rolled", b"rolmed"),
                data[:3] + bytes([data[3] ^ 8]) + data[4:],
            ]
            for damaged in {damage for damage in damages if damage != data}:
                shutil.rmtree(line.state)
                shutil.copytree(whole, line.state)
                (line.state / name).write_bytes(damaged)
                records, status, health, _ = verdicts_after(line, name)
                newest = records[0]
                as_decided = (
                    newest["verdict"] != "INVALID"
                    and newest["recipe"] == "part"
                    and newest["generation"] == 1
                    and abs(newest["limit"] - 0.5) < 1e-4
                )
                expect(
                    as_decided or newest["verdict"] == "INVALID",
                    f"{name} is {damaged[:60]!r}: judged with recipe {newest['recipe']}, generation"
                    f" {newest.get('generation')}, limit {newest.get('limit')}",
                )
                expect(
                    as_decided or health != 200, f"{name} is {damaged[:60]!r}: {undecided(records)} and health {health}"
                )
                figures.append("as decided" if as_decided else undecided(records)[0])
        return f"{len(figures)} damages: " + ", ".join(
            f"{figures.count(figure)} {figure}" for figure in sorted(set(figures))
        )


def models_folder(folder):
    shutil.copytree(
        PROJECT / "models",
        folder,
        ignore=lambda _, names: [name for name in names if not name.startswith("efficientnet-lite0")],
    )
    return folder / "efficientnet-lite0.safetensors"


def put_weights(path, data):
    """With a sidecar that fits: nothing but the numbers is wrong."""
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(data)
    sidecar = path.with_suffix(".json")
    text = sidecar.read_text()
    expect(old in text, "the sidecar does not name the weights' digest")
    sidecar.write_text(text.replace(old, hashlib.sha256(data).hexdigest()))


@step("W2", "weights that are well-formed and wrong, with a sidecar that fits: no defect is OK by them")
def _(folder):
    weights = models_folder(folder / "models")
    data = weights.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    middle = start + (len(data) - start) // 2 // 4 * 4
    chance = random.Random(3)
    cases = {
        "all zeros": data[:start] + bytes(len(data) - start),
        "half zeros": data[:middle] + bytes(len(data) - middle),
        "shuffled": data[:start] + bytes(reversed(data[start:])),
        "not a number": data[:middle] + b"\xff\xff\xff\x7f" * 64 + data[middle + 256 :],
        "infinite": data[:middle] + b"\0\0\x80\x7f" * 64 + data[middle + 256 :],
        "a picture": pictures.good(1),
        "noise": chance.randbytes(4000),
    }
    figures = []
    for name, wrong in cases.items():
        shutil.rmtree(folder / "models")
        weights = models_folder(folder / "models")
        put_weights(weights, wrong)
        # With a model of sound weights, and with a model that is to be fitted anew.
        with Line(folder / name.replace(" ", "-"), rate=50, models=folder / "models").prepare() as line:
            line.start()
            line.fitted()
            line.verdicts(8)
            records, health = line.newest(8), line.health()
            passed = [record for record in records if record["verdict"] == "OK" and "defect" in record["frame"]]
            expect(not passed, f"{name}: {passed[:1]}")
            judged = [record for record in records if record["verdict"] != "INVALID"]
            expect(judged or health != 200, f"{name}: {undecided(records)} and health {health}")
            figures.append(f"{name}: {' '.join(undecided(records))}")
    return "; ".join(figures)


@step("W3", "other kernels of OpenBLAS give the same verdicts")
def _(folder):
    scores = {}
    for kernel in ("Haswell", "Sandybridge", "Nehalem", "Prescott"):
        with Line(folder / kernel, rate=50).prepare() as line:
            line.start(OPENBLAS_CORETYPE=kernel)
            line.verdicts(8)
            scores[kernel] = {record["frame"]: (record["verdict"], record["score"]) for record in line.newest(8)}
    first = next(iter(scores.values()))
    worst = 0.0
    for kernel, found in scores.items():
        for frame, (verdict, score) in found.items():
            expect(verdict == first[frame][0], f"{kernel}: {frame}: {verdict}, {first[frame][0]} elsewhere")
            worst = max(worst, abs(score - first[frame][1]) / first[frame][1])
    expect(worst < 1e-3, f"scores differ by {worst}")
    return f"{len(scores)} kernels, scores differ by {worst:.1e} at most"


def a_jpeg():
    return sorted((PROJECT / ".cache/textile").rglob("*.jpg"))[0].read_bytes()


def with_size(jpeg, width, height):
    """Another size in the frame header."""
    place = next(jpeg.index(mark) for mark in (b"\xff\xc0", b"\xff\xc2") if mark in jpeg)
    return jpeg[: place + 5] + struct.pack(">HH", height, width) + jpeg[place + 9 :]


def hostile_pictures():
    jpeg, png = a_jpeg(), pictures.good(1)
    zeros = zlib.compress(bytes(200_000_000), 6)
    text = pictures.chunk(b"tEXt", b"k\0" + b"a" * 100) * 50_000
    rows = [bytes(64 * 3)] * 64
    return {
        "empty": b"",
        "text": b"hello",
        "png cut": png[:-300],
        "jpeg cut": jpeg[: len(jpeg) // 2],
        "1 x 1": pictures.png(1, 1, [bytes(3)]),
        "jpeg of 30000 x 30000": with_size(jpeg, 30000, 30000),
        "jpeg of 65500 x 65500": with_size(jpeg, 65500, 65500),
        "jpeg of 7000 x 7000": with_size(jpeg, 7000, 7000),
        "png of 30000 x 30000": pictures.png(30000, 30000, rows),
        "png of 2^31 x 2^31": pictures.png(2**31 - 1, 2**31 - 1, rows),
        "png of 0 x 0": pictures.png(0, 0, []),
        "200 MB of colour profile": pictures.png(64, 64, rows, before=pictures.chunk(b"iCCP", b"x\0\0" + zeros)),
        "200 MB of text": pictures.png(64, 64, rows, before=pictures.chunk(b"zTXt", b"k\0\0" + zeros)),
        "50,000 texts": pictures.png(64, 64, rows, before=text),
        "400 MB behind the pixels": (
            pictures.png(64, 64, rows)[:33]
            + pictures.chunk(b"IDAT", zlib.compress(bytes(400_000_000), 1))
            + pictures.chunk(b"IEND", b"")
        ),
        "palette without colours": pictures.png(64, 64, [bytes(64)] * 64, colour=3),
        "a wrong checksum": png[:-20] + b"x" + png[-19:],
    }


@step("I2", "pictures that claim too much, or blow up when they are unpacked: refused at once, with little memory")
def _(folder):
    with Line(folder, rate=20).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        before = line.memory()
        slowest, refused = 0.0, 0
        for name, data in hostile_pictures().items():
            begin = time.monotonic()
            reply = line.add(data, "force=true&refit=false&dry_run=true")
            if reply.code == 202:
                done = line.added(reply)
                outcome = done["shots"][0]["outcome"] if done["shots"] else done["state"]
            else:
                outcome = "refused" if 400 <= reply.code < 500 else f"{reply.code}"
            slowest = max(slowest, time.monotonic() - begin)
            expect(line.is_running(), f"{name}: {line.log()[-400:]}")
            expect(len(json.loads(line.get("/v1/normals").body)["normals"]) == 3, f"{name} became a shot")
            # Text chunks beside sound pixels are no reason to refuse.
            expect(
                outcome in ("refused", "failed")
                or name in ("200 MB of text", "50,000 texts", "200 MB of colour profile"),
                f"{name}: {outcome}",
            )
            refused += outcome in ("refused", "failed")
        peak = line.memory("VmHWM") - before
        expect(peak < 400, f"{peak:.0f} MiB more than before")
        line.stop()
        return (
            f"{refused} of {len(hostile_pictures())} refused, the slowest after {slowest:.1f} s; at most {peak:.0f} MiB"
            " more memory"
        )


@step("I2", "valid pictures of 50 megapixels, twelve previews at once: memory bounded, health answers")
def _(folder):
    big = pictures.png(7000, 7000, [bytes(7000 * 3)] * 7000)
    with Line(folder, rate=10).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        before = line.memory()
        threads = [
            threading.Thread(target=lambda: tolerate(lambda: line.add(big, "force=true&dry_run=true", 60)), daemon=True)
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        waits = []
        end = time.monotonic() + 6
        while time.monotonic() < end:
            begin = time.monotonic()
            line.health(timeout=60)
            waits.append(time.monotonic() - begin)
            time.sleep(0.1)
        for thread in threads:
            thread.join(60)
        peak = line.memory("VmHWM") - before
        expect(max(waits) < 15, f"health answered after {max(waits):.1f} s")
        expect(peak < 500, f"{peak:.0f} MiB more than before")
        line.stop()
        return f"{len(big) >> 10} KiB each; at most {peak:.0f} MiB more memory, health within {max(waits):.2f} s"


def tolerate(call):
    try:
        return call()
    except (OSError, Ended):
        return None


@step(
    "I4",
    "files that are no pictures of a size: links, pipes, devices, folders, growing files; the daemon opens none of"
    " them",
)
def _(folder):
    with Line(folder / "line", rate=10).prepare() as line:
        line.start()
        there = folder / "files"
        there.mkdir()
        os.mkfifo(there / "pipe")
        (there / "folder").mkdir()
        (there / "long").write_bytes(b"")
        os.truncate(there / "long", 1 << 40)
        (there / "link").symlink_to("/dev/zero")
        (there / "loop").symlink_to(there / "loop")
        slowest = 0.0
        for path in (
            there / "pipe",
            there / "folder",
            there / "long",
            there / "link",
            there / "loop",
            "/dev/zero",
            "/proc/self/mem",
            "/proc/kmsg",
            there / "none",
        ):
            begin = time.monotonic()
            done = line.ctl("add-normal", path, timeout=20)
            slowest = max(slowest, time.monotonic() - begin)
            expect(
                done.returncode == 1 and str(path) in done.stderr + done.stdout,
                f"{path}: {done.returncode} {done.stderr}",
            )
        growing = there / "growing.png"
        growing.write_bytes(pictures.good(50))
        with open(growing, "ab") as file:
            end = threading.Event()
            grow = threading.Thread(
                target=lambda: [file.write(bytes(1000)) and file.flush() for _ in iter(end.is_set, True)], daemon=True
            )
            grow.start()
            done = line.ctl("add-normal", "--force", growing, timeout=60)
            end.set()
            grow.join()
        expect(done.returncode in (0, 1), f"{done.returncode} {done.stderr}")
        return f"9 of 9 refused within {slowest:.1f} s, the growing one: {done.returncode}"


@step("I5", "a wrong shot is shown before it is stored, and a roll-back undoes it for good")
def _(folder):
    with Line(folder, rate=20).prepare() as line:
        line.watch().start()
        line.verdicts(12)
        before = {record["frame"]: record["verdict"] for record in line.newest(8)}
        wrong = folder / "wrong.png"
        wrong.write_bytes(pictures.defective(77))
        plain = line.ctl("add-normal", wrong)
        expect(plain.returncode == 1 and "--force" in plain.stderr, f"{plain.stderr}")
        line.stop_watching()
        # From here to the roll-back defects may pass: somebody insisted.
        expect(line.ctl("add-normal", "--force", wrong).returncode == 0, "forced")
        line.request("PUT", "/v1/commission", {})
        expect(line.ctl("models", "rollback").returncode == 0, "roll-back")
        good = folder / "good.png"
        good.write_bytes(pictures.good(78))
        added = line.ctl("add-normal", good)
        expect(added.returncode == 0, f"{added.stderr}")
        line.fitted()
        line.verdicts(8)
        after = {record["frame"]: record["verdict"] for record in line.newest(4)}
        line.kill()
        # The forced shot's own verdicts are no fault of the daemon's.
        line.shown = {}
        shutil.rmtree(line.state / "journal")
        expect(
            after == {frame: before[frame] for frame in after},
            f"before {before}, after roll-back and a good shot {after}",
        )
        return "refused without --force; after roll-back and one more good shot every part has the verdict it had"
