"""What a hostile submission could harm, laid out for it, and how to see that it did not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sparksim.course.sandbox.process import Limits
from sparksim.course.sandbox.start import MARK

HOSTILE_DIR = Path(__file__).parent / "hostile"
SOLUTION = Path(__file__).parents[2] / "solutions" / "ex03_word_count.py"
TIGHT = Limits(
    wall_s=1.5, cpu_s=1, memory_mb=512, total_mb=600, file_mb=4, processes=12, open_files=64, output_kb=64, answers_mb=2
)


@dataclass(frozen=True)
class Surroundings:
    """A folder with a file that everybody may delete, a listener on this machine, and a number of seconds to sleep."""

    folder: Path
    listener: socket.socket

    @property
    def nap(self) -> str:
        """Seconds that nobody else sleeps."""
        return f"600.{os.getpid()}"

    def submission(self, hostile: Path) -> Path:
        """The hostile file as a submission of the first exercise that knows its victims."""
        text = hostile.read_text(encoding="utf-8")
        for name, value in {
            "VICTIM": str(self.folder / "victim"),
            "SOLUTION": str(SOLUTION),
            "PORT": str(self.listener.getsockname()[1]),
            "GRADER": str(os.getpid()),
            "NAP": self.nap,
        }.items():
            text = text.replace(f"@{name}@", value)
        path = self.folder / f"ex03_{hostile.name}"
        path.write_text(text, encoding="utf-8")
        return path

    def harm(self) -> list[str]:
        """What was done to them, in words."""
        victim = self.folder / "victim"
        changed = [str(path) for path in victim.iterdir() if path.name != "precious"]
        if not (victim / "precious").exists() or (victim / "precious").read_text() != "precious":
            changed.append("precious")
        try:
            self.listener.accept()[0].close()
            changed.append("connected")
        except BlockingIOError:
            pass
        return changed + [f"left running: {line}" for line in _running().values() if self.nap in line] + _left_behind()


@contextmanager
def surroundings(folder: Path) -> Iterator[Surroundings]:
    """Everything in place, and open to everybody."""
    victim = folder / "victim"
    victim.mkdir(mode=0o777)
    for path in (folder, victim):
        path.chmod(0o777)
    (victim / "precious").write_text("precious")
    (victim / "precious").chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Surroundings(folder, listener)


def _left_behind() -> list[str]:
    """Sandboxes of this process that still run. The template, of which they are forks, may."""
    fresh = [line for line in _running().values() if f"sparksim-{os.getpid()}-" in line]
    return [f"left running: {line}" for line in fresh] + [f"left running: {number}" for number in templates()[1:]]


def templates() -> list[int]:
    """The processes that are the template of this one, or forks of it."""
    return sorted(number for number, line in _running().items() if f"{MARK}{os.getpid()}" in line.split())


def _running() -> dict[int, str]:
    """The command lines of all processes that are no zombies."""
    lines = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            lines[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return lines
