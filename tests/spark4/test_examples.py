"""The stories of the structured examples, told by real PySpark 4."""

from __future__ import annotations

import pytest

from tests.examples.structured import COUNTS_OF_USERS, STORIES, rows_of, tables
from tests.spark4.environment import run_there
from tests.spark4.run_examples import BEGIN

pytestmark = pytest.mark.spark4


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What each story printed."""
    return [text.partition("\n")[2] for text in run_there("run_examples").split(BEGIN)[1:]]


@pytest.mark.parametrize("number", range(len(STORIES)), ids=[f"{story.name}-{story.args}" for story in STORIES])
def test_a_story_on_real_spark(number: int, printed: list[str]) -> None:
    assert rows_of(STORIES[number], printed[number]) == STORIES[number].rows


def test_files_on_real_spark(printed: list[str]) -> None:
    assert set(tables(printed[len(STORIES)])[-1]) == COUNTS_OF_USERS
