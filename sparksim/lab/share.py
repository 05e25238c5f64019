"""The Python that rebuilds a simulation: what one person turned in the lab, another one runs from its text.

A program that can be imported is imported. Any other, such as one of a notebook, is written out with the functions,
imports and plain values that it uses. Arguments that have their default value are left out.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from textwrap import dedent, indent
from types import CodeType, FunctionType, ModuleType
from typing import Any

import sparksim.sim
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.storage_level import StorageLevel
from sparksim.lab.settings import LEVELS
from sparksim.sim.simulation import Simulation

PLAIN = (int, float, bytes, bool, type(None))


def python_of(simulation: Simulation, until: float) -> str:
    """A program that makes this simulation and runs it for `until` seconds; it ends with `run`.

    Raises `IllegalArgumentError` for what has no text: a lambda, a function with variables of a function around it, an
    object that is no dataclass.
    """
    writer = _Writer()
    defaults = inspect.signature(Simulation).parameters
    lines = []
    for name, value in simulation.arguments.items():
        default = defaults[name].default
        if name == "program":
            lines.append(f"{writer.text(value)},")
        elif value != default and not (default is None and value == {}):
            lines.append(f"{name}={writer.text(value)},")
    writer.need("sparksim.sim", "Simulation")
    call = f"simulation = Simulation(\n{indent(chr(10).join(lines), '    ')}\n)\nrun = simulation.run(until={until!r})"
    return "\n\n\n".join(filter(None, ["\n".join(writer.imports()), *writer.sources, call])) + "\n"


class _Writer:
    """Texts of values, and what has to stand before them: imports, and sources in order of need."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self._names: dict[str, set[str]] = {}
        self._modules: dict[str, str] = {}
        self._written: set[str] = set()

    def need(self, module: str, name: str) -> str:
        """Import a name from a module; gives the name."""
        self._names.setdefault(module, set()).add(name)
        return name

    def imports(self) -> list[str]:
        """The lines of import: modules, then names."""
        modules = [
            f"import {name}" if name == own else f"import {name} as {own}" for own, name in self._modules.items()
        ]
        names = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self._names.items())]
        return [*sorted(modules), *names]

    def text(self, value: Any) -> str:
        """An expression that gives an equal value."""
        if isinstance(value, StorageLevel):
            name = next(name for name in LEVELS if name and getattr(StorageLevel, name) == value)
            return f"{self.need('sparksim', 'StorageLevel')}.{name}"
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, PLAIN):
            return repr(value)
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{self.text(key)}: {self.text(each)}' for key, each in value.items())}}}"
        if isinstance(value, tuple):
            return f"({', '.join(map(self.text, value))}{',' if len(value) == 1 else ''})"
        if isinstance(value, Sequence):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, (FunctionType, type)):
            return self._named(value)
        if is_dataclass(value):
            return self._made(value)
        raise IllegalArgumentError(f"{value!r} cannot be written as Python: give a value that a dataclass can hold")

    def _made(self, value: Any) -> str:
        """A call of a dataclass, without the arguments that have their default."""
        given = [field for field in fields(value) if field.init and getattr(value, field.name) != _default(field)]
        arguments = ", ".join(f"{field.name}={self.text(getattr(value, field.name))}" for field in given)
        return f"{self._named(type(value))}({arguments})"

    def _named(self, value: Any) -> str:
        """A function or a class: imported where that is possible, else its source."""
        name: str = value.__name__
        if getattr(sparksim.sim, name, None) is value:
            return self.need("sparksim.sim", name)
        if module := _home(value):
            return self.need(module, name)
        if name not in self._written:
            self._written.add(name)
            source = _source(value)
            for used, meant in _globals_of(value).items():
                self._define(used, meant)
            self.sources.append(source)
        return name

    def _define(self, name: str, meant: Any) -> None:
        """Make a global name of a source mean what it means there."""
        if isinstance(meant, ModuleType):
            self._modules[name] = meant.__name__
        elif hasattr(meant, "__name__") and hasattr(meant, "__module__"):
            if self._named(meant) != name:
                self.sources.append(f"{name} = {meant.__name__}")
        elif name not in self._written:
            self._written.add(name)
            self.sources.append(f"{name} = {self.text(meant)}")


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _home(value: Any) -> str:
    """The module where another process would find it, rather `operator` than `_operator`; "" for none."""
    module: str = value.__module__
    for name in (module.lstrip("_"), module):
        if name not in ("main__", "__main__") and getattr(sys.modules.get(name), value.__name__, None) is value:
            return name
    return ""


def _source(function: Any) -> str:
    name = function.__name__
    try:
        text = dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        text = ""
    if not text.startswith(("def ", "class ", "@")) or getattr(function, "__closure__", None):
        raise IllegalArgumentError(
            f"{name} cannot be written as Python: define it with def at the first level of a notebook or a module"
        )
    return text


def _globals_of(function: Any) -> dict[str, Any]:
    """The global names that a function uses, functions inside it included, and what they mean."""
    names = getattr(function, "__globals__", {})
    code = getattr(function, "__code__", None)
    used = dict.fromkeys(() if code is None else _names_in(code))
    return {name: names[name] for name in used if name in names and name != function.__name__}


def _names_in(code: CodeType) -> list[str]:
    inner = [name for const in code.co_consts if isinstance(const, CodeType) for name in _names_in(const)]
    return [*code.co_names, *inner]
