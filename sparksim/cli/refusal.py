"""A request that the command cannot serve: told in a line or two, exit code 2."""

from __future__ import annotations

from importlib.util import find_spec

from sparksim.core.language import Text

NO_MATPLOTLIB = Text(
    "figures need matplotlib, which is not installed; try: pip install 'sparksim[viz]'",
    "画图需要 matplotlib，而它没有安装；请运行 pip install 'sparksim[viz]'",
)


class Refusal(Exception):
    """Its text says what was given, what is allowed, and an example."""


def require_matplotlib() -> None:
    """Refuse early, before a run, when its figure could not be drawn."""
    if find_spec("matplotlib") is None:
        raise Refusal(NO_MATPLOTLIB.of())
