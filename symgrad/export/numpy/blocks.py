"""Per-sample results over data that need not fit into memory: block by block, here or by joblib's workers.

Arrays may be memory maps; of each only the block at hand is read. What a block gives comes back in order and is written
by the one process that asked, so that workers on other machines need no common disk.
"""

from __future__ import annotations

import struct
import sys
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError, MissingDependencyError
from symgrad.export.numpy.loading import loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

FUNCTIONS = ("per_sample_loss", "per_sample_norms", "per_sample_gradients")
"""What can be computed block by block."""


def mapped(path: str | Path) -> dict[str, Any]:
    """The arrays of an ``.npz`` file as memory maps, by name; those that are compressed are read.

    Raises:
        InputError: if it is no such file, or holds objects.
    """
    found: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(path) as archive, Path(path).open("rb") as file:
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if info.compress_type != zipfile.ZIP_STORED:
                    with archive.open(info) as member:
                        found[name] = np.lib.format.read_array(member, allow_pickle=False)
                    continue
                file.seek(info.header_offset + 26)
                lengths = struct.unpack("<HH", file.read(4))
                file.seek(info.header_offset + 30 + sum(lengths))
                found[name] = _map(path, file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: {error}") from None
    return found


def _map(path: str | Path, file: Any) -> Any:
    """The array whose header comes next in a file."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    return np.memmap(path, dtype=dtype, mode="r", offset=file.tell(), shape=shape, order="F" if fortran else "C")


def on_stderr(done: int, of: int) -> None:
    """A progress line: how many samples are done."""
    sys.stderr.write(f"\r{done:,} of {of:,} samples{chr(10) if done == of else ''}")
    sys.stderr.flush()


def in_blocks(
    text: str,
    function: str,
    arrays: Mapping[str, Any],
    *,
    rows: int = 4096,
    jobs: int | None = None,
    out: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
    precision: str = "same",
) -> Any:
    """Compute a per-sample result block by block.

    Args:
        text: an emitted module.
        function: one of ``FUNCTIONS``.
        arrays: the arguments by name; memory maps, or paths of ``.npy`` files, are read as they are needed.
        rows: samples in a block.
        jobs: None to compute here, else joblib's ``n_jobs``; ``joblib.parallel_config`` says on which machines.
        out: for ``per_sample_gradients``, the arrays that are written, by parameter, such as memory maps.
        progress: called with the samples done and their number after each block.
        precision: as in the module.

    Returns:
        One number for each sample; ``out`` for the gradients.

    Raises:
        InputError: for an unknown function, a missing array, or gradients without ``out``.
        MissingDependencyError: if ``jobs`` is given and joblib is not installed.
    """
    if function not in FUNCTIONS:
        raise InputError(f"{function!r} is not computed block by block; {', '.join(FUNCTIONS)} are")
    if (function == "per_sample_gradients") != (out is not None):
        raise InputError("out is where per_sample_gradients are written, and of no use to the others")
    if rows < 1:
        raise InputError(f"a block of {rows} samples is none")
    code = _module(text)
    missing = [name for name in code._SHAPES if name not in arrays]
    if missing:
        raise InputError(f"no array for {', '.join(missing)}")
    given = {name: _opened(arrays[name]) for name in code._SHAPES}
    count = next(len(given[name]) for name, axes in code._SHAPES.items() if axes[:1] == (code._SAMPLES,))
    found: Any = None
    starts = range(0, count, rows)
    tasks = ((text, function, _block(code, given, k, k + rows), precision) for k in starts)
    for start, part in zip(starts, _run(tasks, jobs), strict=True):
        stop = min(start + rows, count)
        if out is not None:
            for name, array in out.items():
                array[start:stop] = part[name]
        else:
            found = np.empty(count, part.dtype) if found is None else found
            found[start:stop] = part
        if progress is not None:
            progress(stop, count)
    return found if out is None else out


def _opened(array: Any) -> Any:
    return np.load(array, mmap_mode="r", allow_pickle=False) if isinstance(array, str | Path) else np.asanyarray(array)


def _block(code: ModuleType, given: Mapping[str, Any], start: int, stop: int) -> list[Any]:
    """The arguments for some of the samples, read into memory."""
    found = []
    for name, axes in code._SHAPES.items():
        where = tuple(slice(start, stop) if axis == code._SAMPLES else slice(None) for axis in axes)
        found.append(np.array(given[name][where]))
    return found


def _run(tasks: Iterable[tuple[Any, ...]], jobs: int | None) -> Iterator[Any]:
    if jobs is None:
        return (_computed(*task) for task in tasks)
    try:
        from joblib import Parallel, delayed
    except ImportError:
        raise MissingDependencyError("joblib is not installed; pip install 'symgrad[parallel]'") from None
    results: Iterator[Any] = Parallel(n_jobs=jobs, return_as="generator")(delayed(_computed)(*task) for task in tasks)
    return results


def _computed(text: str, function: str, arguments: list[Any], precision: str) -> Any:
    return getattr(_module(text), function)(*arguments, precision=precision)


@lru_cache(maxsize=8)
def _module(text: str) -> ModuleType:
    return loaded(text, "symgrad_emitted")
