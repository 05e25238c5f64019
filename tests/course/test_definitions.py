"""What counts of a notebook's history: the last definitions, and what they are made of; no tries, no mended cells."""

from __future__ import annotations

import pytest

from sparksim.course.definitions import definitions

F = "def f(x):\n    return x + base"


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["base = 1", F, "f(3)", "print('hello')"], ["base = 1", F]),
        ([F, "base = 1"], [F, "base = 1"]),
        (["def f(x):\n    return None", F, "base = 1"], [F, "base = 1"]),
        (["base = lenn('x')", "base = 1", F], ["base = 1", F]),
        (["def f(x:", F], [F]),
        (["base = 1", F, "run = simulate(f)", "run.show()", "f"], ["base = 1", F]),
        (["%pip list\nbase = 1", F], ["\nbase = 1", F]),
        (["a = 1\nbase = a\nother = 2", F], ["a = 1\nbase = a\n", F]),
        (["n = 1", "base = n", "n = 2", F], ["n = 1", "base = n", F]),
        (["base = set()", "base.add(3)", "other = set()", "other.add(4)", F], ["base = set()", "base.add(3)", F]),
        (["base = {}", "base['a'] = 1", "del base['a']", F], ["base = {}", "base['a'] = 1", "del base['a']", F]),
        (["base = 1", "base += 1", F], ["base = 1", "base += 1", F]),
        (["from math import pi as base, e", "import os.path", F], ["from math import pi as base, e", F]),
        (["from math import *", F], ["from math import *", F]),
        (["if True:\n    base = 1", F], ["if True:\n    base = 1", F]),
        (["base = 1\nif f(0):\n    base = 2", F], ["base = 1\nif f(0):\n    base = 2", F]),
        (
            ["import functools", "base = 1", f"@functools.cache\n{F}"],
            ["import functools", "base = 1", f"@functools.cache\n{F}"],
        ),
        (["def g():\n    return h()", "def h():\n    return 1", "f = lambda x: g()"],) * 2,
        (["n = 0", "def f(x):\n    global n\n    n = x"],) * 2,
        (["f = lambda x: x", "try:\n    import json as f\nexcept ImportError:\n    pass"],) * 2,
    ],
    ids=range(20),
)
def test_what_the_functions_need_is_kept_in_its_order(cells: list[str], kept: list[str]) -> None:
    found = definitions(enumerate(cells, start=1), ["f"])
    assert [text.strip() for _, text in found] == [text.strip() for text in kept]


def test_lines_and_cells_keep_their_numbers() -> None:
    assert definitions([(4, "3 + 4\n\n" + F), (9, "base = 1")], ["f"]) == [
        ("submission 4", "\n\n" + F),
        ("submission 9", "base = 1"),
    ]
