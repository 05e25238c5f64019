"""The first example counts alike on real PySpark and on sparksim, reading the same lines from a real TCP server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.process import REPOSITORY, Command, server

pytestmark = pytest.mark.spark

EXAMPLE = REPOSITORY / "examples" / "word_count.py"
LINES = ("to be or not to be", "  that is   the question  ", "", "to be")
END = "end-of-lines"
HEADER = ["-" * 43, "Time: ", "-" * 43]


def on_pyspark(folder: Path) -> Path:
    """The example with its two import lines replaced, and nothing else."""
    text = EXAMPLE.read_text(encoding="utf-8")
    replaced, changes = re.subn(r"^from sparksim(\S*) import", r"from pyspark\1 import", text, flags=re.MULTILINE)
    assert changes == 2
    path = folder / "word_count.py"
    path.write_text(replaced, encoding="utf-8")
    return path


def counts(printed: list[str]) -> Counter[str]:
    """What all batches together counted; checks that nothing but `pprint` batches was printed."""
    total: Counter[str] = Counter()
    for line in printed:
        found = re.fullmatch(r"\('(.+)', (\d+)\)", line)
        if found:
            total[found[1]] += int(found[2])
        else:
            assert line in ("", HEADER[0]) or line.startswith(HEADER[1]), line
    return total


def printed_by_pyspark(program: Path) -> list[str]:
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
    }
    lines: list[str] = []
    with (
        server() as source,
        subprocess.Popen(
            [sys.executable, program, "localhost", str(source.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        source.send(*LINES, END)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if END in line:
                    break
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    return lines


def printed_by_sparksim() -> list[str]:
    with server() as source, Command("run", EXAMPLE, "localhost", source.port) as command:
        source.send(*LINES, END)
        command.wait_for(END)
        command.interrupt()
        assert command.end() == 0, command.said
    return command.stdout


def test_the_example_counts_alike(tmp_path: Path) -> None:
    real = printed_by_pyspark(on_pyspark(tmp_path))
    ours = printed_by_sparksim()
    expected = Counter(" ".join([*LINES, END]).split())
    assert counts(real) == expected
    assert counts(ours) == expected
