"""Cases of the course on real PySpark: the same files, with other import lines, count the same lines alike."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.process import REPOSITORY, server
from tests.examples.test_cases import (
    END,
    EXAMPLES,
    HEADER,
    LIVE_COUNTS,
    LIVE_LINES,
    move_in,
    records,
    saved,
    summed,
)

pytestmark = pytest.mark.spark

BATCH_S = "1"
SUBMIT = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.python.daemon.module=tests.spark.quick_daemon "
    "--driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' pyspark-shell"
)


@contextmanager
def on_pyspark(folder: Path, name: str, *args: object) -> Iterator[Iterator[str]]:
    """Run an example whose import lines say `pyspark` and nothing else is changed; the lines it prints."""
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    program = folder / f"{name}.py"
    program.write_text(re.sub(r"^from sparksim(\S*) import", r"from pyspark\1 import", text, flags=re.MULTILINE))
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": SUBMIT,
    }
    with subprocess.Popen(
        [sys.executable, program, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def until(text: str, lines: Iterator[str]) -> list[str]:
    """The lines up to the first one that holds this text. Raises `AssertionError` when the program ends before."""
    found = []
    for line in lines:
        found.append(line)
        if text in line:
            return found
    raise AssertionError(f"the program ended without {text!r}; it had printed {found}")


def counted(folder: Path, name: str, *args: object) -> list[str]:
    """What the example prints that reads LIVE_LINES from a socket, up to the batch after the last line's."""
    with server() as source, on_pyspark(folder, name, "localhost", source.port, BATCH_S, *args) as lines:
        source.send(*LIVE_LINES, END)
        return [*until(END, lines), *until(HEADER, lines)]


def test_case_2_reads_the_files_that_are_moved_in(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "old.txt").write_text("never")
    with on_pyspark(tmp_path, "case_02_files_in_a_directory", incoming, BATCH_S) as lines:
        until(HEADER, lines)
        move_in(incoming, "\n".join(LIVE_LINES), END)
        assert summed([*until(END, lines), *until(HEADER, lines)]) == LIVE_COUNTS


def test_case_4_shows_running_totals(tmp_path: Path) -> None:
    assert dict(records(counted(tmp_path, "case_04_running_totals", tmp_path / "checkpoint"))) == LIVE_COUNTS


def test_case_6_leaves_out_the_words_on_the_blacklist(tmp_path: Path) -> None:
    expected = {word: count for word, count in LIVE_COUNTS.items() if word not in ("be", "is")}
    assert summed(counted(tmp_path, "case_06_blacklist", "be is $")) == expected


def test_case_8_saves_the_counts(tmp_path: Path) -> None:
    database = tmp_path / "counts.db"
    options = (BATCH_S, database)
    with (
        server() as source,
        on_pyspark(tmp_path, "case_08_save_to_a_database", "localhost", source.port, *options) as lines,
    ):
        source.send(*LIVE_LINES, END)
        until("saved", lines)
        while END not in saved(database):
            until("saved", lines)
    assert saved(database) == LIVE_COUNTS
