"""Outside of the walls: starts a submission's process, collects its answers, and ends it when a limit is reached.

The answers come over a pipe, each behind a token that is drawn anew every time. They are data: text, and traces as
JSON. What the submission prints is kept up to a limit and never looked at for answers.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sparksim.course.probes import Probe
from sparksim.course.sandbox import NO_WALLS
from sparksim.course.sandbox.runner import needs_sql
from sparksim.course.sandbox.start import ROOT, Forked, Fresh

_HIDDEN = (ROOT / "sparksim" / "course", ROOT / "solutions", ROOT / "tests")
_STARTING_S = 30.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Limits:
    """What a submission may use, all its processes together for `wall_s`, `total_mb` and `output_kb`, else each."""

    wall_s: float = 10.0
    cpu_s: int = 8
    memory_mb: int = 1024
    total_mb: int = 1024
    file_mb: int = 16
    processes: int = 32
    open_files: int = 128
    output_kb: int = 256
    answers_mb: int = 8


USUAL = Limits()
"""Ten times what an exercise needs."""


@dataclass
class Answers:
    """What came out. `end` says how: "done", "left", "time", "memory", "output", "exit N", "signal NAME", "no start".

    `loaded` are the errors of the submission's own text, None where it never came to its end. `said` was printed.
    """

    end: str = ""
    loaded: list[dict[str, Any]] | None = None
    functions: list[str] = field(default_factory=list)
    of_probes: dict[int, dict[str, Any]] = field(default_factory=dict)
    said: str = ""


def ask(chunks: Sequence[tuple[str, str]], probes: Sequence[Probe], limits: Limits = USUAL) -> Answers:
    """Run the chunks of a submission, (name, text) each, and ask it the probes."""
    return _Process(chunks, probes, limits, isolated=can_isolate()).run()


@cache
def can_isolate() -> bool:
    """Whether this system allows namespaces. Without them a submission can reach files that its user can reach, and a
    process that hides from its group outlives it."""
    if sys.platform != "linux":
        return False
    return _Process([], [], USUAL, isolated=True).run().end == "done"


class _Process:
    def __init__(
        self, chunks: Sequence[tuple[str, str]], probes: Sequence[Probe], limits: Limits, *, isolated: bool
    ) -> None:
        self._limits = limits
        self._token = secrets.token_hex(16)
        self._request: dict[str, Any] = {
            "token": self._token,
            "isolated": isolated,
            "root": str(ROOT),
            "hidden": [str(path) for path in _HIDDEN],
            "limits": asdict(limits),
            "chunks": [{"name": name, "text": text} for name, text in chunks],
            "probes": [probe.as_request() for probe in probes],
        }
        self._raw = bytearray()
        self._said = bytearray()

    def run(self) -> Answers:
        """From the start to the end of the last process."""
        with TemporaryDirectory(prefix=f"sparksim-{os.getpid()}-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o777)  # what runs there may be another user; nobody else knows the name
            return self._run_in(folder)

    def _run_in(self, folder: str) -> Answers:
        answers_from, answers_to = os.pipe()
        try:
            launcher = self._start(folder, answers_to)
        finally:
            os.close(answers_to)
        try:
            launcher.send(json.dumps({**self._request, "folder": folder, "answers_to": launcher.answers_to}).encode())
            stopped = self._watch(launcher, answers_from)
        finally:
            launcher.end()
            os.close(answers_from)
        answers = self._read()
        answers.end = stopped or answers.end or _end_of(launcher.code())
        return answers

    def _start(self, folder: str, answers_to: int) -> Fresh | Forked:
        if self._request["isolated"]:
            with suppress(OSError):
                return Forked(answers_to, needs_sql(self._request["chunks"]))
        return Fresh(folder, answers_to)

    def _watch(self, launcher: Fresh | Forked, answers_from: int) -> str:
        """Collect what comes until the process ends by itself (""), or the limit that it has reached."""
        limits = self._limits
        room = {answers_from: limits.answers_mb << 20, launcher.output_from: limits.output_kb << 10}
        into = {answers_from: self._raw, launcher.output_from: self._said}
        deadline, started = time.monotonic() + _STARTING_S, False
        with selectors.DefaultSelector() as selector:
            for source in room:
                os.set_blocking(source, False)
                selector.register(source, selectors.EVENT_READ)
            while True:
                over = launcher.code() is not None
                ready = selector.select(0 if over else _LOOK_EVERY_S)
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    into[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
                    if len(into[key.fd]) > room[key.fd]:
                        return "output"
                if over and not ready:
                    return ""
                if not started and self._token.encode() in self._raw:
                    deadline, started = time.monotonic() + limits.wall_s, True
                if time.monotonic() > deadline:
                    return "time" if started else "no start"
                if _memory_mb(launcher.pid) > limits.total_mb:
                    return "memory"

    def _read(self) -> Answers:
        """The lines with the token. Who has found it in memory can say anything, but does not know what is right."""
        answers = Answers(said=self._said.decode(errors="replace"))
        for line in BytesIO(self._raw):
            token, _, text = line.partition(b" ")
            if token != self._token.encode():
                continue
            with suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError):
                told = json.loads(text)
                if "loaded" in told and answers.loaded is None:
                    answers.loaded = [_as_error(each) for each in told["loaded"]]
                    answers.functions = [str(name) for name in told["functions"]]
                elif told.get("finished") is True:
                    answers.end = "done"
                elif type(told.get("probe")) is int:
                    answers.of_probes.setdefault(told["probe"], told)
        return answers


def _as_error(told: object) -> dict[str, str]:
    """An error as texts, whatever came."""
    known = told if isinstance(told, dict) else {}
    return {name: str(known.get(name, "")) for name in ("raised", "message", "place")}


def _end_of(code: int | None) -> str:
    if code == NO_WALLS:
        return "no start"
    if not code:
        return "left"
    number = -code if code < 0 else code - 128
    names = {each.value: each.name for each in signal.Signals}
    return f"signal {names[number]}" if number in names else f"exit {code}"


def _memory_mb(pid: int) -> float:
    """The memory that a process and all its descendants hold, on Linux; 0 where that cannot be seen."""
    pages, waiting = 0, [pid]
    while waiting:
        folder = f"/proc/{waiting.pop()}"
        with suppress(OSError, ValueError, IndexError):
            pages += int(Path(folder, "statm").read_text().split()[1])
            for task in os.listdir(f"{folder}/task"):
                waiting += map(int, Path(folder, "task", task, "children").read_text().split())
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
