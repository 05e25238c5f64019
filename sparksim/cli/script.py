"""What the command reads off a program: the master in its text, and its own frames in a traceback."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).parents[1]


class OwnMaster(NamedTuple):
    """A master that a program writes down itself, and the line where it does."""

    master: str
    line: int


def own_master(path: Path) -> OwnMaster | None:
    """The first master that stands in the program as a literal; None where it has none, or is no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return None
    return min(_masters(tree), key=lambda found: found.line, default=None)


def user_traceback(error: BaseException, program: Path) -> str:
    """The traceback of `error` with the frames of the program and of what it called, but none of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((at for at, frame in enumerate(frames) if Path(frame.filename) == program), len(frames))
    own = [frame for frame in frames[first:] if _PACKAGE not in Path(frame.filename).parents]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(own)] if own else []
    return "".join([*lines, *traceback.format_exception_only(error)]).rstrip()


def _masters(tree: ast.AST) -> Iterator[OwnMaster]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        arguments = list(node.args)
        if name == "SparkContext":
            arguments = [*arguments[:1], *(each.value for each in node.keywords if each.arg == "master")]
        elif name == "set" and arguments and _text(arguments[0]) == "spark.master":
            arguments = arguments[1:]
        elif name not in ("setMaster", "master"):
            continue
        for argument in arguments[:1]:
            if text := _text(argument):
                yield OwnMaster(text, node.lineno)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
