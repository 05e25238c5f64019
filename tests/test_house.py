"""The rules of the house a machine can check: small modules that say their idea, no stray prints, no hidden clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE_DIR = Path(__file__).parents[1] / "sparksim"
MODULES = sorted(PACKAGE_DIR.rglob("*.py"))
TIMELESS = ("core", "streaming", "sim")
CLOCK_READS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def prints(tree: ast.AST, inside: tuple[str, ...] = ()) -> Iterator[int]:
    """Lines that call print, unless a function named pprint stands around them: printing is what that one is for."""
    if isinstance(tree, ast.FunctionDef):
        inside = (*inside, tree.name)
    if isinstance(tree, ast.Call) and getattr(tree.func, "id", "") == "print" and "pprint" not in inside:
        yield tree.lineno
    for child in ast.iter_child_nodes(tree):
        yield from prints(child, inside)


def hidden_inputs(tree: ast.AST) -> Iterator[str]:
    """Uses of the process-wide random generator and of the machine's clock, where these names were imported."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
            if owner not in imported:
                continue
            if (owner == "random" and node.attr != "Random") or node.attr in CLOCK_READS.get(owner, ()):
                yield f"{node.lineno}: {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                if (node.module == "random" and alias.name != "Random") or alias.name in CLOCK_READS["time"]:
                    yield f"{node.lineno}: from {node.module} import {alias.name}"


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def test_modules_are_short_enough_to_read_in_one_sitting() -> None:
    lengths = {str(module.relative_to(PACKAGE_DIR)): len(module.read_text().splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length >= 400} == {}


def test_every_module_says_its_idea() -> None:
    assert [str(module.relative_to(PACKAGE_DIR)) for module in MODULES if not ast.get_docstring(parsed(module))] == []


def test_only_the_command_and_pprint_print() -> None:
    found = [
        f"{module.relative_to(PACKAGE_DIR)}:{line}"
        for module in MODULES
        if module.relative_to(PACKAGE_DIR).parts[0] != "cli"
        for line in prints(parsed(module))
    ]
    assert found == []


def test_engine_and_simulation_read_no_clock_and_no_shared_random_generator() -> None:
    found = [
        f"{module.relative_to(PACKAGE_DIR)}:{use}"
        for module in MODULES
        if module.relative_to(PACKAGE_DIR).parts[0] in TIMELESS
        for use in hidden_inputs(parsed(module))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def show():\n    print(1)", [2]),
        ("class D:\n    def pprint(self):\n        def each(rdd):\n            print(rdd)", []),
        ("pprint(1)", []),
    ],
)
def test_a_planted_print_is_found(source: str, lines: list[int]) -> None:
    assert list(prints(ast.parse(source))) == lines


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("import random\nrandom.shuffle(x)", ["2: random.shuffle"]),
        ("import time\nnow = time.time", ["2: time.time"]),
        ("from random import Random\ndef draw(random: Random): random.shuffle(x)", []),
        ("from time import monotonic", ["1: from time import monotonic"]),
        ("from random import randint", ["1: from random import randint"]),
        ("import datetime\ndatetime.datetime.now()", ["2: datetime.now"]),
        ("from datetime import datetime\ndatetime.now()", ["2: datetime.now"]),
        ("import random\nrng = random.Random(7)\nrng.shuffle(x)\nbatch.time.total", []),
    ],
)
def test_a_planted_hidden_input_is_found(source: str, uses: list[str]) -> None:
    assert list(hidden_inputs(ast.parse(source))) == uses
