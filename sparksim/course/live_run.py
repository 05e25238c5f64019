"""A program of a lesson in real time: on cores of this machine, fed through real sockets.

The surroundings are written as for a `Simulation`, so that the same program can be seen both ways.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from math import ceil, inf
from typing import Any

from sparksim.cluster.watched import watched_backends
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.loads import Load
from sparksim.sim.output import caught_output
from sparksim.sim.run import Run
from sparksim.streaming.context import StreamingContext
from sparksim.trace.events import Event, ReceiverStarted, StreamingStarted
from sparksim.trace.trace import Trace

LOCAL = ("localhost", "127.0.0.1")
PATIENCE_S = 60.0
RETRY_S = 0.2
STARTING = 0.3
"""The part of a batch interval that receivers may take to start."""


def live(
    program: Callable[[StreamingContext], None],
    *,
    network: Mapping[str, Load] | None = None,
    batch: float = 1.0,
    until: float,
    cores: int = 2,
    conf: Mapping[str, Any] | None = None,
    meanwhile: Sequence[tuple[float, Callable[[], None]]] = (),
) -> Run:
    """Run `program(ssc)` on `local[cores]` for `until` seconds, stop it gracefully, and give what can be seen of it.

    `network` maps "localhost:port" to a load, which a real server there sends to everybody who connects; `meanwhile`
    are `(seconds, function)`, called in turn. All seconds count from the first batch time after the receivers have
    started, and what batches print is shown from there up to the batch in which `until` lies. Raises
    `IllegalArgumentError` for another host, `OSError` for a port that stays taken, and what the program raises.
    """
    traces: list[Trace] = []
    clock = _LessonClock(batch, until, receivers=len(network or {}))
    with ExitStack() as open_now:
        open_now.enter_context(watched_backends(lambda backend: traces.append(backend.trace)))
        servers = [open_now.enter_context(_Server(address, load)) for address, load in (network or {}).items()]
        settings = SparkConf(loadDefaults=False).setAppName(getattr(program, "__name__", "program"))
        settings.setMaster(f"local[{cores}]").setAll([(key, str(value)) for key, value in (conf or {}).items()])
        sc = SparkContext(conf=settings)
        open_now.callback(sc.stop)
        ssc = StreamingContext(sc, batch)
        program(ssc)
        traces[-1].subscribe(clock.hear)
        open_now.enter_context(caught_output(clock.show, echo=False))
        clock.wait_for_a_batch_time()
        ssc.start()
        clock.begin()
        for server in servers:
            server.begin(clock.zero_s)
        for moment, function in meanwhile:
            clock.wait_until(moment)
            function()
        ssc.awaitTerminationOrTimeout(clock.left_s)
        ssc.stop(stopSparkContext=True, stopGraceFully=True)
    return Run(traces[-1])


class _LessonClock:
    """When the seconds of a live run begin, and which batches belong to it."""

    def __init__(self, batch_s: float, until_s: float, receivers: int) -> None:
        self._batch_s, self._until_s = batch_s, until_s
        self._stdout = sys.stdout
        self._started: list[StreamingStarted] = []
        self._receivers = threading.Semaphore(0)
        self._expected = receivers
        self.zero_s = inf

    def hear(self, event: Event) -> None:
        """A subscriber of the trace."""
        if isinstance(event, StreamingStarted):
            self._started.append(event)
        elif isinstance(event, ReceiverStarted):
            self._receivers.release()

    def wait_for_a_batch_time(self) -> None:
        """Batch times are multiples of the interval: who starts right after one has a whole interval to do it."""
        time.sleep(self._batch_s - time.time() % self._batch_s)

    def begin(self) -> None:
        """Wait for the receivers; then the seconds begin, or with the next batch if much of the present one is over."""
        give_up = time.monotonic() + PATIENCE_S
        for _ in range(self._expected):
            self._receivers.acquire(timeout=max(0.0, give_up - time.monotonic()))
        zero_s = self._started[0].zero_ms / 1000
        passed = (time.time() - zero_s) / self._batch_s
        self.zero_s = zero_s + self._batch_s * (0 if passed < STARTING else ceil(passed))

    def show(self, batch_ms: int | None, text: str) -> None:
        """What a batch printed, if it belongs to the run."""
        last_s = self.zero_s + ceil(self._until_s / self._batch_s - 1e-9) * self._batch_s
        if batch_ms is None or self.zero_s < batch_ms / 1000 <= last_s + 1e-6:
            self._stdout.write(text)

    def wait_until(self, moment_s: float) -> None:
        """Until this second of the run."""
        time.sleep(max(0.0, self.zero_s + moment_s - time.time()))

    @property
    def left_s(self) -> float:
        """Seconds until the run is over."""
        return max(0.0, self.zero_s + self._until_s - time.time())


class _Server:
    """Sends the records of a load, a line each, to its clients. Another lesson may have the port: it waits for it."""

    def __init__(self, address: str, load: Load) -> None:
        host, _, port = address.rpartition(":")
        if host not in LOCAL or not port.isdecimal():
            raise IllegalArgumentError(
                f"network={{{address!r}: ...}}: a live run serves this machine only; give 'localhost:9999' or so"
            )
        self._port = int(port)
        self._load = load
        self._zero_s = 0.0
        self._begun, self._over = threading.Event(), threading.Event()
        self._listener: socket.socket | None = None

    def __enter__(self) -> _Server:
        give_up = time.monotonic() + PATIENCE_S
        while self._listener is None:
            try:
                self._listener = socket.create_server(("127.0.0.1", self._port))
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(RETRY_S)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="lesson source").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._begun.set()
        if self._listener is not None:
            with suppress(OSError):  # of itself, closing would leave accept waiting, and the port taken
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def begin(self, zero_s: float) -> None:
        """The load's seconds count from this moment."""
        self._zero_s = zero_s
        self._begun.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed when the lesson is over
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True, name="lesson client").start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):  # a receiver that stops hangs up
            self._begun.wait()
            for moment_ms, record in self._load.arrivals(random.Random(0)):
                if self._over.wait(max(0.0, self._zero_s + moment_ms / 1000 - time.time())):
                    return
                client.sendall(f"{record}\n".encode())
            self._over.wait()
