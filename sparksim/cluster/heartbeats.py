"""How the driver notices an executor that says nothing any more (Spark: HeartbeatReceiver).

Executors report every ten seconds; once a minute the driver looks for one that has been silent for more than two. A
process that died is noticed much sooner, by its broken connection. So silence matters only where a connection is
whole and nothing comes: heartbeats are not events of their own here, they are worked out when a link is severed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.executor import Executor
from sparksim.cluster.seeds import Seeds
from sparksim.core.conf import SparkConf, time_ms
from sparksim.core.errors import IllegalArgumentError


class HeartbeatReceiver:
    """`expire(executor, reason)` is called for an executor that was silent for too long. Hub only.

    Settings: `spark.executor.heartbeatInterval` (10s), `spark.network.timeout` (120s), `spark.network.timeoutInterval`
    (60s). Raises `IllegalArgumentError` when the time-out is not longer than the interval, as SparkConf does.
    """

    def __init__(self, clock: Clock, conf: SparkConf, seeds: Seeds, expire: Callable[[Executor, str], None]) -> None:
        self._clock = clock
        self._seeds = seeds
        self._expire = expire
        self._born_ms = clock.now_ms
        self._interval_ms = time_ms(conf, "spark.executor.heartbeatInterval", "10s")
        self._timeout_ms = time_ms(conf, "spark.network.timeout", "120s")
        self._check_ms = time_ms(conf, "spark.network.timeoutInterval", "60s")
        if not 0 < self._interval_ms < self._timeout_ms:
            raise IllegalArgumentError(
                f"spark.network.timeout={self._timeout_ms:g} ms must be longer than "
                f"spark.executor.heartbeatInterval={self._interval_ms:g} ms, or every executor would be given up"
            )
        if self._check_ms <= 0:
            raise IllegalArgumentError(f"spark.network.timeoutInterval={self._check_ms:g} ms must be positive")

    def watch(self, executor: Executor) -> None:
        """Nothing comes from this executor any more: give it up in time, unless its link works again."""
        self._clock.env.process(self._count_silence(executor, self._last_heard_ms(executor)))

    def _count_silence(self, executor: Executor, heard_ms: float) -> Generator[simpy.Event, Any, None]:
        """Spark: HeartbeatReceiver.expireDeadHosts, at its fixed rate since the driver's start."""
        severed_ms = executor.link.severed_ms
        while True:
            yield self._clock.env.timeout(self._check_ms - (self._clock.now_ms - self._born_ms) % self._check_ms)
            if executor.link.works or executor.link.severed_ms != severed_ms or not executor.known:
                return
            silent_ms = self._clock.now_ms - heard_ms
            if silent_ms > self._timeout_ms:
                self._expire(executor, f"Executor heartbeat timed out after {silent_ms:.0f} ms")
                return

    def _last_heard_ms(self, executor: Executor) -> float:
        """The last heartbeat until now: the first one comes one to two intervals after the executor registered."""
        rng = self._seeds.generator(f"heartbeats of {executor.executor_id}")
        first_ms = executor.registered_ms + self._interval_ms * (1 + rng.random())
        if self._clock.now_ms < first_ms:
            return executor.registered_ms
        return first_ms + (self._clock.now_ms - first_ms) // self._interval_ms * self._interval_ms
