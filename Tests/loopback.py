"""What tests of whole programs on this machine share: where the programs and pictures are, and how one waits for them."""
import os
import pathlib
import socket
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = ROOT / ".build/release"
MODELS = pathlib.Path(os.environ.get("FSAC_MODELS", ROOT / "models"))
PICTURES = pathlib.Path(os.environ.get("FSAC_CACHE", ROOT / ".cache")).resolve() / "textile"
# What is not there by then never comes, on the slowest of machines.
PATIENCE = 120


def await_(what, question, patience=PATIENCE):
    """The answer, once it is true."""
    end = time.monotonic() + patience
    while True:
        if answer := question():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
