"""How long until something happens: an import, a first result, the command's version."""

from __future__ import annotations

import subprocess
import sys

from bench.measure import Row, medians_s, timed

FIRST_RESULT = (
    "from sparksim import SparkContext; print(SparkContext('local[2]', 'first').parallelize(range(10)).sum())"
)


def rows() -> list[Row]:
    """Whole processes, from start to end, beside a Python that does nothing."""
    programs = {
        "import sparksim.streaming": ["-c", "import sparksim.streaming"],
        "process start to first result": ["-c", FIRST_RESULT],
        "sparksim --version": ["-m", "sparksim", "--version"],
        "an empty Python process": ["-c", "pass"],
    }
    *ours, bare_s = medians_s(*(timed(lambda words=words: _run(words)) for words in programs.values()))
    names = list(programs)
    return [
        Row(name, seconds, names[-1], bare_s, "s", seconds / bare_s)
        for name, seconds in zip(names[:-1], ours, strict=True)
    ]


def _run(words: list[str]) -> None:
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
