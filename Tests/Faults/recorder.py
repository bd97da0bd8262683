"""A client that remembers what it was shown."""

import json
import threading
import time

from rig import Ended


class Recorder(threading.Thread):
    """Follows `tail` as a client that comes back after each restart of the daemon."""

    def __init__(self, line):
        super().__init__(daemon=True)
        self.line, self.is_ending, self.gaps = line, False, 0

    def run(self):
        while not self.is_ending:
            try:
                self.follow()
            except (OSError, Ended):
                time.sleep(0.02)

    def follow(self):
        since = max(self.line.shown, default=0) + 1
        with self.line.connect(0.2) as connection:
            connection.sendall(b"GET /v1/tail?since=%d HTTP/1.1\r\nHost: fsac\r\n\r\n" % since)
            rest = b""
            while not self.is_ending:
                try:
                    piece = connection.recv(1 << 16)
                except TimeoutError:
                    continue
                if not piece:
                    return
                *texts, rest = (rest + piece).split(b"\n")
                for text in texts:
                    if text.startswith(b'{"seq":') and text.endswith(b"}"):
                        self.line.note(json.loads(text))
                    elif b'"gap"' in text:
                        self.gaps += 1
