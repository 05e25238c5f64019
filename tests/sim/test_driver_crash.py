"""Random driver crashes, and what must hold in every one of them: a hundred schedules here, a thousand on request.

Each schedule is drawn from its number, so a failure names the one to run again. What a restarted driver ought to do is
worked out here anew, from what the trace says was written to the checkpoint directory, and from the story of the files.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from operator import add
from typing import Any

import pytest

from sparksim.cluster.seeds import Seeds
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, Poisson, Run, Simulation
from sparksim.streaming import StreamingContext
from sparksim.trace import check_trace
from sparksim.trace.events import (
    ApplicationStart,
    BatchSubmitted,
    BlocksAllocated,
    CheckpointWritten,
    DriverDied,
    Event,
    StreamingRecovered,
    StreamingStarted,
)

EPOCH = datetime(1970, 1, 1)
UNTIL = 9.0
FEW, MANY, PART = 50, 1000, 25

COUNTS: list[tuple[float, dict[str, int]]] = []
"""(batch time in seconds, counts), in order of processing. A checkpointed function is saved with what it captures, so
this is not in a closure."""


def keep(time: datetime, rdd: Any) -> None:
    COUNTS.append(((time - EPOCH).total_seconds(), dict(rdd.collect())))


def running_count(ssc: StreamingContext) -> None:
    COUNTS.clear()  # a driver that found no checkpoint knows nothing of what was counted before
    words = ssc.textFileStream("sim://in").flatMap(lambda line: line.split(" "))
    words.map(lambda word: (word, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0)).foreachRDD(keep)


def word_count(ssc: StreamingContext) -> None:
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split(" "))
    words.map(lambda word: (word, 1)).reduceByKey(add).foreachRDD(keep)


def schedule(number: int) -> dict[str, Any]:
    """Source, cluster and crashes of one schedule."""
    rng = random.Random(f"driver crashes {number}")
    moments = sorted(round(rng.uniform(0.3, UNTIL - 0.5), rng.choice([1, 3])) for _ in range(rng.randint(1, 3)))
    faults: list[Any] = [DriverCrash(at=at, restart_after=rng.choice([0.0, 0.2, 1.1, 3.0])) for at in moments]
    for _ in range(rng.choice([0, 0, 1, 2])):
        who = rng.choice(["receiver", "random", "1", "2"])
        faults.append(ExecutorCrash(who, at=round(rng.uniform(0.2, UNTIL), 3), restart_after=rng.choice([0.0, 0.5])))
    surroundings: dict[str, Any] = {
        "batch": rng.choice([0.5, 1.0, 1.0, 2.0]),
        "cluster": Cluster(executors=rng.randint(2, 3), cores=rng.randint(1, 2)),
        "faults": faults,
        "seed": number,
        "checkpoint": "sim://checkpoint",
    }
    if rng.random() < 0.5:
        load = rng.choice([Constant(rng.randint(5, 40)), Poisson(rng.randint(5, 40))])
        return {**surroundings, "network": {"localhost:9999": load}}
    lines = [" ".join(rng.choices("abcd", k=rng.randint(1, 5))) for _ in range(rng.randint(4, 20))]
    story = {f"sim://in/{number}.txt": (round(rng.uniform(0.1, UNTIL), 2), line) for number, line in enumerate(lines)}
    return {**surroundings, "files": story}


def complaints(number: int) -> Iterator[str]:
    """What is wrong with one schedule; nothing when nothing is."""
    COUNTS.clear()
    surroundings = schedule(number)
    program = running_count if "files" in surroundings else word_count
    run = Simulation(program, **surroundings).run(until=UNTIL)
    yield from check_trace(run.trace)
    yield from wrong_batches(list(run.trace))
    if "files" in surroundings:
        yield from wrong_states(surroundings, run)
    else:
        yield from wrong_account(surroundings, run)


# --- which batches run again ----------------------------------------------------------------------------------------


def wrong_batches(events: list[Event]) -> Iterator[str]:
    """Every life of the driver begins with the batches that its newest checkpoint and the clock ask for."""
    files: dict[int, CheckpointWritten] = {}
    started = next((event for event in events if isinstance(event, StreamingStarted)), None)
    ends = [place + 1 for place, event in enumerate(events) if isinstance(event, DriverDied)]
    for attempt, (begin, end) in enumerate(pairwise([0, *ends, len(events)])):
        life_events = events[begin:end]
        recovered = next((event for event in life_events if isinstance(event, StreamingRecovered)), None)
        submitted = [event.batch_time_ms for event in life_events if isinstance(event, BatchSubmitted)]
        if recovered is not None and started is not None:
            newest = files[max(files)]
            batch_ms, zero_ms = started.batch_ms, started.zero_ms
            restart_ms = int((recovered.time_ms - zero_ms) // batch_ms + 1) * batch_ms + zero_ms
            again = {*newest.pending, *range(newest.batch_time_ms, restart_ms, batch_ms)}
            expected = sorted(time_ms for time_ms in again if time_ms < restart_ms)
            after = range(restart_ms, restart_ms + batch_ms * len(submitted), batch_ms)
            cut_short = end in ends or not any(isinstance(event, StreamingStarted) for event in life_events)
            if submitted != [*expected, *after][: len(submitted)] or len(submitted) < len(expected) * (not cut_short):
                yield f"life {attempt + 1} ran {submitted}, not {expected} and those from {restart_ms} on"
        elif files and any(isinstance(event, StreamingStarted) for event in life_events):
            yield f"life {attempt + 1} did not go on from {sorted(files)}"
        for event in life_events:
            if isinstance(event, CheckpointWritten):
                files[int(event.name.removeprefix("checkpoint-"))] = event


# --- no record is lost in silence, and none counts twice --------------------------------------------------------------


def wrong_states(surroundings: dict[str, Any], run: Run) -> Iterator[str]:
    """After each batch the state has every word of every file that appeared since the program began, once."""
    lives = [event for event in run.trace if isinstance(event, ApplicationStart | StreamingRecovered)]
    anew = (
        begin
        for begin, then in pairwise([*lives, None])
        if not isinstance(begin, StreamingRecovered) and not isinstance(then, StreamingRecovered)
    )
    began_s = max(begin.time_ms for begin in anew) / 1000
    stories = surroundings["files"].values()
    for batch_s, state in COUNTS:
        exact = Counter(word for appears, text in stories if began_s < appears <= batch_s for word in text.split(" "))
        if state != exact:
            yield f"after batch {batch_s:g} s the state is {state}, not {dict(exact)}"


def wrong_account(surroundings: dict[str, Any], run: Run) -> Iterator[str]:
    """Each record that was sent has one row. What became of it is said; what was printed is what was processed."""
    (address, load), seeds = next(iter(surroundings["network"].items())), Seeds(surroundings["seed"])
    arrivals = load.arrivals(seeds.generator(f"source {address}"))
    sent = []
    for at_ms, record in arrivals:
        if at_ms > UNTIL * 1000:
            break
        sent.append(record)
    rows = run.delivery.records
    if [row.record for row in rows] != list(range(len(sent))):
        yield f"{len(sent)} records were sent, the account has {len(rows)}"
    for row in rows:
        if row.outcome == "lost" and not row.reason:
            yield f"record {row.record} is lost without a reason"
    last_made = max((row.record for row in rows if row.block_id), default=-1)
    silent = [row.record for row in rows if row.outcome == "pending" and not row.block_id and row.record < last_made]
    if silent:
        yield f"records {silent} disappeared: record {last_made} is in a block"
    processed = Counter({row.record: row.times for row in rows if row.times})
    counted = sum((Counter(state) for _, state in COUNTS), Counter())
    expected = Counter(word for number in processed.elements() for word in sent[number].split(" "))
    if counted != expected:
        yield f"the program counted {counted.total()} words, the account has {expected.total()}"
    yield from still_waiting(run)


def still_waiting(run: Run) -> Iterator[str]:
    """No record waits for a batch when a batch after the last crash has taken, or given up, all that was known."""
    died_ms = max((event.time_ms for event in run.trace if isinstance(event, DriverDied)), default=UNTIL * 1000)
    allocated = any(isinstance(event, BlocksAllocated) and event.time_ms > died_ms for event in run.trace)
    old = {block.block_id for block in run.blocks if (block.generated_ms or 0) <= died_ms}
    waiting = [row for row in run.delivery.records if row.outcome == "pending" and row.block_id in old]
    if allocated and waiting:
        yield f"records {[row.record for row in waiting]} wait for a dead driver: {waiting[0].reason}"


@pytest.mark.parametrize("first", range(0, FEW, PART))
def test_a_restarted_driver_does_what_its_files_say(first: int) -> None:
    wrong = {number: found for number in range(first, first + PART) if (found := list(complaints(number)))}
    assert wrong == {}


@pytest.mark.recovery
@pytest.mark.parametrize("first", range(FEW, MANY, 2 * PART))
def test_a_restarted_driver_does_what_its_files_say_a_thousand_times(first: int) -> None:
    wrong = {number: found for number in range(first, first + 2 * PART) if (found := list(complaints(number)))}
    assert wrong == {}
