"""What of a class or a module a program can see: names, kinds and signatures, read the same way on both sides."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import textwrap
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

RECORDED_SURFACE = Path(__file__).parent / "data" / "pyspark_surface.json"
OPERATORS = ("__add__", "__iadd__", "__enter__", "__exit__")
"""What programs use without spelling its name; so nobody spells its parameters either."""

Surface = dict[str, str]
"""By name: `property`, `attribute`, `operator`, `value` or, of what is called, its parameters: `(self, depth=2)`."""


@cache
def surface_of(cls: type) -> Surface:
    """The public members of a class, what it inherits included, and the attributes its methods set on `self`."""
    found: Surface = {}
    for owner in reversed(cls.__mro__[:-1]):
        found.update(dict.fromkeys(_set_on_self(owner), "attribute"))
    for name in dir(cls):
        if not name.startswith("_"):
            found[name] = _kind(inspect.getattr_static(cls, name), getattr(cls, name))
        elif name in OPERATORS:
            found[name] = "operator"
    if dataclasses.is_dataclass(cls):
        found.update({field.name: "attribute" for field in dataclasses.fields(cls)})
    constructor = parameters(cls.__init__)  # type: ignore[misc]  # looked at, not called
    found["__init__"] = "(self)" if cls.__init__ is object.__init__ else constructor  # type: ignore[misc]
    return dict(sorted(found.items()))


def parameters(function: Any) -> str:
    """The parameters as a program may rely on them: names, order, defaults and stars, without types."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    shown = [p.replace(annotation=p.empty, default=_shown(p.default)) for p in signature.parameters.values()]
    return str(signature.replace(parameters=shown, return_annotation=signature.empty))


def public_names(module: ModuleType) -> list[str]:
    """What a module says it offers; without `__all__`, what it defines itself."""
    offered = getattr(module, "__all__", None)
    if offered is None:
        offered = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
    return sorted(name for name in offered if not name.startswith("_"))


def recorded_surface() -> dict[str, Any]:
    """What PySpark said when it was last asked."""
    loaded: dict[str, Any] = json.loads(RECORDED_SURFACE.read_text(encoding="utf-8"))
    return loaded


def _kind(static: Any, value: Any) -> str:
    if isinstance(static, property):
        return "property"
    if callable(value) and not isinstance(value, type):
        return parameters(value)
    return "value"


def _shown(default: Any) -> Any:
    """A default whose text has no address in it."""
    return _Name(default.__name__) if inspect.isfunction(default) else default


class _Name(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _set_on_self(cls: type) -> set[str]:
    """Public `self.name = ...` in the methods of this very class."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return set()
    stored = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    owned = {node.attr for node in stored if isinstance(node.value, ast.Name) and node.value.id == "self"}
    return {name for name in owned if not name.startswith("_")}
