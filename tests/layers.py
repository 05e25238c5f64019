"""Reads the imports of a package and says which of them run up the layers of docs/design.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "sparksim"
LAYERS = (
    "core",
    "trace",
    "viz",
    "cluster",
    "kafka",
    "streaming",
    "sql",
    "sim",
    "fidelity",
    "semantics",
    "course",
    "lab",
    "ui",
    "cli",
)
OPEN = ("sparksim.core.language",)
"""Modules that every layer may import, because what they know is no layer's business."""
ALLOWED: dict[str, frozenset[str]] = {
    "core": frozenset(),
    "trace": frozenset(),
    "viz": frozenset({"trace"}),
    "cluster": frozenset({"core", "trace"}),
    "kafka": frozenset({"core", "trace", "cluster"}),
    "streaming": frozenset({"core", "trace", "cluster", "kafka"}),
    "sql": frozenset({"core", "trace", "viz", "cluster", "kafka", "streaming"}),
    "sim": frozenset({"core", "trace", "viz", "cluster", "kafka", "streaming", "sql"}),
    "fidelity": frozenset({"core", "trace", "cluster", "kafka", "streaming", "sql", "sim"}),
    "semantics": frozenset({"core", "trace", "cluster", "kafka", "streaming", "sql", "sim"}),
    "course": frozenset(
        {"core", "trace", "cluster", "kafka", "streaming", "sql", "sim", "viz", "fidelity", "semantics"}
    ),
    "lab": frozenset({"core", "trace", "viz", "cluster", "kafka", "streaming", "sql", "sim"}),
    "ui": frozenset({"core", "trace", "viz", "cluster", "streaming"}),
    "cli": frozenset(
        {
            "core",
            "trace",
            "cluster",
            "kafka",
            "streaming",
            "sql",
            "sim",
            "viz",
            "fidelity",
            "semantics",
            "course",
            "lab",
            "ui",
        }
    ),
}


def upward_imports(package_dir: Path) -> list[str]:
    """One line per import that the layers forbid, in order of file. The facade may import all.

    The facade is `__init__.py` and what stands beside it and only re-exports: modules with the names of PySpark's.
    """
    return [
        f"{path.relative_to(package_dir)}:{line} imports {target}: {complaint}"
        for path in sorted(package_dir.rglob("*.py"))
        if not (path.parent == package_dir and (path.name == "__init__.py" or _only_re_exports(path)))
        for line, target in _our_imports(path, package_dir)
        if (complaint := _complaint(_layer_of(path, package_dir), target))
    ]


def _only_re_exports(path: Path) -> bool:
    """A docstring, imports and `__all__`: nothing of its own."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = [getattr(target, "id", "") for target in getattr(body[-1], "targets", ())] if body else []
    return names == ["__all__"] and all(isinstance(each, ast.ImportFrom) for each in body[1:-1])


def _layer_of(path: Path, package_dir: Path) -> str:
    """The first folder; `python -m sparksim` is the command's."""
    first = path.relative_to(package_dir).parts[0]
    return "cli" if first == "__main__.py" else first


def _complaint(layer: str, target: str) -> str:
    if layer not in ALLOWED:
        return f"{layer} belongs to no layer"
    parts = target.split(".")
    if len(parts) == 1 or parts[1] not in LAYERS:
        return "modules do not import from the facade"
    if ".".join(parts[:3]) in OPEN:
        return ""
    if parts[1] != layer and parts[1] not in ALLOWED[layer]:
        return f"{layer} may import only {', '.join(sorted(ALLOWED[layer])) or 'the outside world'}"
    return ""


def _our_imports(path: Path, package_dir: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything of ours that a module imports, at any depth and for type checking too."""
    package = [PACKAGE, *path.relative_to(package_dir).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            names = [".".join([*base, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Call) and _calls_import(node):
            names = [node.args[0].value]  # type: ignore[attr-defined]  # _calls_import found a literal there
        for name in names:
            if name.split(".")[0] == PACKAGE:
                yield node.lineno, name


def _calls_import(node: ast.Call) -> bool:
    """`importlib.import_module("...")`, `import_module("...")` or `__import__("...")`."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    literal = bool(node.args) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    return called in {"import_module", "__import__"} and literal
