"""Opens a ``.keras`` file as what it is, a zip archive from anywhere, and takes nothing out of it but ``config.json``.

The file is never handed to Keras: names, sizes and depths are checked before anything is unpacked or parsed, nothing is
written, and the member with the weights is not opened.
"""

from __future__ import annotations

import json
import math
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from symgrad.errors import InputError

FILE_LIMIT, CONFIG_LIMIT = 64 * 2**20, 2 * 2**20
"""Bytes that a file, and its unpacked configuration, may have."""

DEPTH_LIMIT = 40
"""Brackets inside each other in the configuration."""

DIGITS = 18
"""Digits of an integer there."""

CONFIG = "config.json"
MEMBERS = frozenset({"metadata.json", CONFIG, "model.weights.h5"})
"""What Keras puts into the archive of a model; whatever else lies in one is a reason not to touch it."""

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)
"""What ``zipfile`` raises for archives that are damaged, encrypted or packed in some other way."""


def read_config(path: Path) -> dict[str, Any]:
    """The configuration in a ``.keras`` file, as plain JSON values.

    Raises:
        InputError: if the file is not a regular one, too large, no zip archive, or holds members that do not belong
            there; if the configuration is missing, packed or linked in an odd way, too large, too deep, or not JSON
            with each key once and every number finite.
    """
    try:
        return parsed(_unpacked(path))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _unpacked(path: Path) -> bytes:
    if not path.exists():
        raise InputError("no such file")
    if not path.is_file():
        raise InputError("not a regular file")
    if path.stat().st_size > FILE_LIMIT:
        raise InputError(f"larger than {FILE_LIMIT // 2**20} MiB")
    try:
        with zipfile.ZipFile(path) as archive:
            member = _checked(archive)
            with archive.open(member) as file:
                content = file.read(CONFIG_LIMIT + 1)  # what the archive says of its sizes is not believed
    except _BROKEN as error:
        raise InputError(f"not a .keras file: {str(error).partition(chr(10))[0] or type(error).__name__}") from None
    if len(content) > CONFIG_LIMIT:
        raise InputError(f"{CONFIG} unpacks to more than {CONFIG_LIMIT // 2**20} MiB")
    return content


def _checked(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The configuration's entry, if every entry is one that belongs there."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if foreign := next((entry.orig_filename for entry in entries if entry.orig_filename not in MEMBERS), None):
        raise InputError(f"holds {foreign[:80]!r}, which is no part of a Keras model")
    if len(set(names)) < len(names):
        raise InputError("holds a member twice")
    if CONFIG not in names:
        raise InputError(f"holds no {CONFIG}")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG}:
            raise InputError(f"{entry.filename} is a link or a device, not a file")
    config = archive.getinfo(CONFIG)
    if config.flag_bits & 1:
        raise InputError(f"{CONFIG} is encrypted")
    if config.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise InputError(f"{CONFIG} is packed in a way that Keras does not use")
    if config.file_size > CONFIG_LIMIT:
        raise InputError(f"{CONFIG} unpacks to more than {CONFIG_LIMIT // 2**20} MiB")
    return config


def parsed(content: bytes) -> dict[str, Any]:
    """``content`` as a JSON object.

    Raises:
        InputError: if it is not UTF-8, nested too deeply, not JSON, not an object, holds a key twice in one object, a
            number that is not finite or an integer of more than 18 digits.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{CONFIG} is not UTF-8 text") from None
    if _depth(text) > DEPTH_LIMIT:
        raise InputError(f"{CONFIG} is nested deeper than {DEPTH_LIMIT} levels")
    try:
        found = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise InputError(f"{CONFIG} is not JSON: {error.msg} in line {error.lineno}") from None
    if not isinstance(found, dict):
        raise InputError(f"{CONFIG} is not a JSON object")
    return found


def _depth(text: str) -> int:
    """How deep brackets are nested, outside strings; counted before parsing, since the parser would recurse."""
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError(f"{CONFIG} gives a key twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise InputError(f"{CONFIG} holds the number {name}")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise InputError(f"{CONFIG} holds an integer of more than {DIGITS} digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InputError(f"{CONFIG} holds a number that is not finite")
    return value
