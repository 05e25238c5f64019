"""Lay out the course in a folder of yours: lessons, exercises and examples. Files that are there stay as they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.cli import learner
from sparksim.cli.refusal import Refusal
from sparksim.core.language import language
from sparksim.course.released import NoCourse, lay_out
from sparksim.course.texts import Text

_DONE = Text("{written} files of the course are in {folder}", "课程的 {written} 个文件已放入 {folder}")
_KEPT = Text("{kept} files were there already and stay as they are", "已有的 {kept} 个文件保持不变")
_NEXT = Text(
    "Next:\n"
    "  cd {folder}\n"
    "  sparksim doctor                          is everything installed?\n"
    "  jupyter lab lessons/{lang}/index.ipynb      the map of the lessons; exercises are in exercises/{lang}\n"
    "  sparksim grade 03                        grades your exercise 3; watch 03 does whenever it is saved",
    "接下来：\n"
    "  cd {folder}\n"
    "  sparksim doctor                          检查是否已全部安装\n"
    "  jupyter lab lessons/{lang}/index.ipynb      课程目录；练习在 exercises/{lang}\n"
    "  sparksim grade 03                        为您的练习 3 评分；watch 03 在每次保存后重新评分",
)
_NO_FOLDER = Text(
    "{} is a file; give the name of a folder, such as my-course", "{} 是一个文件；请给出文件夹名，例如 my-course"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim start`."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder to lay it out in; made if need be")
    learner.add_language(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    learner.speak(options)
    folder: Path = options.folder
    if folder.exists() and not folder.is_dir():
        raise Refusal(_NO_FOLDER.of().format(folder))
    try:
        laid_out = lay_out(folder)
    except NoCourse as missing:
        raise Refusal(str(missing)) from None
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}") from None
    print(_DONE.of().format(written=laid_out.written, folder=folder))
    if laid_out.kept:
        print(_KEPT.of().format(kept=laid_out.kept))
    print(_NEXT.of().format(folder=folder, lang=language()))
    return 0
