"""One hint: what the first check that fails expected, what came, and what to think of."""

from __future__ import annotations

import argparse

from sparksim.cli import learner
from sparksim.course.results import hint
from sparksim.course.texts import Text

_NONE_NEEDED = Text("{}: all {} points; there is nothing to hint at", "{}：{} 分全部得到，无需提示")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim hint`."""
    learner.add_own_work(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code: 1 when a check fails."""
    learner.speak(options)
    seed = learner.ready_to_grade(options.seed)
    graded = learner.graded_own(options.exercise, seed)
    print(hint(graded) or _NONE_NEEDED.of().format(graded.submission, graded.points))
    learner.tell_seed(seed)
    return 0 if graded.score == graded.points else 1
