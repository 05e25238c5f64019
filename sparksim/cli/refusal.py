"""A request that the command cannot serve: told in a line or two, exit code 2."""

from __future__ import annotations

from importlib.util import find_spec


class Refusal(Exception):
    """Its text says what was given, what is allowed, and an example."""


def require_matplotlib() -> None:
    """Refuse early, before a run, when its figure could not be drawn."""
    if find_spec("matplotlib") is None:
        raise Refusal("figures need matplotlib, which is not installed; try: pip install 'sparksim[viz]'")
