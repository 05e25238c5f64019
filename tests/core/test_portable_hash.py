"""Keys hash as in PySpark under PYTHONHASHSEED=0, whatever the hash seed of this process is."""

from __future__ import annotations

import datetime
import enum
import subprocess
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pytest

from sparksim.core import portable_hash as module
from sparksim.core.partitioner import Partitioner, RangePartition, portable_hash


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, 0),
        ("", 0),
        (b"", 0),
        ("a", 4644417185603328019),
        ("abc", -4594863902769663758),
        ("hello world!", 839851713330019024),
        ("é", 6047309291227476195),
        ("日本", 6243316497235261705),
        ("🎉x", 295391387331905295),
        ("x" * 100, 1359644457043326220),
        (b"abc\xff", -1222198482973350627),
        (0, 0),
        (-1, -2),
        (1, 1),
        (2**61, 1),
        (2**70, 512),
        (-(2**64), -8),
        (1.5, 1152921504606846977),
        (-0.0, 0),
        (float("inf"), 314159),
        (True, 1),
        ((), 3430008),
        ((1, 2), 3430029580082870073),
        (("a", None, (b"x", 2.5)), 1649614241909149675),
        ((-1,), 9223368606834485779),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), 3925703518696058208),
        (datetime.date(2020, 1, 2), -431740356303785411),
        (datetime.time(3, 4), 6565913968019690249),
        (datetime.timedelta(1), 7839147235533974352),
    ],
)
def test_values_recorded_from_pyspark(key: Any, expected: int) -> None:
    assert portable_hash(key) == expected


def test_texts_are_hashed_here_even_where_the_builtin_would_do() -> None:
    assert module._siphash_text("hello world!") == 839851713330019024
    assert module._siphash_text("") == 0


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: str
    y: int


@dataclass(frozen=True)
class User:
    name: str
    age: int


class Named(str):
    pass


def test_other_keys_do_not_depend_on_the_process() -> None:
    assert portable_hash(Colour.RED) == portable_hash("RED")
    assert portable_hash(Point("a", 1)) == portable_hash(("a", 1))
    assert portable_hash(User("a", 1)) == portable_hash(("a", 1))
    assert portable_hash(Named("abc")) == portable_hash("abc")
    assert portable_hash(frozenset(["a", "b"])) == portable_hash(frozenset(["b", "a"]))
    assert portable_hash(PurePosixPath("/a/b")) == portable_hash("/a/b")
    assert portable_hash(float("nan")) == 0
    assert portable_hash(dict) == portable_hash("builtins.dict")
    utc = datetime.timezone.utc
    cet = datetime.timezone(datetime.timedelta(hours=1))
    assert portable_hash(datetime.datetime(2020, 1, 1, 12, tzinfo=utc)) == portable_hash(
        datetime.datetime(2020, 1, 1, 13, tzinfo=cet)
    )


def test_the_same_in_processes_with_different_hash_seeds() -> None:
    program = (
        "import datetime\n"
        "from sparksim.core.partitioner import portable_hash as h\n"
        "print([h(k) for k in ('abc', b'x', ('a', 1), frozenset('ab'), datetime.date(2020, 1, 2), len, 1.5)])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1]
    assert runs[0].startswith("[-4594863902769663758, ")


def test_what_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        portable_hash([1])


def test_partitioners_are_equal_when_count_and_function_are() -> None:
    assert Partitioner(2, portable_hash) == Partitioner(2, portable_hash)
    assert Partitioner(2, portable_hash) != Partitioner(3, portable_hash)
    assert Partitioner(2, portable_hash) != Partitioner(2, hash)
    assert Partitioner(2, portable_hash) != "a partitioner"
    assert len({Partitioner(2, portable_hash), Partitioner(2, portable_hash)}) == 1
    assert [Partitioner(3, portable_hash)(key) for key in (0, 4, -1)] == [0, 1, 1]


def test_ranges() -> None:
    up, down = RangePartition([10, 20], None, True), RangePartition([10, 20], None, False)
    assert [up(key) for key in (5, 10, 11, 20, 99)] == [0, 0, 1, 1, 2]
    assert [down(key) for key in (5, 10, 11, 20, 99)] == [2, 2, 1, 1, 0]
    assert RangePartition([10], abs, True)(-30) == 1
