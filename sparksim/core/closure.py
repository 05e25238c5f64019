"""User functions travel as in PySpark: every task works on its own copy, never on the driver's variables.

A function that captures nothing that can change needs no copy per task: a snapshot of it is made once and shared.
Everything else is pickled once by value, with cloudpickle, and unpickled by every task.
"""

from __future__ import annotations

import dis
import operator
import pickle
import sys
from collections.abc import Iterator
from functools import lru_cache, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple

from sparksim.core.accumulators import Accumulator
from sparksim.core.broadcast import Broadcast
from sparksim.core.errors import NotSerializable
from sparksim.core.serializer import dump_by_value

_ATOMS = (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented))
_STATELESS = (
    operator.itemgetter,
    operator.attrgetter,
    Accumulator,
    Broadcast,
    ModuleType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
_GLOBALS_KEPT = ("__builtins__", "__name__", "__package__", "__file__")


class Closure:
    """Functions as they were when the closure was made. `load` gives a task what it may call."""

    __slots__ = ("_data", "_shared")

    def __init__(self, functions: tuple[Any, ...]) -> None:
        """Take a snapshot of `functions`. Raises `NotSerializable`, which names what cannot travel."""
        self._data: bytes | None = None
        self._shared: tuple[Any, ...] = ()
        try:
            self._shared = _Snapshot().of(functions)
        except _NeedsCopy:
            self._data = _dumps(functions)

    def load(self) -> tuple[Any, ...]:
        """The functions: a copy for this call alone, unless they have nothing that could change."""
        if self._data is None:
            return self._shared
        copy: tuple[Any, ...] = pickle.loads(self._data)
        return copy


class _NeedsCopy(Exception):
    """Something in the closure can change."""


class _Snapshot:
    """Rebuilds functions with the captured values they have now, as long as all of these are immutable."""

    def __init__(self) -> None:
        self._done: dict[int, FunctionType] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, FunctionType):
            return value if _is_importable(value) else self._function(value)
        if type(value) in _ATOMS or isinstance(value, _STATELESS):
            if isinstance(value, Broadcast):
                value.require_usable()
            return value
        if isinstance(value, type) and _is_importable(value):
            return value
        if isinstance(value, tuple):
            parts = [self.of(part) for part in value]
            if type(value) is tuple:
                return tuple(parts)
            if hasattr(value, "_make") and _is_importable(type(value)):
                return value._make(parts)
        elif type(value) is frozenset:
            return frozenset(self.of(part) for part in value)
        elif type(value) is partial and not vars(value):
            keywords = {name: self.of(part) for name, part in value.keywords.items()}
            return partial(self.of(value.func), *self.of(value.args), **keywords)
        elif isinstance(value, (BuiltinFunctionType, MethodType)):
            self.of(value.__self__)
            return value
        raise _NeedsCopy

    def _function(self, function: FunctionType) -> FunctionType:
        known = self._done.get(id(function))
        if known is not None:
            return known
        code = function.__code__
        uses = _global_uses(code)
        if uses.writes or vars(function):
            raise _NeedsCopy
        namespace = {name: function.__globals__[name] for name in _GLOBALS_KEPT if name in function.__globals__}
        cells = tuple(CellType() for _ in code.co_freevars)
        copy = FunctionType(code, namespace, function.__name__, None, cells)
        self._done[id(function)] = copy
        copy.__qualname__ = function.__qualname__
        copy.__module__ = function.__module__
        copy.__defaults__ = self.of(function.__defaults__)
        if function.__kwdefaults__:
            copy.__kwdefaults__ = {name: self.of(value) for name, value in function.__kwdefaults__.items()}
        for name in uses.reads & function.__globals__.keys():
            namespace[name] = self.of(function.__globals__[name])
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            if not _is_empty(original):
                cell.cell_contents = self.of(original.cell_contents)
        return copy


class _GlobalUses(NamedTuple):
    """The global names a function reads, and whether it writes any variable that outlives its call."""

    reads: frozenset[str]
    writes: bool


@lru_cache(maxsize=4096)
def _global_uses(code: CodeType) -> _GlobalUses:
    reads: set[str] = set()
    outer = set(code.co_freevars)
    for each in _nested_code(code):
        for instruction in dis.get_instructions(each):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
                reads.add(instruction.argval)
            elif instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_STAR") or (
                instruction.opname in ("STORE_DEREF", "DELETE_DEREF") and instruction.argval in outer
            ):
                return _GlobalUses(frozenset(), writes=True)
    return _GlobalUses(frozenset(reads), writes=False)


def _nested_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested_code(constant)


def _is_importable(value: Any) -> bool:
    """Whether another process would find this function or class by its name, as pickle does."""
    module = sys.modules.get(value.__module__ or "")
    if module is None or module.__name__ == "__main__" or "<" in value.__qualname__:
        return False
    try:
        return operator.attrgetter(value.__qualname__)(module) is value
    except AttributeError:
        return False


def _is_empty(cell: CellType) -> bool:
    return not hasattr(cell, "cell_contents")


def _dumps(functions: tuple[Any, ...]) -> bytes:
    try:
        return dump_by_value(functions)
    except Exception as error:
        raise NotSerializable(_explain(functions, error.__cause__ or error)) from error


def _explain(functions: tuple[Any, ...], reason: BaseException) -> str:
    """Name the captured variable that cannot travel, and say what to do instead."""
    why = f"{type(reason).__name__}: {reason}"
    path = _path_to_culprit(functions, set())
    if not path:
        return f"a function cannot be sent to the executors ({why}). Capture only values that can be pickled."
    innermost = path[0]
    if _is_driver_only(innermost.value):
        return (
            f"{_described(innermost.owner)} cannot be sent to the executors: it uses {_held(innermost)}, which exists "
            "on the driver only. Do this step outside the function; to look up other data in it, use a join or a "
            "broadcast variable."
        )
    # The outermost variable is the one that stands in the program; the innermost says why it cannot travel.
    outermost = next((each for each in reversed(path) if not isinstance(each.value, FunctionType)), innermost)
    inside = "" if outermost is innermost else f", in which {_described(innermost.owner)} holds {_held(innermost)}"
    return (
        f"{_described(outermost.owner)} cannot be sent to the executors: it holds {_held(outermost)}{inside} ({why}). "
        "Create it inside the function that runs on the executor, for example once per partition in foreachPartition "
        "or mapPartitions, instead of capturing it."
    )


class _Holding(NamedTuple):
    """`owner`, a function or another object, holds `value` under `name`."""

    owner: Any
    name: str
    value: Any


def _path_to_culprit(value: Any, seen: set[int]) -> list[_Holding]:
    """Who holds what cloudpickle refuses among captured values, innermost first; empty when nothing is found."""
    if id(value) in seen or _is_driver_only(value):
        return []
    seen.add(id(value))
    for name, part in _captured(value):
        if not _travels(part):
            path = _path_to_culprit(part, seen)
            if not isinstance(value, (tuple, list, partial, MethodType)):
                path.append(_Holding(value, name, part))
            if path:
                return path
    return []


def _described(owner: Any) -> str:
    if isinstance(owner, FunctionType):
        return f"{owner.__qualname__} ({owner.__code__.co_filename}:{owner.__code__.co_firstlineno})"
    return f"an object of class {type(owner).__name__}"


def _held(holding: _Holding) -> str:
    return f"{holding.name!r}, a {type(holding.value).__name__}"


def _is_driver_only(value: Any) -> bool:
    return getattr(type(value), "driver_only", False) is True


def _captured(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, FunctionType):
        code = value.__code__
        for name, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
            if not _is_empty(cell):
                yield name, cell.cell_contents
        for name in sorted(_names_in(code) & value.__globals__.keys()):
            yield name, value.__globals__[name]
        for position, default in enumerate(value.__defaults__ or ()):
            yield f"default argument {position}", default
    elif isinstance(value, MethodType):
        yield "self", value.__self__
    elif isinstance(value, partial):
        yield from (("function", value.func), *(("argument", part) for part in value.args), *value.keywords.items())
    elif isinstance(value, (tuple, list)):
        yield from (("element", part) for part in value)
    elif isinstance(getattr(value, "__dict__", None), dict) and not isinstance(value, (type, ModuleType)):
        yield from vars(value).items()


def _names_in(code: CodeType) -> set[str]:
    return {name for each in _nested_code(code) for name in each.co_names}


def _travels(value: Any) -> bool:
    try:
        dump_by_value(value)
    except Exception:
        return False
    return True
