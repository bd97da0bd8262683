"""What a camera can do without being one (row C8); the others are in Tests/VM, row C12 is in clients.py."""

import pictures
from lines import Line
from rig import expect, step


@step("C8", "a camera that shows the same frame for ever, or nothing but black: INVALID with its cause, not OK")
def _(folder):
    figures = []
    black = pictures.png(pictures.WIDTH, pictures.HEIGHT, [bytes(pictures.WIDTH * 3)] * pictures.HEIGHT)
    for cause, frame in (("frame_frozen", pictures.good(4)), ("frame_dark", black)):
        with Line(folder / cause, frames={"1-good.png": frame}, rate=20).prepare() as line:
            line.configure(recipe="")
            line.configuration.write_text(
                line.configuration.read_text().replace("frozen_frames = 0", "frozen_frames = 5")
            )
            line.watch().start()
            line.verdicts(20)
            line.stop()
            records = [records[-1] for _, records in sorted(line.journal().items())]
            judged = [record for record in records if record["verdict"] != "INVALID"]
            expect(len(judged) <= 4, f"{cause}: {len(judged)} parts judged")
            causes = {record["cause"] for record in records if record["verdict"] == "INVALID"}
            expect(cause in causes and causes <= {cause, "frame_frozen"}, f"{causes}")
            figures.append(f"{cause}: judged before it was seen: {len(judged)}")
    return "; ".join(figures)


@step("C5", "files that are cut or no picture among good ones: each INVALID, the others judged")
def _(folder):
    with Line(folder, frames=pictures.PARTS | pictures.DAMAGED, rate=50).prepare() as line:
        line.watch().start()
        line.verdicts(60)
        line.stop()
        records = [records[-1] for records in line.journal().values()]
        damaged = [record for record in records if "damaged" in record["frame"]]
        expect(damaged and all(record["verdict"] == "INVALID" for record in damaged), f"{damaged[:1]}")
        sound = [record for record in records if "damaged" not in record["frame"]]
        expect(
            all(record["verdict"] == ("OK" if "good" in record["frame"] else "NG") for record in sound),
            "a sound part was misjudged",
        )
        return f"{len(damaged)} damaged, all INVALID; {len(sound)} sound, all judged as they are"
