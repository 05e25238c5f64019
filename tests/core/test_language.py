"""The language of what people see: chosen by argument, by call or by the environment, and by nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sparksim import language, set_language
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import VARIABLE, Text


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(VARIABLE, raising=False)
    set_language(None)
    yield
    set_language(None)


@pytest.mark.parametrize(
    ("environment", "called", "argument", "shown"),
    [
        (None, None, None, "en"),
        ("", None, None, "en"),
        ("zh", None, None, "zh"),
        ("zh", "en", None, "en"),
        ("zh", "en", "zh", "zh"),
        ("no such language", "zh", None, "zh"),
    ],
)
def test_the_argument_counts_before_the_call_and_the_call_before_the_environment(
    environment: str | None,
    called: str | None,
    argument: str | None,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment is not None:
        monkeypatch.setitem(os.environ, VARIABLE, environment)
    set_language(called)
    assert language(argument) == shown
    assert Text("a batch", "一个批次").of(argument) == {"en": "a batch", "zh": "一个批次"}[shown]


def test_an_unknown_language_is_refused_and_changes_nothing() -> None:
    set_language("zh")
    for refused in (set_language, language, Text("a batch", "一个批次").of):
        with pytest.raises(IllegalArgumentError, match=r"^lang='fr': there are texts in 'en' and 'zh'; give one of"):
            refused("fr")
    assert language() == "zh"


def test_an_unknown_language_of_the_environment_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "de")
    with pytest.raises(
        IllegalArgumentError,
        match=r"^environment variable SPARKSIM_LANG='de': there are texts in 'en' and 'zh'; set it to one of these, "
        r"or call sparksim\.set_language\('en'\)$",
    ):
        language()
