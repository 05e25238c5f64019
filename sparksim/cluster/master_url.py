"""Masters: `local`, `local[n]`, `local[*]`, `local[n,maxFailures]` and `sim[executors,cores]`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from sparksim.core.errors import SparkException

_LOCAL = re.compile(r"local(?:\[\s*(\d+|\*)\s*(?:,\s*(\d+)\s*)?\])?")
_SIM = re.compile(r"sim\[\s*(\d+)\s*,\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Master:
    """A parsed master. `max_failures` is None where spark.task.maxFailures decides."""

    live: bool
    executors: int
    cores: int
    max_failures: int | None


def is_master(url: str) -> bool:
    """Whether the text has the form of a master we serve."""
    return bool(_LOCAL.fullmatch(url) or _SIM.fullmatch(url))


def parse_master(url: str) -> Master:
    """The meaning of a master. Raises `SparkException` for counts of 0."""
    simulated = _SIM.fullmatch(url)
    if simulated:
        executors, cores = int(simulated[1]), int(simulated[2])
        if executors == 0 or cores == 0:
            raise SparkException(f"{url}: a simulated cluster needs at least one executor with one core, like sim[3,2]")
        return Master(live=False, executors=executors, cores=cores, max_failures=None)
    local = _LOCAL.fullmatch(url)
    assert local, f"not a master: {url}"
    threads = 1 if local[1] is None else (os.cpu_count() or 1) if local[1] == "*" else int(local[1])
    if threads == 0:
        raise SparkException(f"Asked to run locally with {threads} threads: {url} needs at least 1, like local[2]")
    return Master(live=True, executors=1, cores=threads, max_failures=int(local[2]) if local[2] else 1)
