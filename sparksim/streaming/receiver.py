"""The class a custom receiver extends (Spark: org.apache.spark.streaming.receiver.Receiver).

PySpark has no custom receivers; the form here follows Spark's Java and Scala API. A receiver that wants to run under
both clocks starts its threads with `start_thread`, waits with `sleep` and opens connections with `connect`; everything
else is ordinary Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.storage_level import StorageLevel

if TYPE_CHECKING:
    from sparksim.cluster.network import Connection
    from sparksim.streaming.supervisor import ReceiverSupervisor


class Receiver:
    """Override `onStart` and `onStop`. `onStart` must not block: it starts the thread that calls `store`."""

    storageLevel = StorageLevel.MEMORY_AND_DISK_2
    _stream_id = -1
    _supervisor: ReceiverSupervisor | None = None

    def __init__(self, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2) -> None:
        self.storageLevel = storageLevel

    def onStart(self) -> None:
        """Called when the receiver starts, on its executor. Must return soon."""
        raise NotImplementedError(f"{type(self).__name__}.onStart(): write what the receiver does when it starts")

    def onStop(self) -> None:
        """Called when the receiver stops. Must clean up what `onStart` set up."""

    def preferredLocation(self) -> str | None:
        """The host this receiver would like to run on, or None."""
        return None

    # --- for use in onStart and its threads ---------------------------------------------------------------------------

    def store(self, data: Any, metadata: Any = None) -> None:
        """Keep what was received.

        A single record goes into the current block's buffer and is stored with it a block interval later. A list (or
        any iterator) is one block of its own and is stored, and replicated, before `store` returns: what a reliable
        receiver uses before it acknowledges. Strings, bytes, tuples and dicts are single records.
        """
        supervisor = self._attached()
        if isinstance(data, list) or (hasattr(data, "__next__") and isinstance(data, Iterable)):
            supervisor.push_and_report(list(data))
        else:
            supervisor.push_single(data)

    def reportError(self, message: str, throwable: BaseException | None = None) -> None:
        """Tell the driver of an error; receiving goes on."""
        self._attached().report_error(message, throwable)

    def restart(self, message: str, error: BaseException | None = None, millisecond: int | None = None) -> None:
        """Stop and, after a pause (2 s by default), start again, in the background and on the same executor.

        What was stored and is still in the buffer survives. Raises `IllegalArgumentError` for a negative pause.
        """
        if millisecond is not None and millisecond < 0:
            raise IllegalArgumentError(f"restart(millisecond={millisecond}): give a pause of 0 ms or more")
        self._attached().restart(message, error, millisecond)

    def stop(self, message: str, error: BaseException | None = None) -> None:
        """End this receiver; returns when all it stored is safe. The driver then starts it anew, as long as it runs."""
        self._attached().stop(message, error)

    def isStarted(self) -> bool:
        """Whether `onStart` was called and not yet `onStop`."""
        return self._attached().is_started

    def isStopped(self) -> bool:
        """Whether the receiver was told to stop, for good or for a restart: threads of `onStart` should then end."""
        return self._attached().is_stopped

    @property
    def streamId(self) -> int:
        """The id of the input stream this receiver feeds."""
        return self._stream_id

    def start_thread(self, target: Callable[..., Any], *args: Any) -> None:
        """Run `target(*args)` beside the receiver: a thread in live mode, a thread of virtual time in a simulation.

        Catch what it may raise, and call `restart` or `stop`: an exception that leaves it ends a cluster's executor.
        """
        self._attached().start_thread(target, *args)

    def sleep(self, seconds: float) -> None:
        """Pause the calling thread, in the time that rules here: virtual in a simulation."""
        self._attached().clock.sleep(seconds * 1000)

    def connect(self, host: str, port: int) -> Connection:
        """Open a connection to a source: `read()` gives its next line, or None at its end. Raises `OSError`.

        It is closed when the receiver stops.
        """
        return self._attached().connect(host, port)

    def _attached(self) -> ReceiverSupervisor:
        if self._supervisor is None:
            raise IllegalStateError(
                f"{type(self).__name__} is not running yet: call store, restart, stop and the like from onStart or "
                "later, not from __init__"
            )
        self._supervisor.check_thread()
        return self._supervisor
