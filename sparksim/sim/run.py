"""What is left of a simulation when it is over: its trace, and every view of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.output import Output
from sparksim.sim.sink_tables import SinkTable
from sparksim.sim.sinks import named_sinks
from sparksim.trace import state_tables
from sparksim.trace.all_tables import AllTables
from sparksim.trace.delivery import Delivery
from sparksim.trace.formats.csv_folder import write_tables
from sparksim.trace.formats.perfetto import write_perfetto
from sparksim.trace.formats.spark_log_writer import write_event_log
from sparksim.trace.jsonl import write_jsonl
from sparksim.trace.state_tables import StateKeyRow, StateRow, WindowRow
from sparksim.trace.table import Table
from sparksim.trace.trace import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sparksim.viz.query_widget import QueryTimeline
    from sparksim.viz.streaming_page import StreamingPage
    from sparksim.viz.widget import Timeline

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")
SAVED_AS = {
    ".jsonl": "the trace",
    " or ".join(FIGURE_SUFFIXES): "the timeline",
    ".html": "the timeline as a page to look into",
    ".perfetto.json": "a trace that Perfetto and chrome://tracing open",
    ".eventlog": "a folder of event logs for Spark's History Server",
    "/": "a folder of CSV tables",
}
"""What `Run.save` writes, by how the name ends."""


class RunDelivery(Delivery):
    """What became of every record of a run, and a picture of it."""

    def of_stream(self, stream_id: int) -> RunDelivery:
        """The account as this input stream alone has it."""
        return RunDelivery(self._events, stream_id)

    def figure(self, width: float = 14.0, *, lang: str | None = None) -> Figure:
        """The way of every record of Kafka or another log, from its producer to the sinks, as a matplotlib figure.

        `width` in inches; `lang` is "en", "zh" or None, the set language. Raises `ValueError` when no producer and no
        log occurs in the run, and for a language that there is not.
        """
        from sparksim.viz.delivery import delivery_figure

        return delivery_figure(self, width=width, lang=lang)


class Run(AllTables):
    """Times in the tables are ms; each table has one row per batch, job, stage, task, block, executor, receiver.

    `error` is what the program raised, where that was asked for (`simulate_script(raises=False)`).
    """

    def __init__(
        self,
        trace: Trace,
        error: BaseException | None = None,
        sinks: Mapping[str, SinkTable] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__(trace)
        self.error = error
        self._sinks = sinks
        self._files = files

    @cached_property
    def states(self) -> Table[StateRow]:
        """Per batch and stream with states: how many keys have one, what the batch did to them, how large they are.

        On a simulated cluster all states are weighed, in a live run only with `spark.sparksim.stateBytes`.
        """
        return state_tables.states(self.trace)

    @cached_property
    def state_keys(self) -> Table[StateKeyRow]:
        """Per batch, stream and key: what became of the key's state, its size, and the state as a short text.

        The first hundred keys of each partition and batch; `spark.sparksim.stateKeys` sets another number.
        """
        return state_tables.state_keys(self.trace)

    @cached_property
    def windows(self) -> Table[WindowRow]:
        """Per window: which batches it is made of."""
        return state_tables.windows(self.trace)

    @cached_property
    def delivery(self) -> RunDelivery:
        """What became of every record."""
        return RunDelivery(self.trace)

    @property
    def sinks(self) -> Mapping[str, SinkTable]:
        """What every sink held at the end, by name; none at all where the run was read from its trace."""
        return MappingProxyType(dict(self._sinks or {}))

    def sink(self, name: str) -> SinkTable:
        """What a sink held at the end. Raises `IllegalArgumentError` for a name that no program has used."""
        if self._sinks is None:
            raise IllegalArgumentError(
                f"sink({name!r}): this run was read from its trace, which says what was written and not the values; "
                "see run.delivery.produced, or run the simulation again"
            )
        known = {*self._sinks, *named_sinks()}
        if name not in known:
            names = ", ".join(map(repr, sorted(known))) or "none at all"
            raise IllegalArgumentError(f"sink({name!r}): no program has used a sink of this name; there are: {names}")
        return self._sinks.get(name) or SinkTable(name)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The content of every file at the end, by its URL; none at all where the run was read from its trace."""
        return MappingProxyType(dict(self._files or {}))

    @cached_property
    def output(self) -> Output:
        """What the program printed, per batch."""
        return Output(self.trace)

    def figure(self, start: float | None = None, end: float | None = None, *, lang: str | None = None) -> Figure:
        """The timeline between two moments, in seconds, as a matplotlib figure.

        `lang` is "en", "zh" or None, the set language. Raises `ValueError` for an empty run, an empty span and a
        language that there is not.
        """
        from sparksim.viz.timeline import timeline_figure

        return timeline_figure(self.trace, start_s=start, end_s=end, lang=lang)

    def state_figure(self, *, lang: str | None = None) -> Figure:
        """Keys with a state and their bytes by partition, what each batch did to them, and the largest ones one by one.

        A matplotlib figure; `lang` is "en", "zh" or None, the set language. Raises `ValueError` for another one and for
        a run without states.
        """
        from sparksim.viz.states import state_figure

        return state_figure(self.trace, lang)

    def window_figure(self, last: int = 24, *, lang: str | None = None) -> Figure:
        """Which batches feed which window, for the `last` windows of each stream, as a matplotlib figure.

        `lang` is "en", "zh" or None, the set language. Raises `ValueError` for another one, for a run without windows
        and for `last` below 1.
        """
        from sparksim.viz.windows import window_figure

        return window_figure(self.trace, last, lang)

    def timeline(self, *, lang: str | None = None, theme: str = "auto") -> Timeline:
        """The timeline as a widget of a notebook: zoom, play, and click a record to see its way.

        `lang` is "en", "zh" or None, the set language; `theme` is "auto", "light" or "dark". Raises `ImportError`
        without anywidget, and `ValueError` for an empty run and for a language or a theme that there is not.
        """
        from sparksim.viz import timeline_widget

        return timeline_widget(self.trace, lang=lang, theme=theme)

    def query_figure(self, name: str | None = None, *, lang: str | None = None) -> Figure:
        """What a streaming query did, trigger by trigger, as a matplotlib figure.

        `name` is the query's name, id or run id, None for the only query. `lang` is "en", "zh" or None, the set
        language. Raises `ValueError` when there is no such query, when it planned no batch, and for another language.
        """
        from sparksim.viz import query_figure

        return query_figure(self.trace, name, lang=lang)

    def query_timeline(self, name: str | None = None, *, lang: str | None = None, theme: str = "auto") -> QueryTimeline:
        """The same as a widget of a notebook, to step through; `.save("query.html")` writes it as a page.

        `theme` is "auto", "light" or "dark". Raises `ImportError` without anywidget, and `ValueError` as `query_figure`
        does and for another theme.
        """
        from sparksim.viz import query_timeline_widget

        return query_timeline_widget(self.trace, name, lang=lang, theme=theme)

    def streaming_page(self, *, lang: str | None = None, theme: str = "auto") -> StreamingPage:
        """Spark's Streaming tab, as a page that a notebook shows and that `.save("streaming.html")` writes.

        `lang` is "en", "zh" or None, the set language; `theme` is "auto", "light" or "dark". Raises `ValueError` for
        another one and for an empty run.
        """
        from sparksim.viz.streaming_page import streaming_page

        return streaming_page(self.trace, lang=lang, theme=theme)

    def save(self, path: str | Path, *, lang: str | None = None) -> None:
        """Write the run; the name says what: see `SAVED_AS`.

        `lang` is the language of a page or a figure, "en", "zh" or None, the set one. Raises `IllegalArgumentError` for
        any other name, and for a language that there is not.
        """
        name = str(path)
        if name.endswith(".eventlog"):
            write_event_log(self.trace, path)
        elif name.endswith(("/", os.sep)) or Path(path).is_dir():
            write_tables(self.trace, path)
        elif name.endswith(".jsonl"):
            write_jsonl(self.trace, path)
        elif name.endswith(".perfetto.json"):
            write_perfetto(self.trace, path)
        elif name.endswith(".html"):
            from sparksim.viz.html_page import timeline_html

            Path(path).write_text(timeline_html(self.trace, lang=lang), encoding="utf-8")
        elif name.endswith(FIGURE_SUFFIXES):
            self.figure(lang=lang).savefig(path)
        else:
            ways = ", ".join(f"{suffix} for {what}" for suffix, what in SAVED_AS.items())
            raise IllegalArgumentError(f"save({name!r}): the end of the name says what to write; use {ways}")
