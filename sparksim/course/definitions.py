"""Of all that a notebook has run, what its functions are made of: the last definition of each, and what it mentions.

A notebook's history holds more than its program: tries, cells that failed and were mended, simulations that were looked
at. None of these counts. A statement does when it binds, or changes, a name that is still needed: by the functions
themselves, or by a later statement that counts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from sparksim.course.submission import Chunk, python_of

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_CERTAIN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
"""Statements that bind their names whatever happens, so that what the names meant before is no longer needed."""

_STAR = "*"


def definitions(cells: Iterable[tuple[int, str]], functions: Sequence[str]) -> list[Chunk]:
    """Of cells in the order in which they ran, number and text each, what the functions need; lines keep their numbers.

    A cell that is not Python has defined nothing and is left out.
    """
    programs = [(number, python_of(text)) for number, text in cells]
    statements = [(number, text, node) for number, text in programs for node in _statements(text)]
    needed = _needed([node for _, _, node in statements], functions)
    kept: dict[tuple[int, str], set[int]] = {}
    for (number, text, node), counts in zip(statements, needed, strict=True):
        if counts:
            kept.setdefault((number, text), set()).update(_lines(node))
    return [
        (f"submission {number}", "\n".join(_only(text.splitlines(), lines))) for (number, text), lines in kept.items()
    ]


def _needed(nodes: Sequence[ast.stmt], functions: Sequence[str]) -> list[bool]:
    """Whether each statement counts.

    Read backwards, a name is needed from where it is mentioned up to where it is bound. What a function mentions is
    looked up when it is called, so that is needed at the very end too; which may make more statements count.
    """
    at_the_end = set(functions)
    while True:
        wanted, counts, called = set(at_the_end), [], set(at_the_end)
        for node in reversed(nodes):
            binds = _binds(node)
            counted = bool(binds & (wanted | {_STAR}) or _changes(node) & wanted)
            if counted:
                wanted -= binds if isinstance(node, _CERTAIN) else set()
                wanted |= _mentions(node)
                called |= _mentions(node) if _has_functions(node) else set()
            counts.append(counted)
        if called == at_the_end:
            return counts[::-1]
        at_the_end = called


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return []


def _binds(node: ast.AST) -> set[str]:
    """The names that a statement gives a meaning to; those inside of functions are not seen outside."""
    if isinstance(node, _Function | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Load) else {node.id}
    if isinstance(node, ast.Lambda):
        return set()
    return {name for child in ast.iter_child_nodes(node) for name in _binds(child)}


def _changes(node: ast.stmt) -> set[str]:
    """The names whose values a statement may change in place: `seen.add(x)`, `limits["a"] = 1`, `del limits["a"]`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places: list[ast.expr] = [node.value.func]
    elif isinstance(node, ast.Assign | ast.Delete):
        places = node.targets
    elif isinstance(node, ast.AugAssign):
        places = [node.target]
    else:
        return set()
    return {name for place in places if isinstance(place, ast.Attribute | ast.Subscript) for name in _root(place)}


def _root(place: ast.expr) -> Iterator[str]:
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    if isinstance(place, ast.Name):
        yield place.id


def _mentions(node: ast.AST) -> set[str]:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Store)}
    return names.union(*(each.names for each in ast.walk(node) if isinstance(each, ast.Global)))


def _has_functions(node: ast.AST) -> bool:
    return any(isinstance(each, _Function | ast.Lambda) for each in ast.walk(node))


def _lines(node: ast.stmt) -> range:
    """The lines of a statement, counted from 0, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return range(first - 1, node.end_lineno or node.lineno)


def _only(lines: Sequence[str], wanted: set[int]) -> list[str]:
    return [line if number in wanted else "" for number, line in enumerate(lines)]
