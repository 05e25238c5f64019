"""Lines of text from a TCP server (Spark: TextSocketMicroBatchStream).

The lines are kept in the driver's memory until a batch with them is done, and nowhere else. So the source cannot be
replayed: what a query that ends or a driver that dies still has of them is lost, and the trace says so.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sparksim.cluster.network import Connection
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.rdd import RDD
from sparksim.sql.chunks import chunk_of
from sparksim.sql.streaming.source import Offset, SourceContext
from sparksim.sql.types import StringType, StructField, StructType, TimestampType
from sparksim.sql.utils import AnalysisException
from sparksim.streaming.origins import join
from sparksim.trace.events import Origin, RecordsLost

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend

VALUE = StructType([StructField("value", StringType())])
WITH_TIMESTAMP = StructType([*VALUE, StructField("timestamp", TimestampType())])

STREAM = -1
"""The number under which the network knows a reader that is no receiver."""

_EPOCH = datetime.datetime(1970, 1, 1)


class Line(NamedTuple):
    """A line with its number, when it came, and which record of a simulated source it is."""

    number: int
    text: str
    arrived_ms: int
    origin: Origin | None


def socket_source(options: Mapping[str, str]) -> tuple[StructType, Callable[[SourceContext], SocketSource]]:
    """The schema of `format("socket")` with these options, and how its source is made.

    Options: `host`, `port`, `includeTimestamp` (false), in any case of letters. Raises `AnalysisException` for one that
    is missing or no boolean, `IllegalArgumentError` for a port that is no number.
    """
    given = {name.lower(): value for name, value in options.items()}
    if "host" not in given:
        raise AnalysisException('the socket source needs a host: name the server, as option("host", "localhost")')
    if "port" not in given:
        raise AnalysisException('the socket source needs a port: name the server\'s, as option("port", 9999)')
    include = given.get("includetimestamp", "false").lower()
    if include not in ("true", "false"):
        raise AnalysisException(f'includeTimestamp={include!r}: give "true" or "false"')
    schema = WITH_TIMESTAMP if include == "true" else VALUE
    return schema, partial(SocketSource, given["host"], _port(given["port"]), schema)


def _port(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise IllegalArgumentError(f"port={text!r}: give the number of a port, such as 9999") from None


class SocketSource:
    """An offset is the number of the last line that came in this run, from 0; -1 before the first.

    It connects when the query asks for the first time, and reads on a fiber of its own. A refused connection is the
    query's end; a server that hangs up is a warning, and the query goes on without new lines. Numbers begin anew with
    every run, so a query that goes on from a checkpoint in which there were lines dies, as in Spark.
    """

    def __init__(self, host: str, port: int, schema: StructType, context: SourceContext) -> None:
        self._host = host
        self._port = port
        self._schema = schema
        self._sc = context.session.sparkContext
        self._backend = cast("ClusterBackend", self._sc._backend)
        self._clock = self._backend.clock
        self._lines: deque[Line] = deque()
        self._done = self._in_batches = self._last = -1
        self._frozen: int | None = None
        self._connection: Connection | None = None
        self._stopped = False

    @property
    def description(self) -> str:
        return f"TextSocketV2[host: {self._host}, port: {self._port}]"

    def latest_offset(self, start: Offset) -> Offset:
        """The last line that has come. Raises `OSError` when nobody listens at the address."""
        self._connect()
        return self._last if self._frozen is None else self._frozen

    def without_limits(self) -> None:
        """There are none."""

    def freeze(self) -> None:
        """Take what has come by now. Raises as `latest_offset`."""
        self._connect()
        self._frozen = self._last

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """The lines, dealt out over as many partitions as the cluster has by default."""
        self._connect()
        lines = self._clock.call(self._planned, -1 if start is None else start, end)
        parts = self._sc.defaultParallelism
        chunks = [chunk_of(map(self._row, lines[part::parts]), self._schema) for part in range(parts)]
        return self._sc.parallelize(chunks, parts)

    def commit(self, end: Offset) -> None:
        """Forget the lines up to `end`. Raises `IllegalStateError` when more than that was forgotten before."""
        if end < self._done:
            raise IllegalStateError(
                f"Offsets committed out of order: {self._done} followed by {end}. The lines of {self._host}:"
                f"{self._port} that the checkpoint counts are gone with the run that read them, and a socket source "
                "cannot go on from it: start the query with a new checkpointLocation"
            )
        self._clock.call(self._forget, end)

    def stop(self) -> None:
        """Hang up. Lines that are in no batch are lost."""
        self._clock.call(self._end, "the query ended")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._connection is None:
            self._connection = self._backend.network.connect(self._host, self._port, STREAM)
            self._clock.call(self._open, self._connection)

    def _open(self, connection: Connection) -> None:
        self._backend.on_driver_death(lambda _restarts: self._end("the driver died"))
        self._clock.spawn(f"lines of {self._host}:{self._port}", self._read, connection)

    def _read(self, connection: Connection) -> None:
        """On a fiber of its own, until the server or the query hangs up."""
        problem = ""
        try:
            while (text := connection.read()) is not None:
                self._clock.call(self._keep, text, connection.origin)
        except OSError as error:
            problem = f" ({type(error).__name__}: {error})"
        if not self._stopped:
            message = f"Stream closed by {self._host}:{self._port}{problem}: its query goes on, without new lines"
            self._clock.call(self._backend.warn, "sql", message)

    # --- in the hub ---------------------------------------------------------------------------------------------------

    def _keep(self, text: str, origin: Origin | None) -> None:
        self._last += 1
        line = Line(self._last, text, int(self._clock.now_ms), origin)
        if self._stopped:
            self._lose([line], "the query ended")
        else:
            self._lines.append(line)

    def _planned(self, start: int, end: int) -> list[Line]:
        """The lines of a batch. Those that the checkpoint counts and this run has not read are lost."""
        lines = [line for line in self._lines if start < line.number <= end]
        self._in_batches = max(self._in_batches, end)
        missing = max(0, end - start) - len(lines)
        if missing:
            self._backend.warn(
                "sql",
                f"{missing} of the lines {start + 1} to {end} of {self._host}:{self._port} are lost: an earlier run of "
                "the query read them, and a socket cannot be asked again",
            )
        return lines

    def _forget(self, end: int) -> None:
        gone = []
        while self._lines and self._lines[0].number <= end:
            gone.append(self._lines.popleft())
        self._done = end
        self._lose(gone, "the query took its number for that of an earlier run's line")

    def _end(self, why: str) -> None:
        if not self._stopped:
            self._stopped = True
            if self._connection is not None:
                self._connection.close()
            self._lose(list(self._lines), why)

    def _lose(self, lines: list[Line], why: str) -> None:
        """Put on record which of these lines never came into a batch."""
        lost = [line for line in lines if line.number > self._in_batches]
        if lost:
            origins: list[Origin] = []
            for line in lost:
                join(origins, () if line.origin is None else (line.origin,))
            reason = f"read by a socket source and in no batch when {why}"
            self._backend.emit(RecordsLost(self._clock.now_ms, tuple(origins), len(lost), reason, None, ""))

    def _row(self, line: Line) -> tuple[Any, ...]:
        arrived = _EPOCH + datetime.timedelta(milliseconds=line.arrived_ms)
        return (line.text, arrived)[: len(self._schema)]
