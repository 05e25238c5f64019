"""Checks of what a user passes in: each names the argument, the value and the remedy."""

from __future__ import annotations

from sparksim.core.errors import IllegalArgumentError


def check_whole_number(value: object, name: str, lowest: int, highest: float, remedy: str) -> None:
    """Raise `IllegalArgumentError` unless `value` is an int from `lowest` to `highest`."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise IllegalArgumentError(f"{name}={value!r}: {remedy}")


def check_type(value: object, kind: type, name: str, remedy: str) -> None:
    """Raise `IllegalArgumentError` unless `value` is a `kind`."""
    if not isinstance(value, kind):
        raise IllegalArgumentError(f"{name}={value!r}: {remedy}")


def check_text(value: object, name: str, remedy: str) -> None:
    """Raise `IllegalArgumentError` unless `value` is a str that is not empty."""
    if not isinstance(value, str) or not value:
        raise IllegalArgumentError(f"{name}={value!r}: {remedy}")
