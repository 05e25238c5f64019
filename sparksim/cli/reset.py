"""Put an exercise back as it was released. Your file is not lost: it is kept under another name."""

from __future__ import annotations

import argparse
from itertools import count
from pathlib import Path

from sparksim.cli import learner
from sparksim.cli.refusal import Refusal
from sparksim.core.language import language
from sparksim.course.own_work import course_folder, own_files
from sparksim.course.released import NoCourse, is_as_released, released_file
from sparksim.course.texts import LANGUAGES, Text

_UNTOUCHED = Text("{} is as released; nothing to do", "{} 与发布时相同，无需重置")
_KEPT = Text("your file is now {}", "您的文件现为 {}")
_RESET = Text("{} is as released", "{} 已恢复为发布时的内容")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim reset`."""
    learner.add_exercise(parser)
    learner.add_language(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    learner.speak(options)
    wanted = options.exercise
    path = next(iter(own_files(wanted, Path.cwd())), None) or _where_it_belongs(f"{wanted.slug}.py")
    lang = path.parent.name if path.parent.name in LANGUAGES else language()
    try:
        released = released_file(wanted, lang, path.suffix).read_bytes()
    except NoCourse as missing:
        raise Refusal(str(missing)) from None
    if path.exists() and is_as_released(path, wanted):
        print(_UNTOUCHED.of().format(learner.shown(path)))
        return 0
    if path.exists():
        print(_KEPT.of().format(learner.shown(put_away(path))))
    with path.open("xb") as file:
        file.write(released)
    print(_RESET.of().format(learner.shown(path)))
    return 0


def put_away(path: Path) -> Path:
    """Rename a file to a name that is free and that nobody takes for a submission, such as ex07_words.py.old-1."""
    free = (path.with_name(f"{path.name}.old-{number}") for number in count(1))
    return path.rename(next(name for name in free if not name.exists()))


def _where_it_belongs(name: str) -> Path:
    course = course_folder(Path.cwd())
    return Path.cwd() / name if course is None else course / "exercises" / language() / name
