"""Every format that vivid has and fsac reads, taken by `fsacctl camera` through the daemon's own capture."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

FORMATS = "YUYV UYVY NV12 GREY RGB3 BGR3 BA81 GBRG GRBG RGGB BG10 BG12 BYR2 Y10 Y12 Y16 YU12".split()

install()
load_vivid()


def refusal(command):
    code, text = sh(command, check=False)
    expect(code != 0, f"{command}: was not refused")
    return text


@step("the camera, its formats and its controls are listed")
def _():
    expect(VIVID in sh("fsacctl camera list"), "not listed")
    expect(re.search(r"^YUYV .* 320 x 180 ", sh("fsacctl camera formats"), re.MULTILINE), sh("fsacctl camera formats"))
    expect("brightness = 128 " in sh("fsacctl camera controls --toml"), sh("fsacctl camera controls --toml"))


@step("a picture in each format, all of about the same size, for all show the same colour bars")
def _():
    for name in FORMATS:
        text = sh(f"fsacctl camera snapshot --device {VIVID} --format {name} --size 640x360 --rate 25 --output /tmp/{name}.jpg")
        expect(f"{name} 640 x 360, 25 Hz" in text, text)
        size = pathlib.Path(f"/tmp/{name}.jpg").stat().st_size
        expect(20_000 < size < 60_000, f"{name}: {size} bytes")
    return f"{len(FORMATS)} formats"


@step("what the camera lacks is refused, with what it has")
def _():
    expect("640 x 360, 640 x 480" in refusal("fsacctl camera snapshot --size 641x360 --output /tmp/x.jpg"), "size")
    expect("expected one of YUYV" in refusal("fsacctl camera snapshot --format MJPG --output /tmp/x.jpg"), "format")


@step("the holder of a busy camera is named")
def _():
    holder = subprocess.Popen(["v4l2-ctl", "-d", VIVID, "--stream-mmap", "--stream-count=0"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    text = refusal("fsacctl camera snapshot --output /tmp/x.jpg")
    holder.kill()
    expect(f"held by v4l2-ctl (pid {holder.pid})" in text, text)


@step("the group video is what it takes to look at a camera")
def _():
    sh("useradd -m stranger; useradd -m -G video photographer")
    code, text = sh(f"fsacctl camera formats --device {VIVID}", user="stranger", check=False)
    expect(code != 0 and "group video" in text, text)
    sh(f"fsacctl camera formats --device {VIVID}", user="photographer")


finish()
