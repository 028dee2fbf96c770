"""Writes the files of a result: all of them or none, and never over something else unless told to."""

from __future__ import annotations

import os
import re
import secrets
import signal
import stat
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from symgrad.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from symgrad.render.canvas import Form

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What a file that symgrad writes may be called."""


def write(folder: Path, files: Mapping[str, bytes], *, force: bool) -> list[Path]:
    """Write ``files`` into ``folder``, which is made if it is missing.

    Everything is checked before anything is written, each file is written under a temporary name beside its place,
    and all are moved there at the end. A file that already has these bytes is left alone.

    Returns:
        The paths, also of those left alone.

    Raises:
        InputError: if a name is not a plain file name, if something other than a regular file (a link, a folder) stands
            in a file's place, or if a file with other bytes does and ``force`` is not given.
    """
    for name in files:
        if not NAME.fullmatch(name) or ".." in name:
            raise InputError(f"{name!r} is no name for a file; letters, digits, '_', '-' and '.' make one")
    if "\0" in str(folder):
        raise InputError(f"{str(folder)!r} is no name for a folder")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    paths = {folder / name: content for name, content in files.items()}
    wanted = {path: content for path, content in paths.items() if differs(path, content, force=force)}
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    temporary: dict[Path, Path] = {}
    try:
        for path, content in wanted.items():
            temporary[path] = beside = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.tmp")
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        with undisturbed():
            for path, beside in temporary.items():
                beside.replace(path)
    except BaseException:
        for beside in temporary.values():
            beside.unlink(missing_ok=True)
        for parent in made:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise
    return list(paths)


def picture_file(text: str) -> tuple[Path, Form]:
    """A file for a picture and its format, once it is sure that one can be drawn.

    Raises:
        InputError: if the name does not end in that of a format.
        MissingDependencyError: if matplotlib is not installed.
    """
    from symgrad.render.canvas import FORMS, require

    path = Path(text)
    form = path.suffix[1:].lower()
    if form not in FORMS:
        raise InputError(f"{text!r} does not end in {', '.join(f'.{f}' for f in FORMS)}, as the name of a picture does")
    require()
    return path, cast("Form", form)


def differs(path: Path, content: bytes, *, force: bool) -> bool:
    """Whether ``path`` has to be written, and may be."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(kind):
        raise InputError(f"{path} exists and is not a regular file; it is not touched")
    if path.read_bytes() == content:
        return False
    if not force:
        raise InputError(f"{path} exists with other content; --force replaces it")
    return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let an interrupt or a timeout wait until the block is over.

    By handlers, not by a mask: a mask is one thread's, and libraries run threads of their own.
    """
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGALRM"):
            if number := getattr(signal, name, None):
                before[number] = signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in came:
            signal.raise_signal(number)
