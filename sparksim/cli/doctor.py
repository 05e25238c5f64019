"""Say what is installed for the course, what is missing, and the command that mends it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from sparksim.cli import learner
from sparksim.course.own_work import course_folder
from sparksim.course.released import NoCourse, released_course
from sparksim.course.sandbox.process import can_isolate
from sparksim.course.texts import Text

_EXTRAS = {
    "viz": (("matplotlib",), Text("figures", "绘图")),
    "notebook": (
        ("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "pandas"),
        Text("lessons in Jupyter, timelines you can touch", "Jupyter 课程和可交互的时间线"),
    ),
    "sql": (("duckdb", "sqlglot"), Text("SQL on a stream", "流上的 SQL")),
    "kafka": (
        ("confluent-kafka",),
        Text("live programs that use Kafka; simulations do without", "实时的 Kafka 程序；模拟不需要它"),
    ),
}
"""What each extra of the package installs, and what for."""

_INSTALL = '{python} -m pip install "sparksim[{extra}]"'
_THERE = Text("{what}: {found}", "{what}：{found}")
_MISSING = Text("{what}: {missing} is not installed", "{what}：未安装 {missing}")
_NO_WINDOWS = Text(
    "grading: needs Linux or macOS; on Windows install WSL and work in there",
    "评分：需要 Linux 或 macOS；在 Windows 上请安装 WSL 并在其中使用",
)
_WALLS = Text("grading: submissions run behind walls (namespaces)", "评分：提交在隔离环境（命名空间）中运行")
_NO_WALLS = Text(
    "grading: works for your own files; strangers' work wants Linux with namespaces, or a container of its own",
    "评分：可以评自己的文件；评他人的作业需要支持命名空间的 Linux 或单独的容器",
)
_COURSE = Text("the course you stand in: {}", "当前所在的课程：{}")
_NO_FOLDER = Text("the course: this folder is in none", "课程：当前文件夹不在课程中")
_LETTERS = Text("this terminal cannot show Chinese letters ({})", "this terminal cannot show Chinese letters ({})")
_LANGUAGE = Text(
    "messages are in English; for Chinese: export SPARKSIM_LANG=zh",
    "消息为中文；要用英文：export SPARKSIM_LANG=en",
)
_ALL_WELL = Text("Nothing is missing.", "一切就绪。")
_MEND = Text("What is marked ✗ can be mended with the command below it.", "标有 ✗ 的项可用其下方的命令修复。")


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
        if each.remedy:
            print(f"      {each.remedy}")
    missing = any(each.remedy for each in found)
    print((_MEND if missing else _ALL_WELL).of())
    return 1 if missing else 0


def examine(installed: Callable[[str], str | None]) -> Iterator[Found]:
    """Look at everything; `installed` gives the version of a package, or None."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Found(f"Python {python}: {sys.executable}")
    yield Found(f"sparksim {installed('sparksim')}: {Path(__file__).parents[1]}")
    for extra, (packages, what) in _EXTRAS.items():
        yield _extra(extra, packages, what.of(), installed)
    yield _letters()
    yield _sandbox()
    yield from _course()
    yield Found(_LANGUAGE.of())


def installed_version(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _extra(extra: str, packages: tuple[str, ...], what: str, installed: Callable[[str], str | None]) -> Found:
    versions = {package: installed(package) for package in packages}
    missing = [package for package, number in versions.items() if number is None]
    if missing:
        remedy = _INSTALL.format(python=sys.executable, extra=extra)
        return Found(_MISSING.of().format(what=what, missing=", ".join(missing)), remedy)
    return Found(
        _THERE.of().format(what=what, found=", ".join(f"{name} {number}" for name, number in versions.items()))
    )


def _letters() -> Found:
    """Whether what is printed can be Chinese: every exercise says "not started yet" in both languages."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        "尚未完成 ✓".encode(encoding)
    except UnicodeEncodeError:
        return Found(_LETTERS.en.format(encoding), "export PYTHONUTF8=1")
    return Found(_THERE.of().format(what=Text("letters", "文字").of(), found=encoding))


def _sandbox() -> Found:
    if os.name != "posix":
        return Found(_NO_WINDOWS.of(), "wsl --install")
    return Found((_WALLS if can_isolate() else _NO_WALLS).of())


def _course() -> Iterator[Found]:
    try:
        released_course()
    except NoCourse as missing:
        yield Found(str(missing).partition(";")[0].partition("；")[0], "pip install --force-reinstall sparksim")
        return
    folder = course_folder(Path.cwd())
    if folder is None:
        yield Found(_NO_FOLDER.of(), "sparksim start my-course && cd my-course")
    else:
        yield Found(_COURSE.of().format(folder))
