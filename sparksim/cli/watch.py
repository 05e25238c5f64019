"""Grade an exercise again whenever its file is saved, until Ctrl-C."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from sparksim.cli import learner
from sparksim.course.grader import grade
from sparksim.course.results import details
from sparksim.course.texts import Text

LOOK_EVERY_S = 0.3
_WAITING = Text("waiting until {} is saved; Ctrl-C ends it", "等待 {} 保存；按 Ctrl-C 结束")
_ENDED = Text("no longer watching", "已停止")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim watch`."""
    learner.add_exercise(parser)
    learner.add_seed(parser)
    learner.add_language(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    learner.speak(options)
    seed = learner.ready_to_grade(options.seed)
    own = learner.own_submission(options.exercise)

    def regrade() -> None:
        print(details(grade(own.path, own.exercise, seed, name=own.name)), end="\n\n", flush=True)
        learner.tell(_WAITING.of().format(own.name))

    try:
        watch(own.path, regrade, lambda: time.sleep(LOOK_EVERY_S))
    except KeyboardInterrupt:
        learner.tell(_ENDED.of())
    learner.tell_seed(seed)
    return 0


def watch(path: Path, regrade: Callable[[], None], wait: Callable[[], None]) -> None:
    """Call `regrade` now and after each `wait` in which the file was saved. It ends when one of them raises."""
    seen = _state(path)
    regrade()
    while True:
        wait()
        state = _state(path)
        if state is not None and state != seen:
            seen = state
            regrade()


def _state(path: Path) -> tuple[int, int, int] | None:
    """What a save changes; None at the moment where an editor has put the old file away and the new one is to come."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
