"""Receivers and a direct stream beside each other: who is better in what, and by how much."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import REPOSITORY

Pair = tuple[float, float]


class Comparison:
    """The example, loaded once: its scenes are played when they are asked for."""

    def __init__(self) -> None:
        self.names = runpy.run_path(str(REPOSITORY / "examples" / "kafka" / "receiver_beside_direct.py"))

    def __call__(self, measure: str, scene: str) -> Pair:
        """What is measured of the receivers and of the direct stream."""
        ways = (self.names["receivers"], self.names["direct"])
        received, direct = (self.names[measure](self.names["played"](way)[scene]) for way in ways)
        return received, direct


@pytest.fixture(scope="module")
def measured() -> Comparison:
    return Comparison()


EXACTLY: list[tuple[str, str, Pair]] = [
    ("streams", "quiet", (2, 1)),
    ("fewest_partitions", "quiet", (6, 6)),  # the first batch of the receivers has fewer blocks
    ("most_partitions", "quiet", (10, 6)),  # five blocks a second of each receiver; the partitions of the topic
    ("cores_held", "quiet", (2, 0)),
    ("cores_left", "quiet", (4, 6)),
    ("missing", "driver", (0, 0)),
    ("missing", "executor", (0, 0)),
    ("twice", "quiet", (0, 0)),
]


@pytest.mark.parametrize(("measure", "scene", "pair"), EXACTLY)
def test_what_follows_from_how_they_read(measured: Comparison, measure: str, scene: str, pair: Pair) -> None:
    assert measured(measure, scene) == pair


def about(low: float, high: float) -> Callable[[Pair], bool]:
    """The receivers' number is so many times the direct stream's."""
    return lambda pair: low * pair[1] < pair[0] < high * pair[1]


def only_receivers(low: float, high: float) -> Callable[[Pair], bool]:
    """The receivers' number lies between these, the direct stream's is 0."""
    return lambda pair: low < pair[0] < high and pair[1] == 0


BETTER: list[tuple[str, str, Callable[[Pair], bool]]] = [
    ("written", "quiet", only_receivers(2, 2.5)),  # each message into storage and into the log, in a pickle
    ("processing_ms", "quiet", about(1.5, 2.5)),
    ("twice", "driver", only_receivers(1, 60)),
    ("twice", "executor", only_receivers(1, 60)),
    ("rate", "burst", about(0.5, 0.7)),  # four cores and six
    ("storage_kb", "quiet", only_receivers(10, 50)),
    ("storage_kb", "burst", only_receivers(300, 800)),
    ("backlog", "burst", only_receivers(3000, 6000)),
    ("lag", "burst", about(1, 1.5)),
    ("longest_delay_s", "burst", about(1.5, 3)),
    ("normal_after_burst_s", "burst", about(2, 4)),
    ("lag", "executor", about(4, 8)),
    ("longest_delay_s", "executor", about(5, 9)),
    ("normal_after_crash_s", "executor", about(2, 6)),
]


@pytest.mark.parametrize(("measure", "scene", "holds"), BETTER, ids=lambda each: each if isinstance(each, str) else "")
def test_the_direct_stream_is_better(
    measured: Comparison, measure: str, scene: str, holds: Callable[[Pair], bool]
) -> None:
    pair = measured(measure, scene)
    assert holds(pair), pair


def test_the_lag_begins_and_ends_with_less_than_two_batches(measured: Comparison) -> None:
    for way in ("receivers", "direct"):
        for scene in ("burst", "executor", "driver"):
            lags: list[tuple[float, int]] = measured.names["lags"](measured.names["played"](measured.names[way])[scene])
            assert min(lag for _, lag in lags) >= 0
            assert lags[-1][1] < 200


def test_the_table_and_the_figure(measured: Comparison, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    png = tmp_path / "figure.png"
    main: Callable[..., Any] = measured.names["main"]
    main(str(png))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["receivers", "direct"]
    assert [line[0] for line in lines if line[:1].isdigit()] == list("123456")
    assert "   longest processing of a batch                            380 ms      202 ms" in lines
    assert lines[-1] == str(png)
    assert png.read_bytes().startswith(b"\x89PNG")
