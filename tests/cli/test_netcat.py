"""The first example as everybody tries it: `nc -lk` in one terminal, the word count in the other. Fails without nc."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tests.cli.process import Command, free_port


@contextmanager
def netcat(port: int) -> Iterator[IO[str]]:
    """A running `nc -lk port`; gives what stands for its keyboard."""
    assert shutil.which("nc"), "this test drives a real nc: install netcat-openbsd"
    nc = subprocess.Popen(["nc", "-lk", str(port)], stdin=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert nc.stdin is not None
        yield nc.stdin
    finally:
        nc.kill()
        nc.communicate()


def test_what_is_typed_into_nc_is_counted() -> None:
    port = free_port()
    with netcat(port) as keyboard, Command("run", "examples/word_count.py", "localhost", port) as command:
        keyboard.write("to be or not to be\n")
        command.wait_for("('be', 2)")
        keyboard.write("that is the question\n")
        command.wait_for("('question', 1)")
        command.interrupt()
        assert command.end() == 0, command.said
    assert command.stderr[-1] == "sparksim: of 2 records sent or received: 2 once"
