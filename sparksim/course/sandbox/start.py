"""The two ways to start a launcher: a process of its own, or a fork of the template that is ready at once.

Only launchers that put up walls are forked: without walls a submission could reach the template, and so the next one.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from sparksim.course.sandbox import ANSWERS_TO, WITH_SQL

ROOT = Path(__file__).parents[3]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from sparksim.course.sandbox.{0} import main; main()"
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    # Left to themselves, the libraries below SQL reserve gigabytes of addresses, which the limit of memory counts.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
}
_ENDING_S = 5.0
_LOADING_S = 30.0
_KILLED = 128 + 9

MARK = "sparksim-template-of-"
"""Stands in the command lines of a template and of all that it has forked, with the grader's process id."""


class Fresh:
    """A launcher in a process of its own, with `folder` in its command line."""

    def __init__(self, folder: str, answers_to: int) -> None:
        self.answers_to = answers_to
        self._process = subprocess.Popen(
            _command("launcher", folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[answers_to],
            cwd=folder,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.output_from = self._process.stdout.fileno()

    def send(self, request: bytes) -> None:
        """Hand over the request, whole."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(request)

    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End all of them, and return when they are gone; a launcher that does not answer is ended with its group."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Forked:
    """A launcher that the template has forked, with what SQL needs already loaded if `sql` says so.

    It is known by a descriptor, which never means another process.

    Raises `OSError` where there is no template, and on systems without such descriptors.
    """

    def __init__(self, answers_to: int, sql: bool) -> None:
        self.answers_to = ANSWERS_TO
        self._told: int | None = None
        request_from, self._request_to = os.pipe()
        self.output_from, output_to = os.pipe()
        self._code_from, code_to = os.pipe()
        os.set_blocking(self._code_from, False)
        try:
            self.pid = _template().fork([request_from, output_to, answers_to, code_to], sql)
            self._process = os.pidfd_open(self.pid)  # it waits for its request, so that it is still the same
        except OSError:
            for mine in (self._request_to, self.output_from, self._code_from):
                os.close(mine)
            raise
        finally:
            for given in (request_from, output_to, code_to):
                os.close(given)

    def send(self, request: bytes) -> None:
        """Hand over the request, whole."""
        with suppress(BrokenPipeError), open(self._request_to, "wb") as pipe:
            pipe.write(request)

    def code(self) -> int | None:
        """The exit code; None while it runs."""
        if self._told is None and self._has_ended(0):
            told = b""
            with suppress(BlockingIOError):
                told = os.read(self._code_from, 16)
            self._told = int(told or _KILLED)
        return self._told

    def end(self) -> None:
        """End all of them, and return when they are gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, number)
            if self._has_ended(_ENDING_S):
                break
        self.code()
        for mine in (self.output_from, self._code_from, self._process):
            os.close(mine)

    def _has_ended(self, within_s: float) -> bool:
        waiting = select.poll()
        waiting.register(self._process, select.POLLIN)
        return bool(waiting.poll(within_s * 1000))


class _Template:
    """The template of this process, and the socket over which it takes orders."""

    def __init__(self) -> None:
        self._orders, its_end = socket.socketpair()
        self._orders.settimeout(_LOADING_S)
        self._lock = Lock()
        with its_end:
            self._process = subprocess.Popen(
                [*_command("template", str(its_end.fileno())), f"{MARK}{os.getpid()}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its_end.fileno()],
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )

    def fork(self, descriptors: Sequence[int], sql: bool) -> int:
        """The id of a new launcher that has these descriptors."""
        with self._lock:
            try:
                return self._order(descriptors, WITH_SQL if sql else b".")
            except OSError:  # what it says from now on would answer another order
                self._process.kill()
                raise

    def _order(self, descriptors: Sequence[int], message: bytes) -> int:
        socket.send_fds(self._orders, [message], descriptors)
        told = b""
        while not told.endswith(b"\n"):
            part = self._orders.recv(16)
            if not part:
                raise BrokenPipeError("the template has ended")
            told += part
        return int(told)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """Take no more orders, and wait until it has noticed."""
        self._orders.close()
        self._process.wait()


_templates: dict[int, _Template] = {}
"""By the process that they work for: a fork of this one must not share its parent's."""

_making = Lock()


def _template() -> _Template:
    with _making:
        mine = _templates.get(os.getpid())
        if mine is None or not mine.is_alive():
            mine = _templates[os.getpid()] = _Template()
            atexit.register(mine.end)
        return mine


def _command(module: str, argument: str) -> list[str]:
    return [sys.executable, "-I", "-B", "-c", _START.format(module), str(ROOT), argument]
