"""A disk that fails on demand: the side of shim.c that a step holds."""

import mmap
import struct

from rig import SHIM


class Disk:
    """The shim's side that a step holds: what is to happen to the daemon's calls below its state directory."""

    CALLS = dict(open=1, write=2, fdatasync=4, fsync=8, rename=16, ftruncate=32, fallocate=64, unlink=128, mkdir=256)
    MODES = dict(once=1, forever=2, short=3, delay=4, kill=5)
    FORM = struct.Struct("@IIIiIIII224s")

    def __init__(self, line):
        path = line.folder / "fault"
        path.write_bytes(bytes(self.FORM.size))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), self.FORM.size)
        line.environment |= {
            "LD_PRELOAD": str(SHIM),
            "FSAC_FAULT_CONTROL": str(path),
            "FSAC_FAULT_STATE": str(line.state),
        }

    def fail(self, calls, mode, error=0, first=1, seconds=0.0, path=""):
        """From now on the `first` call of these (names with commas, or all) on such a path fails, waits or kills."""
        self.mend()
        mask = sum(self.CALLS.values()) if calls == "all" else sum(self.CALLS[name] for name in calls.split(","))
        self.FORM.pack_into(
            self.shared, 0, 0, mask, self.MODES[mode], error, first, int(seconds * 1000), 0, 0, path.encode()
        )
        struct.pack_into("@I", self.shared, 0, 1)

    def mend(self):
        struct.pack_into("@I", self.shared, 0, 0)

    @property
    def counted(self):
        return self.FORM.unpack_from(self.shared)[6]

    @property
    def hits(self):
        return self.FORM.unpack_from(self.shared)[7]
