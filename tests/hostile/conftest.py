"""The cage that hostile input is run in."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Deed:
    """What a caged command did.

    Attributes:
        deeds: files it wrote or moved, processes it started, connections it made.
        seconds: of processor time.
        memory: bytes that were resident at most.
    """

    code: int
    out: str
    err: str
    deeds: list[str]
    seconds: float
    memory: int


@pytest.fixture(scope="session")
def cage():
    """Run a command line with limits of 1 GiB and 10 seconds, in a process that has all libraries loaded."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("cage.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )

    def run(folder, *arguments, stdin=b"", **limits):
        request = {"folder": str(folder), "arguments": [str(a) for a in arguments], "stdin": stdin.hex(), **limits}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        return Deed(**json.loads(server.stdout.readline()))

    yield run
    server.stdin.close()
    server.stdout.close()
    server.wait(timeout=30)


@pytest.fixture
def caged(cage, tmp_path):
    """The cage, in the folder of this test."""
    return lambda *arguments, **options: cage(tmp_path, *arguments, **options)
