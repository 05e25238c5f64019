"""A value in the trace is a short text, the same in every run, whatever the value is."""

from __future__ import annotations

from collections import Counter, OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import pytest

from sparksim.trace.short_text import WIDTH, short_text


@dataclass
class Session:
    user: str
    pages: set[str]
    secret: int = field(default=0, repr=False)


Point = namedtuple("Point", "x y")


class Plain:
    pass


class Rude:
    def __repr__(self) -> str:
        raise ValueError("not now")


ITSELF: list[Any] = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (None, "None"),
        ("it's", '"it\'s"'),
        (b"\x00", "b'\\x00'"),
        ((), "()"),
        ((1,), "(1,)"),
        (("a", 2.5), "('a', 2.5)"),
        ([[1], {}], "[[1], {}]"),
        ({"a": [1, 2]}, "{'a': [1, 2]}"),
        (set(), "set()"),
        ({"c", "b", "a"}, "{'a', 'b', 'c'}"),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (Point(1, 2), "Point(x=1, y=2)"),
        (Session("me", {"b", "a"}, 5), "Session(user='me', pages={'a', 'b'})"),
        (Session, "<class 'tests.trace.test_s…ext.Session'>"),
        (Plain(), "<tests.trace.test_short_te…Plain object>"),
        (Rude(), "<Rude>"),
        ([Rude()], "[<Rude>]"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, 6, 7, … 992 more]"),
    ],
)
def test_a_value_as_a_short_text(value: Any, text: str) -> None:
    assert short_text(value) == text
    assert len(text) <= WIDTH


def test_of_a_long_text_the_two_ends_are_shown() -> None:
    assert (
        short_text("https://example.org/" + "long/" * 10_000 + "page.html")
        == "'https://example.org/long/…ng/page.html'"
    )


@pytest.mark.parametrize("endless", [ITSELF, 10**5000], ids=["contains itself", "too many digits"])
def test_what_cannot_be_written_out_has_a_text_too(endless: Any) -> None:
    assert 0 < len(short_text(endless)) <= WIDTH


def test_only_what_is_shown_is_looked_at() -> None:
    looked: list[int] = []

    class Item:
        def __repr__(self) -> str:
            looked.append(1)
            return "item"

    assert short_text([Item() for _ in range(1000)], width=20) == "[item, … 999 more]"
    assert len(looked) == 2
