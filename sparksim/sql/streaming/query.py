"""The handle of a query that runs in the background (PySpark: StreamingQuery)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sparksim.core.arguments import is_positive
from sparksim.sql.plan.text import plan_text
from sparksim.sql.streaming.execution import StreamExecution
from sparksim.sql.streaming.progress import StreamingQueryProgress
from sparksim.sql.utils import PySparkValueError, StreamingQueryException

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sparksim.viz.query_widget import QueryTimeline


class StreamingQuery:
    """Made by `DataStreamWriter.start`, or asked for by `spark.streams.get`."""

    driver_only = True

    def __init__(self, execution: StreamExecution) -> None:
        self._execution = execution

    @property
    def id(self) -> str:
        """The query's id, kept in its checkpoint for ever."""
        return self._execution.identity.query_id

    @property
    def runId(self) -> str:
        """The id of this run, new at each start."""
        return self._execution.identity.run_id

    @property
    def name(self) -> str | None:
        """The name that `queryName` gave."""
        return self._execution.identity.name

    @property
    def isActive(self) -> bool:
        """Whether it runs."""
        return self._execution.is_alive

    @property
    def status(self) -> dict[str, Any]:
        """What it does at the moment: `message`, `isDataAvailable`, `isTriggerActive`."""
        status = self._execution.status
        return {
            "message": status.message,
            "isDataAvailable": status.is_data_available,
            "isTriggerActive": status.is_trigger_active,
        }

    @property
    def recentProgress(self) -> list[StreamingQueryProgress]:
        """The progress of the last batches, at most 99 of them, the oldest first."""
        return list(self._execution.progress)

    @property
    def lastProgress(self) -> StreamingQueryProgress | None:
        """The progress of the last batch, None before the first."""
        progress = self._execution.progress
        return progress[-1] if progress else None

    def exception(self) -> StreamingQueryException | None:
        """What the query died of; None while it runs, and after a stop."""
        return self._execution.error

    def awaitTermination(self, timeout: float | None = None) -> bool | None:
        """Wait until the query ends. With a `timeout` in seconds, at most so long, and say whether it has ended.

        Raises `StreamingQueryException` when it died, `PySparkValueError` for a timeout that is not positive.
        """
        if timeout is None:
            self._execution.await_end(None)
            return None
        return self._execution.await_end(timeout_ms(timeout))

    def processAllAvailable(self) -> None:
        """Wait until everything that is there now is in the sink. With a steady source this may never return.

        Raises `StreamingQueryException` when the query died.
        """
        self._execution.process_all_available()

    def stop(self) -> None:
        """End the query where it stands; a batch under way is not committed, and runs again after a restart."""
        self._execution.stop()

    def timeline(self, *, lang: str | None = None, theme: str = "auto") -> QueryTimeline:
        """What the query did so far, trigger by trigger, as a widget of a notebook (ours; PySpark has none).

        `.save("query.html")` writes it as a page. `lang` is "en", "zh" or None, the set language; `theme` is "auto",
        "light" or "dark". Raises `ImportError` without anywidget, and `ValueError` before the first batch and for
        another language or theme.
        """
        from sparksim.viz import query_timeline_widget

        return query_timeline_widget(self._execution.trace, self.runId, lang=lang, theme=theme)

    def figure(self, *, lang: str | None = None) -> Figure:
        """The same as a matplotlib figure. Raises `ValueError` as `timeline` does, `ImportError` without matplotlib."""
        from sparksim.viz import query_figure

        return query_figure(self._execution.trace, self.runId, lang=lang)

    def explain(self, extended: bool = False) -> None:
        """Show the plan that runs; `extended`: also the one that was asked for."""
        execution = self._execution
        if not execution.has_plan:
            text = "No physical plan. Waiting for data."
        else:
            text = f"== Physical Plan ==\n{plan_text(execution.request.plan)}\n"
            if extended:
                text = f"== Logical Plan ==\n{plan_text(execution.request.plan)}\n\n{text}"
        sys.stdout.write(f"{text}\n")


def timeout_ms(timeout: Any) -> float:
    """A timeout in seconds, in ms. Raises `PySparkValueError` unless it is a number above 0."""
    if not is_positive(timeout):
        raise PySparkValueError(
            f"[VALUE_NOT_POSITIVE] Value for `timeout` must be positive, got '{type(timeout).__name__}'."
        )
    return float(timeout) * 1000
