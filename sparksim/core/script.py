"""Runs a script as `python script.py` would: with its own arguments, and with the modules that lie beside it."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path


def run_script(path: str | Path, args: Sequence[str]) -> None:
    """Run it to its end, in this process. Raises whatever it raises."""
    before = sys.argv, sys.path
    sys.argv, sys.path = [str(path), *args], [str(Path(path).resolve().parent), *sys.path]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv, sys.path = before
