"""Grade an exercise again whenever its file is saved, until Ctrl-C."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sparksim.cli import learner
from sparksim.course.own_work import files_of
from sparksim.course.progress import note_exercise
from sparksim.course.results import details
from sparksim.course.texts import Text

LOOK_EVERY_S = 0.3
_WAITING = Text(
    "this was {}; waiting until it is saved again; Ctrl-C ends it", "以上是 {}；等待再次保存；按 Ctrl-C 结束"
)
_ENDED = Text("no longer watching", "已停止")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim watch`."""
    learner.add_own_work(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    learner.speak(options)
    seed = learner.ready_to_grade(options.seed)

    def regrade() -> None:
        graded = learner.graded_own(options.exercise, seed)
        note_exercise(graded.exercise.lesson, graded.score, graded.points)
        print(details(graded), end="\n\n", flush=True)
        learner.tell(_WAITING.of().format(graded.submission))

    try:
        watch(lambda: files_of(options.exercise, Path.cwd()), regrade, lambda: time.sleep(LOOK_EVERY_S))
    except KeyboardInterrupt:
        learner.tell(_ENDED.of())
    learner.tell_seed(seed)
    return 0


def watch(files: Callable[[], Iterable[Path]], regrade: Callable[[], None], wait: Callable[[], None]) -> None:
    """Call `regrade` now and after each `wait` in which one of the files was saved. Ends when one of them raises."""
    seen = _states(files())
    regrade()
    while True:
        wait()
        states = _states(files())
        if any(seen.get(path) != state for path, state in states.items()):
            seen = states
            regrade()


def _states(files: Iterable[Path]) -> dict[Path, tuple[int, int, int]]:
    """What a save changes. An editor may put the old file away before the new one comes."""
    states = {}
    for path in files:
        with suppress(FileNotFoundError):
            found = path.stat()
            states[path] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return states
