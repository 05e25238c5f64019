"""Broadcast values are copies: later changes on the driver do not reach them, and tasks do not reach the driver's."""

from __future__ import annotations

import pickle
import threading

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkException, SparkJobError


def test_tasks_read_the_value(sc: SparkContext) -> None:
    table = sc.broadcast({1: "one"})
    assert sc.range(3).map(lambda x: table.value.get(x, None)).collect() == [None, "one", None]


def test_the_value_is_what_it_was_when_made(sc: SparkContext) -> None:
    words = ["a"]
    shared = sc.broadcast(words)
    words.append("b")
    assert shared.value == ["a"]
    assert sc.range(1).map(lambda x: len(shared.value)).collect() == [1]


def test_a_change_in_a_task_does_not_reach_the_driver(sc: SparkContext) -> None:
    shared = sc.broadcast([])
    sc.range(2).foreach(lambda x: shared.value.append(x + 1))
    assert shared.value == []


def test_after_unpersist_tasks_get_it_anew_and_after_destroy_not_at_all(sc: SparkContext) -> None:
    shared = sc.broadcast([1])
    read = sc.range(1).map(lambda x: shared.value)
    assert read.collect() == [[1]]
    shared.unpersist()
    assert read.collect() == [[1]]
    shared.destroy()
    with pytest.raises(SparkJobError, match=r"Broadcast\(\d+\) was destroyed"):
        read.collect()
    with pytest.raises(SparkException, match="was destroyed and cannot be used any more"):
        sc.range(1).map(lambda x: shared.value).collect()


def test_values_must_be_picklable(sc: SparkContext) -> None:
    with pytest.raises(pickle.PicklingError, match="cannot pickle"):
        sc.broadcast(threading.Lock())


def test_tasks_cannot_destroy(sc: SparkContext) -> None:
    shared = sc.broadcast(1)
    with pytest.raises(SparkJobError, match="can only be destroyed on the driver"):
        sc.range(1).foreach(lambda x: shared.destroy())
    with pytest.raises(SparkJobError, match="can only be unpersisted on the driver"):
        sc.range(1).foreach(lambda x: shared.unpersist())
    assert repr(shared) == f"Broadcast({shared.id})"
