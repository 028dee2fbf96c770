"""An emitted module in this process."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from symgrad.errors import InputError

if TYPE_CHECKING:
    from types import ModuleType


def loaded(text: str, name: str) -> ModuleType:
    """Import the text of a module from a temporary file, which lives as long as the module.

    Raises:
        InputError: if it cannot be imported.
    """
    folder = tempfile.mkdtemp(prefix="symgrad-")
    path = Path(folder, f"{name}.py")
    path.write_text(text, encoding="utf-8", newline="")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be imported")
    module = module_from_spec(spec)
    weakref.finalize(module, shutil.rmtree, folder, ignore_errors=True)
    spec.loader.exec_module(module)
    return module
