"""What the examples print, kept beside them as golden files; `python -m tests.examples.golden` writes these anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES_DIR = Path(__file__).parents[2] / "examples"
GOLDEN_DIR = Path(__file__).parent / "golden"
LINES = ("--master", "sim[3,2]", "--source", "localhost:9999=poisson:5", "--until", "5", "--seed", "7")
OPTIONS = {"word_count": LINES, "sql_word_count": LINES}
"""Examples that run as scripts of the command; the others set their own scene."""


def names() -> list[str]:
    """Every example, by the name of its file; the course's cases have a test of their own (`test_cases.py`)."""
    return sorted(path.stem for path in EXAMPLES_DIR.glob("*.py") if not path.stem.startswith("case_"))


def output(name: str) -> str:
    """What the example prints. Raises `CalledProcessError` when it fails."""
    path = str(EXAMPLES_DIR / f"{name}.py")
    command = ["-m", "sparksim", "run", path, *OPTIONS[name]] if name in OPTIONS else [path]
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def golden(name: str) -> Path:
    """The file with what the example should print."""
    return GOLDEN_DIR / f"{name}.txt"


if __name__ == "__main__":
    for each in names():
        golden(each).write_text(output(each), encoding="utf-8")
