"""Every cell of the course's table: the rules of Spark 2.3, and the reason it gives."""

from __future__ import annotations

import json

import pytest

from sparksim.sql.streaming.legality import refusal_of
from sparksim.sql.streaming.legality.standard import PLANS
from tests.conformance.legality_programs import DATA, MODES

TABLE = json.loads((DATA / "legality_2_3.json").read_text(encoding="utf-8"))
TAGS, JOINS = TABLE["tags"], TABLE["joins"]


def tag(name: str, mode: str) -> str:
    """`ok`, or the word for what the refusal says."""
    refusal = refusal_of(PLANS[name](), mode, rules="2.3")
    return "ok" if refusal is None else next(word for word, part in TAGS.items() if part in refusal.what)


@pytest.mark.parametrize("name", TABLE["shapes"])
def test_a_query_may_run_where_the_table_says(name: str) -> None:
    assert [tag(name, mode) for mode in MODES] == TABLE["shapes"][name]


@pytest.mark.parametrize("how", JOINS)
@pytest.mark.parametrize("sides", ["none", "left", "right", "both"])
def test_a_join_of_streams_may_run_under_these_conditions(how: str, sides: str) -> None:
    legal = [each for each in "ERK" if tag(f"streams_{how}_{each}_{sides}", "append") == "ok"]
    assert " ".join(legal) == JOINS[how][sides]


def test_spark_2_3_has_no_names_for_conditions() -> None:
    refusal = refusal_of(PLANS["counted"](), "append", rules="2.3")
    assert refusal is not None
    assert refusal.condition is None
