"""``python -m symgrad`` is the command ``symgrad``."""

from __future__ import annotations

from symgrad.cli.entry import main

if __name__ == "__main__":
    main()
