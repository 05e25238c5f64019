"""Why there is no answer to judge, in words: errors, limits, signals, missing functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sparksim.course.probes import Probe
from sparksim.course.sandbox.process import Limits
from sparksim.course.texts import Text

_PLACE = re.compile(r"submission(?: (\d{1,6}))?:(\d{1,9})")

_END_HINTS = {
    "time": Text(
        "Is there a loop that never ends, a sleep, or a wait for input? Programs run in virtual time: do not wait.",
        "是否有永不结束的循环、sleep 或等待输入？程序在虚拟时间中运行，请不要等待。",
    ),
    "signal SIGXCPU": Text(
        "Is there a loop that never ends? An exercise needs about a second.",
        "是否有永不结束的循环？一道练习只需约一秒。",
    ),
    "memory": Text("Is there a list that grows without end?", "是否有无限增长的列表？"),
    "output": Text(
        "Take print out of loops and functions that are called often.", "请把 print 移出循环和频繁调用的函数。"
    ),
}


NOT_HERE = Text(
    "grading needs Linux or macOS, whose limits it uses; on Windows work in WSL",
    "评分需要 Linux 或 macOS 的资源限制；在 Windows 上请使用 WSL",
)
"""Why nothing is graded on Windows."""


def printable(text: str) -> str:
    """A text of the submission that cannot move the cursor of a terminal or begin a new line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def missing(functions: Sequence[str]) -> Text:
    """Functions that are not in the submission."""
    names = ", ".join(functions)
    return Text(f"missing: {names}", f"缺少：{names}")


def error(answer: Mapping[str, Any], probe: Probe | None = None) -> Text:
    """What the submission raised, in a probe or while it was loaded."""
    kind, message = printable(str(answer.get("raised", "")))[:80], printable(str(answer.get("message", "")))[:400]
    what = f"{kind}: {message}" if message else kind
    english, chinese = _place(str(answer.get("place", "")))
    if kind in ("ModuleNotFoundError", "ImportError"):
        return Text(f"imports what is not there{english}: {what}", f"导入了不存在的模块{chinese}：{what}")
    if kind in ("SyntaxError", "IndentationError", "TabError"):
        return Text(f"is not Python{english}: {what}", f"不是合法的 Python{chinese}：{what}")
    if probe is None:
        return Text(f"fails when it is loaded{english}: {what}", f"加载时出错{chinese}：{what}")
    return Text(f"{probe.function} raises{english} {what}", f"{probe.function} 抛出异常{chinese} {what}")


def error_hint(answer: Mapping[str, Any]) -> Text | None:
    """A hint for errors that have the same cause in every exercise."""
    if answer.get("raised") in ("ModuleNotFoundError", "ImportError"):
        return Text("Use Python's own modules and sparksim only.", "请只使用 Python 标准库和 sparksim。")
    if answer.get("raised") == "RecursionError":
        return Text("A function calls itself without end.", "有函数在无限调用自身。")
    return None


MEND_FIRST = Text(
    "Mend this first: nothing that stands after it could be graded.", "请先修正这一处：其后的内容都无法评分。"
)
"""The hint where the submission's own text failed."""

NAME_IT = Text(
    "Write it under exactly this name; its first line stands in the exercise.",
    "请使用完全相同的函数名；练习文件中有它的首行。",
)
"""The hint where a function is missing."""


def no_plain_value(kind: str, probe: Probe) -> Text:
    """A function returned an object that cannot be compared."""
    kind = printable(kind)
    return Text(
        f"{probe.function} returns a {kind}; return a plain value (number, text, list, tuple, dict, set)",
        f"{probe.function} 返回了 {kind}；请返回普通的值（数、文本、列表、元组、字典、集合）",
    )


def no_answer(kind: str, probe: Probe) -> Text:
    """What came back is not what such a call or simulation gives."""
    return Text(f"the answer of {probe.function} makes no sense ({kind})", f"{probe.function} 的回答无意义（{kind}）")


def ended(end: str, limits: Limits) -> Text:
    """How the process ended before it had answered."""
    what, _, which = end.partition(" ")
    if end == "signal SIGXCPU":
        return Text(f"took more than {limits.cpu_s} s of processor time", f"占用处理器时间超过 {limits.cpu_s} 秒")
    if what == "signal":
        return Text(f"died by {which} before it was done", f"尚未完成就因 {which} 而终止")
    if what == "exit":
        return Text(f"ended itself (exit code {which}) before it was done", f"尚未完成就自行退出（退出码 {which}）")
    return {
        "time": Text(f"took longer than {limits.wall_s:g} s", f"运行超过 {limits.wall_s:g} 秒"),
        "memory": Text(f"used more than {limits.total_mb} MB of memory", f"占用内存超过 {limits.total_mb} MB"),
        "output": Text(
            f"printed more than {limits.output_kb} kB, or answered too much",
            f"输出超过 {limits.output_kb} kB，或回答过长",
        ),
        "left": Text("ended itself before it was done", "尚未完成就自行退出"),
    }.get(end, Text("the sandbox could not be started", "沙箱无法启动"))


def end_hint(end: str) -> Text | None:
    """A hint for the limit that was reached."""
    if end == "left" or end.startswith("exit"):
        return Text("Leave exit, quit and os._exit out.", "请不要使用 exit、quit 和 os._exit。")
    if end.startswith("signal") and end not in _END_HINTS:
        return Text(
            "The process crashed: look for ctypes, for os.kill, and for recursion without end.",
            "进程崩溃了：请检查 ctypes、os.kill 和无限递归。",
        )
    return _END_HINTS.get(end)


def _place(raw: str) -> Text:
    match = _PLACE.fullmatch(raw)
    if match is None:
        return Text("", "")
    cell, line = match.groups()
    if cell is None:
        return Text(f" (line {line})", f"（第 {line} 行）")
    return Text(f" (cell {cell}, line {line})", f"（第 {cell} 个单元格第 {line} 行）")
