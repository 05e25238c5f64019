"""An event is a value: whoever reads it can copy, send and compare it, and cannot change it."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError, replace

import pytest

from sparksim.trace.events import JobEnd, StageCompleted

ENDED = JobEnd(1000.0, 7, True, "")


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'succeeded'"):
        ENDED.succeeded = False  # type: ignore[misc]  # that is the point
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'reason'"):
        del ENDED.reason  # type: ignore[misc]
    assert type(ENDED) is JobEnd


@pytest.mark.parametrize("copied", [deepcopy, lambda event: pickle.loads(pickle.dumps(event)), replace])
def test_a_copy_of_an_event_is_equal_to_it(copied) -> None:
    copy = copied(ENDED)
    assert copy is not ENDED
    assert copy == ENDED
    assert hash(copy) == hash(ENDED)
    assert replace(copy, job_id=8) == JobEnd(time_ms=1000.0, job_id=8, succeeded=True, reason="")


def test_events_of_two_kinds_are_never_equal() -> None:
    assert StageCompleted(1000.0, 7, True, "") != ENDED  # type: ignore[arg-type]  # the same values


def test_an_event_without_all_its_values_is_refused() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'reason'"):
        JobEnd(1000.0, 7, True)  # type: ignore[call-arg]
