"""The hash that places a key in a partition: the same in every process, on every machine and Python version.

PySpark requires PYTHONHASHSEED to be fixed and then uses Python's `hash`. Here it is computed: values are those of
CPython 3.11 under PYTHONHASHSEED=0, where texts and bytes go through SipHash-1-3 with a zero key.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import pathlib
import sys
from collections.abc import Callable
from functools import lru_cache
from math import isnan
from types import BuiltinFunctionType, FunctionType
from typing import Any

_MASK = (1 << 64) - 1
_BUILTIN_HASH_IS_PORTABLE = sys.flags.hash_randomization == 0 and sys.hash_info.algorithm == "siphash13"


def portable_hash(key: Any) -> int:
    """The hash of a key, equal to PySpark's `portable_hash` for None, texts, bytes, numbers and tuples of these.

    Raises `TypeError` for what cannot be hashed, such as a list. Objects with a `__hash__` of their own are asked.
    """
    kind = type(key)
    if kind is str:
        return _hash_text(key)
    if key is None:
        return 0
    if isinstance(key, tuple):
        return _hash_tuple(key)
    own_hash: Any = kind.__hash__
    if own_hash is int.__hash__:
        return hash(key)
    if own_hash is str.__hash__:
        return _hash_text(str.__str__(key))
    if own_hash is bytes.__hash__:
        return _hash_bytes(bytes(key))
    if own_hash is float.__hash__:
        return 0 if isnan(key) else hash(key)
    return _hash_other(key)


def _hash_tuple(key: tuple[Any, ...]) -> int:
    combined = 0x345678
    for part in key:
        combined ^= portable_hash(part)
        combined *= 1000003
        combined &= sys.maxsize
    combined ^= len(key)
    return -2 if combined == -1 else combined


def _hash_other(key: Any) -> int:
    for kind, own_hash, convert in _STATES:
        if isinstance(key, kind) and type(key).__hash__ is own_hash:
            return portable_hash(convert(key))
    if dataclasses.is_dataclass(key) and not isinstance(key, type) and _hash_is_generated(type(key)):
        fields = [field for field in dataclasses.fields(key) if (field.compare if field.hash is None else field.hash)]
        return portable_hash(tuple(getattr(key, field.name) for field in fields))
    return hash(key)


def _naive_state(key: Any) -> Any:
    """Python hashes the state bytes of a naive time, and the number of an aware one."""
    if key.utcoffset() is not None:
        return hash(key)
    return key.replace(fold=0).__reduce__()[1][0]


def _name(key: Any) -> str:
    return f"{key.__module__}.{key.__qualname__}"


_STATES: tuple[tuple[type, Any, Callable[[Any], Any]], ...] = (
    (enum.Enum, enum.Enum.__hash__, lambda key: key.name),
    (datetime.datetime, datetime.datetime.__hash__, _naive_state),
    (datetime.date, datetime.date.__hash__, lambda key: key.__reduce__()[1][0]),
    (datetime.time, datetime.time.__hash__, _naive_state),
    (frozenset, frozenset.__hash__, lambda key: tuple(sorted(map(portable_hash, key)))),
    (pathlib.PurePath, pathlib.PurePath.__hash__, str),
    (type, type.__hash__, _name),
    (FunctionType, FunctionType.__hash__, _name),
    (BuiltinFunctionType, BuiltinFunctionType.__hash__, _name),
)
"""Values whose own hash depends on the process: kind, that hash, and what to hash in its place."""


def _hash_is_generated(kind: type) -> bool:
    code = getattr(kind.__hash__, "__code__", None)
    return code is not None and code.co_filename == "<string>"


@lru_cache(maxsize=1 << 18)
def _siphash_text(key: str) -> int:
    """CPython hashes the buffer of a text, whose unit is as wide as its widest character."""
    widest = max(key, default="")
    codec = "latin-1" if widest <= "\xff" else "utf-16-le" if widest <= "\uffff" else "utf-32-le"
    return _siphash(key.encode(codec, "surrogatepass" if codec != "latin-1" else "strict"))


def _siphash(data: bytes) -> int:
    """SipHash-1-3 with the key (0, 0), as a signed 64-bit number; CPython's 0 for nothing and -2 for -1."""
    if not data:
        return 0
    v0, v1, v2, v3 = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    whole = len(data) & ~7
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    rounds = len(words)
    # One round per word and three to finish, written out because a call per round would double the time.
    for number in range(rounds + 3):
        word = words[number] if number < rounds else 0
        if number == rounds:
            v2 ^= 0xFF
        v3 ^= word
        v0 = (v0 + v1) & _MASK
        v1 = ((v1 << 13 | v1 >> 51) & _MASK) ^ v0
        v0 = (v0 << 32 | v0 >> 32) & _MASK
        v2 = (v2 + v3) & _MASK
        v3 = ((v3 << 16 | v3 >> 48) & _MASK) ^ v2
        v0 = (v0 + v3) & _MASK
        v3 = ((v3 << 21 | v3 >> 43) & _MASK) ^ v0
        v2 = (v2 + v1) & _MASK
        v1 = ((v1 << 17 | v1 >> 47) & _MASK) ^ v2
        v2 = (v2 << 32 | v2 >> 32) & _MASK
        v0 ^= word
    unsigned = v0 ^ v1 ^ v2 ^ v3
    signed = unsigned - (1 << 64) if unsigned >> 63 else unsigned
    return -2 if signed == -1 else signed


_hash_text: Callable[[str], int] = hash if _BUILTIN_HASH_IS_PORTABLE else _siphash_text
_hash_bytes: Callable[[bytes], int] = hash if _BUILTIN_HASH_IS_PORTABLE else _siphash
