"""Programs that look back in time, fed key by key in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.sim import Replay, Run, Simulation
from sparksim.streaming import StreamingContext

PORT = 9999


def run(program: Callable[[Any], None], records: list[tuple[float, str]], until: float, **how: Any) -> Run:
    """One record per pair of (seconds, key), batches of one second."""

    def main(ssc: StreamingContext) -> None:
        ssc.checkpoint("sim://checkpoint")
        program(ssc.socketTextStream("localhost", PORT).map(lambda key: (key, 1)))

    return Simulation(main, network={f"localhost:{PORT}": Replay(records)}, **how).run(until=until)


def everything(stream: Any) -> None:
    """An output that asks for every partition, unlike pprint."""
    stream.foreachRDD(lambda rdd: rdd.count())
