"""Properties of the current thread of control: job groups, descriptions, scheduler pools (Spark: localProperties).

They live in a `ContextVar`, so a fiber that starts with a copied context inherits them and changes only its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

JOB_GROUP = "spark.jobGroup.id"
JOB_DESCRIPTION = "spark.job.description"
INTERRUPT_ON_CANCEL = "spark.job.interruptOnCancel"
JOB_TAGS = "spark.job.tags"
CALL_SITE = "callSite.short"
CHECKPOINT_ALL_ANCESTORS = "spark.checkpoint.checkpointAllMarkedAncestors"

_NONE: Mapping[str, str] = MappingProxyType({})
_properties: ContextVar[Mapping[str, str]] = ContextVar("sparksim_local_properties", default=_NONE)


def current() -> Mapping[str, str]:
    """All properties of this thread of control, as a mapping that never changes."""
    return _properties.get()


def get(key: str) -> str | None:
    """One property, or None."""
    return _properties.get().get(key)


def put(key: str, value: str | None) -> None:
    """Set one property; None removes it."""
    changed = {name: text for name, text in _properties.get().items() if name != key}
    if value is not None:
        changed[key] = value
    _properties.set(MappingProxyType(changed))


@contextmanager
def overlay(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set these properties for the length of a `with` block (None removes), then put all back as it was."""
    before = _properties.get()
    changed = {name: text for name, text in {**before, **values}.items() if text is not None}
    _properties.set(MappingProxyType(changed))
    try:
        yield
    finally:
        _properties.set(before)
