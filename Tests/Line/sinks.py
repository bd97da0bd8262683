"""What tests of a sink to a broker share."""
import subprocess
import unittest

from broker import Broker, Reader
from loopback import BIN
from rig import Rig, await_

SINK = """
[[sink]]
name = "mes"
kind = "mqtt"
from = "start"
"""


def first_occurrences(keys):
    return list(dict.fromkeys(keys))


class BrokerCase(unittest.TestCase):
    """A daemon, a gateway with one sink, and the broker that it delivers to."""

    def rig(self, more="", **how):
        how.setdefault("trigger", "continuous")
        rig = Rig(tables=SINK + more, **how)
        self.addCleanup(rig.end)
        return rig

    def broker(self, rig, url="mqtt://127.0.0.1", **how):
        broker = Broker(rig.folder, **how)
        self.addCleanup(broker.end)
        with open(rig.folder / "gateway.toml", "a") as file:
            file.write(f'\nurl = "{url}:{broker.port}"\n')
        return broker

    def reader(self, broker):
        reader = Reader(broker)
        self.addCleanup(reader.end)
        return reader

    def check_arrived(self, rig, reader, doubles=0):
        """Every line that a daemon which was stopped had written, in its order; doubles are no more than so many."""
        last = rig.journal()[-1]["seq"]
        # The newest of them come when there is a daemon again.
        rig.start("fsacd")
        journal = rig.journal_id()
        await_("the last line", lambda: reader.has(journal, last))
        rig.stop("fsacd")
        expected = [(journal, line["seq"]) for line in rig.journal() if line["seq"] <= last]
        found = first_occurrences(reader.verdicts)
        wanted = set(expected)
        self.assertEqual(sorted(wanted - set(found)), [])
        self.assertEqual([key for key in found if key in wanted], expected)
        self.assertLessEqual(len(reader.verdicts) - len(found), doubles)
        return len(expected), len(reader.verdicts) - len(found)

    def status(self, rig):
        return subprocess.run([BIN / "fsac-gateway", "--config", rig.folder / "gateway.toml", "--status"],
                              capture_output=True, text=True)
