"""The timeline of a streaming query in a notebook: an anywidget, with a figure for where no widget can be shown.

It loads anywidget, so it is imported when the first timeline is shown, and never by `import sparksim`.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.fonts import page_font
from sparksim.viz.html_page import check_theme
from sparksim.viz.query_page import query_script, query_style, view_html
from sparksim.viz.query_timeline import query_figure
from sparksim.viz.query_view import query_view


class QueryTimeline(anywidget.AnyWidget):
    """The timeline of a streaming query. `save(path)` writes it as a page.

    `trigger` is which one is shown, from 0, and can be set; below 0 it has not been set yet: the last one.
    """

    _esm = query_script()
    _css = query_style()

    view = traitlets.Dict().tag(sync=True)
    font = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    trigger = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self, trace: Trace, name: str | None = None, *, lang: str | None = None, theme: str = "auto", **traits: Any
    ) -> None:
        check_theme(theme)
        self._trace, self._name, self._lang = trace, name, language(lang)
        view = query_view(trace, name, self._lang)
        super().__init__(view=view, font=page_font(self._lang), theme=theme, **traits)

    def save(self, path: str | Path) -> None:
        """Write the page, UTF-8: it needs no network and no notebook."""
        Path(path).write_text(view_html(self.view, self.theme), encoding="utf-8")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and its picture for readers that run no widgets."""
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**kwargs)
        if bundle is not None and (png := self._picture()):
            bundle[0]["image/png"] = png
        return bundle

    def _picture(self) -> str:
        """The figure as a PNG, base64; "" without matplotlib."""
        try:
            figure: Any = query_figure(self._trace, self._name, lang=self._lang)
        except ImportError:
            return ""
        return b64encode(figure._repr_png_()).decode()
