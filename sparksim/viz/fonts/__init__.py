"""The Chinese fonts that come with the package, so that Chinese shows on a machine that has none.

Our figures use the one for figures when they are drawn in Chinese, and only they: matplotlib's settings stay as they
are. `use_chinese_font` is for a learner's own plots. Pages and widgets carry the one for pages.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files

from sparksim.core.language import language

FAMILY = "sparksim Sans SC"
"""The fonts' name. It stands last in a list: what the fonts before it have, as Latin letters, they show."""

FIGURE_FONT, PAGE_FONT = "sparksim-sans-sc.otf", "sparksim-sans-sc-page.woff"


def use_chinese_font() -> None:
    """Show Chinese in every plot that this process makes with matplotlib from now on.

    Adds the bundled font behind those of `rcParams["font.family"]`. A style that sets the family takes it away, so call
    this after `plt.style.use`. `matplotlib.rcdefaults()` undoes it. Raises `ImportError` without matplotlib.
    """
    from matplotlib import rcParams

    if FAMILY not in rcParams["font.family"]:
        rcParams["font.family"] = _families()


@contextmanager
def lettering(lang: str | None = None) -> Iterator[None]:
    """Within, texts of a figure are made in fonts that have the letters of the language, by default the set one."""
    if language(lang) != "zh":
        yield
        return
    from matplotlib import rc_context

    with rc_context({"font.family": _families()}):
        yield


def page_font(lang: str) -> str:
    """The font that a page or a widget in this language carries, base64; "" where it needs none."""
    return _page_font() if lang == "zh" else ""


@cache
def _page_font() -> str:
    return b64encode(files(__name__).joinpath(PAGE_FONT).read_bytes()).decode()


@cache
def font_script() -> str:
    """The script that makes this font known to a browser."""
    return files(__name__).joinpath("font.js").read_text(encoding="utf-8")


def _families() -> list[str]:
    from matplotlib import rcParams

    _add_to_matplotlib()
    return [family for family in rcParams["font.family"] if family != FAMILY] + [FAMILY]


@cache
def _add_to_matplotlib() -> None:
    from matplotlib.font_manager import fontManager

    # matplotlib keeps the path, so the file has to stay: it lies in the package.
    with as_file(files(__name__).joinpath(FIGURE_FONT)) as path:
        fontManager.addfont(path)
    # It stands in for its own bold, which matplotlib otherwise looks for in vain, and says so.
    fontManager.ttflist.append(replace(fontManager.ttflist[-1], weight=700))
