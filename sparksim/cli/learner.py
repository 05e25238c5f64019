"""What the commands for learners share: their language, their files, and what stands in the way of grading."""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from pathlib import Path

from sparksim.cli.refusal import Refusal
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import set_language
from sparksim.course.batch import Submission
from sparksim.course.exercise import Exercise
from sparksim.course.exercises import find_exercise
from sparksim.course.explain import NOT_HERE, printable
from sparksim.course.grader import Graded, drawn_seed, grade
from sparksim.course.own_work import own_files
from sparksim.course.released import is_as_released
from sparksim.course.sandbox.process import can_isolate
from sparksim.course.texts import LANGUAGES, Text

_NO_WALLS = Text(
    "this system allows no namespaces, so a submission that goes around Python can reach the files and the network "
    "that you can reach; grade strangers' work on Linux with namespaces, or in a container of its own",
    "本系统不允许命名空间，绕过 Python 的提交可以访问您能访问的文件和网络；"
    "请在支持命名空间的 Linux 上或单独的容器中评分",
)
_NO_FILE = Text(
    "there is no {number}_*.py or .ipynb in this folder, nor in exercises/ of a course around it; go to your folder, "
    "or make one: sparksim start DIR",
    "当前文件夹及其所属课程的 exercises/ 中都没有 {number}_*.py 或 .ipynb；请进入您的文件夹，"
    "或新建一个：sparksim start DIR",
)
_OTHERS = Text("not graded, since {} counts: {}", "以 {} 为准，未评分：{}")
_DRAWN = Text("the hidden inputs were drawn from --seed {}", "隐藏的输入由 --seed {} 抽取")


def add_language(parser: argparse.ArgumentParser) -> None:
    """The option of the language."""
    what = "the language of messages and hints (default: that of the folder en or zh you are in, else SPARKSIM_LANG)"
    parser.add_argument("--lang", choices=LANGUAGES, help=what)


def add_exercise(parser: argparse.ArgumentParser) -> None:
    """The argument that names one exercise."""
    parser.add_argument("exercise", metavar="NN", type=exercise, help="the number of the exercise, such as 07")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """The option that repeats a grading."""
    parser.add_argument("--seed", metavar="N", type=int, help="draw the hidden inputs again as in an earlier run")


def add_own_work(parser: argparse.ArgumentParser) -> None:
    """The arguments of the commands that grade one exercise of the learner's."""
    add_exercise(parser)
    add_seed(parser)
    add_language(parser)


def exercise(text: str) -> Exercise:
    """The `type=` of an exercise's number."""
    try:
        return find_exercise(text)
    except IllegalArgumentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def speak(options: argparse.Namespace) -> None:
    """Be understood: in the language of the folder that the learner stands in, unless another one was asked for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without Chinese letters shows question marks
            stream.reconfigure(errors="replace")
    if options.lang is None and Path.cwd().name in LANGUAGES:
        set_language(Path.cwd().name)


def ready_to_grade(seed: int | None, *, strangers: bool = False) -> int:
    """The seed to draw from, given or new. Before work of strangers it says what the sandbox cannot do here.

    Raises `Refusal` on Windows.
    """
    if os.name != "posix":
        raise Refusal(NOT_HERE.of())
    if strangers and not can_isolate():
        tell(_NO_WALLS.of())
    return drawn_seed() if seed is None else seed


def own_submission(wanted: Exercise) -> Submission:
    """The learner's file of an exercise. Raises `Refusal` when there is none."""
    files = own_files(wanted, Path.cwd())
    if not files:
        raise Refusal(_NO_FILE.of().format(number=wanted.number))
    chosen, *others = files
    begun = [shown(path) for path in others if not is_as_released(path, wanted)]
    if begun:
        tell(_OTHERS.of().format(shown(chosen), ", ".join(begun)))
    return Submission(chosen, shown(chosen), wanted)


def graded_own(wanted: Exercise, seed: int) -> Graded:
    """The learner's file of an exercise, graded. Raises `Refusal` when there is none."""
    own = own_submission(wanted)
    return grade(own.path, own.exercise, seed, name=own.name)


def shown(path: Path) -> str:
    """A path as the learner would type it."""
    return printable(os.path.relpath(path))


def tell_seed(seed: int) -> None:
    """How to grade in the same way again."""
    tell(_DRAWN.of().format(seed))


def tell(line: str) -> None:
    """A remark that is no result."""
    sys.stdout.flush()
    print(f"sparksim: {line}", file=sys.stderr, flush=True)
