"""A folder for other programs to work in, of which nothing remains."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder, gone afterwards even if an interrupt comes while it is made or taken away.

    ``tempfile.TemporaryDirectory`` leaves its folder behind in both cases.
    """
    folder = Path(gettempdir(), f"symgrad-{secrets.token_hex(8)}")
    try:
        folder.mkdir(mode=0o700)  # fails if it exists, so nobody can have put it there before us
        yield folder
    finally:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
