"""How fast a receiver may take records one by one (Spark: RateLimiter, which wraps Guava's SmoothBursty).

Permits flow in at the limit and up to one second's worth is saved while nobody asks. A record that finds none waits.
"""

from __future__ import annotations

import threading
from math import inf

from sparksim.core.conf import SparkConf, integer

UNLIMITED = 2**63 - 1


class RateLimiter:
    """Pure arithmetic on times in ms; whoever calls `acquire` does the waiting. May be called from several threads."""

    def __init__(self, conf: SparkConf) -> None:
        self._max_rate = integer(conf, "spark.streaming.receiver.maxRate", UNLIMITED)
        initial = integer(conf, "spark.streaming.backpressure.initialRate", self._max_rate)
        self._rate_per_s = min(initial, self._max_rate)
        self._unlimited = _is_no_limit(self._rate_per_s)
        self._saved = 0.0
        self._next_free_ms = -inf
        # The receiver's thread takes permits while the driver sets a new rate.
        self._lock = threading.Lock()

    @property
    def current_limit(self) -> float:
        """Records per second; infinite when nothing limits."""
        return inf if self._unlimited else self._rate_per_s

    def update_rate(self, rate_per_s: int, now_ms: float) -> None:
        """Set a new limit, at most `spark.streaming.receiver.maxRate`; 0 and below are ignored.

        Permits that were saved shrink and grow with the limit, and a wait that was promised stays (Guava's setRate).
        """
        if rate_per_s <= 0:
            return
        with self._lock:
            before = self.current_limit
            # "Unlimited" is a number too, and so large that it saves a full second's worth in the first second.
            unused_s = min(max(now_ms - self._next_free_ms, 0.0) / 1000, 1.0) if self._next_free_ms > -inf else 0.0
            self._save_permits(now_ms)
            self._rate_per_s = min(rate_per_s, self._max_rate) if self._max_rate > 0 else rate_per_s
            self._unlimited = _is_no_limit(self._rate_per_s)
            share = unused_s if before == inf else self._saved / before
            self._saved = share * self._rate_per_s

    def acquire(self, now_ms: float, permits: int = 1) -> float:
        """Take permits and return how many ms to wait for them; the next who comes waits for what they cost (Guava)."""
        with self._lock:
            if self._unlimited:
                self._next_free_ms = now_ms if self._next_free_ms == -inf else self._next_free_ms
                return 0.0
            self._save_permits(now_ms)
            wait_ms = self._next_free_ms - now_ms
            from_saved = min(float(permits), self._saved)
            self._saved -= from_saved
            self._next_free_ms += (permits - from_saved) * 1000 / self._rate_per_s
            return wait_ms

    def _save_permits(self, now_ms: float) -> None:
        """Permits that nobody asked for until now are saved, one second's worth at most; the first call saves none."""
        if now_ms <= self._next_free_ms:
            return
        if self._next_free_ms > -inf and not self._unlimited:
            self._saved = min(self._rate_per_s, self._saved + (now_ms - self._next_free_ms) * self._rate_per_s / 1000)
        self._next_free_ms = now_ms


def _is_no_limit(rate_per_s: int) -> bool:
    # The guide says that 0 and below mean no limit; Guava would refuse them (docs/fidelity.md).
    return rate_per_s <= 0 or rate_per_s == UNLIMITED
