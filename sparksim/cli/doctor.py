"""Say what is installed for the course, what is missing, and the commands that mend it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from sparksim.cli import learner
from sparksim.course.own_work import course_folder
from sparksim.course.released import NoCourse, released_course
from sparksim.course.sandbox.process import can_isolate
from sparksim.course.texts import Text
from sparksim.viz.fonts import FAMILY, FIGURE_FONT, PAGE_FONT

_PACKAGES = (
    (Text("figures", "绘图"), ("matplotlib",)),
    (
        Text("lessons in Jupyter and timelines that you can touch", "Jupyter 课程和可交互的时间线"),
        ("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "pandas"),
    ),
    (Text("SQL on a stream", "流上的 SQL"), ("duckdb", "sqlglot")),
    (Text("live programs that use Kafka", "实时的 Kafka 程序"), ("confluent-kafka",)),
)
"""What the extra `course` installs, and what for."""

_INSTALL = '"{}" -m pip install "sparksim[course]"'
_INSTALL_ANEW = '"{}" -m pip install --force-reinstall --no-deps sparksim'
_THERE = Text("{what}: {found}", "{what}：{found}")
_MISSING = Text("missing for {what}: {missing}", "缺少 {missing}（用于{what}）")
_LETTERS = Text("letters of this terminal", "终端文字编码")
# Who reads this one cannot see the other language.
_NO_LETTERS = Text("this terminal shows no Chinese letters ({})", "this terminal shows no Chinese letters ({})")
_FONTS = Text("Chinese letters of figures and pages", "图表和页面的中文字体")
_NO_FONTS = Text("missing: the font for Chinese in figures and pages", "缺少图表和页面的中文字体")
_NO_WINDOWS = Text(
    "grading needs Linux or macOS; on Windows install WSL and work in there",
    "评分需要 Linux 或 macOS；在 Windows 上请安装 WSL 并在其中使用",
)
_WALLS = Text("grading: submissions run behind walls (namespaces)", "评分：提交在隔离环境（命名空间）中运行")
_NO_WALLS = Text(
    "grading: works for your own files; strangers' work wants Linux with namespaces, or a container of its own",
    "评分：可以评自己的文件；评他人的作业需要支持命名空间的 Linux 或单独的容器",
)
_COURSE = Text("the course that this folder is in: {}", "当前所在的课程：{}")
_NO_FOLDER = Text("this folder is in no course", "当前文件夹不在课程中")
_NO_COURSE = Text("the course did not come with this installation", "此安装中没有课程")
_LANGUAGE = Text(
    "messages are in English; for Chinese: export SPARKSIM_LANG=zh",
    "消息为中文；要用英文：export SPARKSIM_LANG=en",
)
_ALL_WELL = Text("Nothing is missing.", "一切就绪。")
_MEND = Text("To mend what is marked ✗:", "修复标有 ✗ 的项：")


class Found(NamedTuple):
    """One thing that was looked at. `remedy` is a command, or "" where nothing needs to be done."""

    text: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim doctor`."""
    learner.add_language(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code: 1 when something is missing."""
    learner.speak(options)
    found = list(examine(installed_version))
    for each in found:
        print(f"  {'✗' if each.remedy else '✓'} {each.text}")
    remedies = dict.fromkeys(each.remedy for each in found if each.remedy)
    print((_MEND if remedies else _ALL_WELL).of())
    for remedy in remedies:
        print(f"  {remedy}")
    return 1 if remedies else 0


def examine(installed: Callable[[str], str | None]) -> Iterator[Found]:
    """Look at everything; `installed` gives the version of a package, or None."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Found(f"Python {python}: {sys.executable}")
    yield Found(f"sparksim {installed('sparksim')}: {Path(__file__).parents[1]}")
    for what, packages in _PACKAGES:
        yield _packages(what.of(), {package: installed(package) for package in packages})
    yield _letters()
    yield _fonts()
    yield _sandbox()
    yield _course()
    yield Found(_LANGUAGE.of())


def installed_version(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _packages(what: str, versions: dict[str, str | None]) -> Found:
    missing = ", ".join(package for package, number in versions.items() if number is None)
    if missing:
        return Found(_MISSING.of().format(what=what, missing=missing), _INSTALL.format(sys.executable))
    found = ", ".join(f"{package} {number}" for package, number in versions.items())
    return Found(_THERE.of().format(what=what, found=found))


def _letters() -> Found:
    """Whether Chinese can be printed: every exercise says "not started yet" in both languages."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        "尚未完成 ✓".encode(encoding)
    except UnicodeEncodeError:
        return Found(_NO_LETTERS.of().format(encoding), "export PYTHONUTF8=1")
    return Found(_THERE.of().format(what=_LETTERS.of(), found=encoding))


def _fonts() -> Found:
    """Whether the fonts are there that figures and pages are drawn with in Chinese."""
    fonts = files("sparksim.viz.fonts")
    if all(fonts.joinpath(name).is_file() for name in (FIGURE_FONT, PAGE_FONT)):
        return Found(_THERE.of().format(what=_FONTS.of(), found=FAMILY))
    return Found(_NO_FONTS.of(), _INSTALL_ANEW.format(sys.executable))


def _sandbox() -> Found:
    if os.name != "posix":
        return Found(_NO_WINDOWS.of(), "wsl --install")
    return Found((_WALLS if can_isolate() else _NO_WALLS).of())


def _course() -> Found:
    try:
        released_course()
    except NoCourse:
        return Found(_NO_COURSE.of(), _INSTALL_ANEW.format(sys.executable))
    folder = course_folder(Path.cwd())
    if folder is None:
        return Found(_NO_FOLDER.of(), "sparksim start my-course && cd my-course")
    return Found(_COURSE.of().format(folder))
