"""Records through another program: lines in, lines out (PySpark: RDD.pipe)."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sparksim.core.errors import PySparkRuntimeError


def through(command: str, env: Mapping[str, str] | None, check_code: bool) -> Callable[[Iterator[Any]], list[str]]:
    """A function of a partition that runs `command` on its records, one a line.

    All records are pulled before the program starts: time passes while they are pulled, and a program cannot wait for
    it.
    """
    words, variables = shlex.split(command), None if env is None else dict(env)

    def run(records: Iterator[Any]) -> list[str]:
        given = "".join(str(record).rstrip("\n") + "\n" for record in records)
        done = subprocess.run(words, env=variables, input=given.encode("utf-8"), stdout=subprocess.PIPE, check=False)
        if check_code and done.returncode:
            raise PySparkRuntimeError(f"pipe({command!r}, checkCode=True): it ended with exit code {done.returncode}")
        return done.stdout.decode("utf-8").splitlines()

    return run
