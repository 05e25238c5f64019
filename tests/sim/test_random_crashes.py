"""Five hundred random crash schedules, most of them in `make test-recovery`, and what must hold in every one of them.

Each schedule is drawn from its number, so a failure names the one to run again. The checks know nothing of the engine:
they read the trace (`sparksim.trace.check_trace`), compare the account of records with what the load sent, and compare
the program's own results with a word count done by hand over the records that the account calls processed.
"""

import random
from collections import Counter
from itertools import takewhile

import pytest

from sparksim.cluster.seeds import Seeds
from sparksim.sim import Cluster, Constant, ExecutorCrash, Poisson, Simulation, Steps
from sparksim.trace import check_trace
from tests.sim.programs import counting

FEW, SCHEDULES = 100, 500
PART = 25
UNTIL = 7.0


def schedule(number):
    """Load, cluster and faults of one schedule."""
    rng = random.Random(f"schedule {number}")
    load = rng.choice([Constant(rng.randint(5, 60)), Poisson(rng.randint(5, 60)), Steps([(2, 5), (2, 80), (9, 10)])])
    faults = [
        ExecutorCrash(
            rng.choice(["receiver", "random", "1", "2", "3", "4"]),
            at=round(rng.uniform(0.2, UNTIL), rng.choice([1, 3])),
            restart_after=rng.choice([None, 0.0, 0.5, 2.0]),
        )
        for _ in range(rng.randint(1, 3))
    ]
    return {
        "network": {"localhost:9999": load},
        "batch": rng.choice([0.5, 1.0, 2.0]),
        "cluster": Cluster(executors=rng.randint(2, 4), cores=rng.randint(1, 2)),
        "faults": faults,
        "conf": {
            "spark.streaming.concurrentJobs": rng.choice([1, 1, 2]),
            "spark.locality.wait": rng.choice(["0", "3s"]),
        },
        "seed": number,
    }


def sent_by(surroundings):
    """The records that the load sends up to the end, drawn anew."""
    (address, load), seeds = next(iter(surroundings["network"].items())), Seeds(surroundings["seed"])
    arrivals = load.arrivals(seeds.generator(f"source {address}"))
    return [record for _, record in takewhile(lambda arrival: arrival[0] <= UNTIL * 1000, arrivals)]


def word_counts(lines):
    return Counter(word for line in lines for word in line.split(" "))


def complaints(number):
    """What is wrong with one schedule; empty when nothing is."""
    surroundings, counts = schedule(number), {}
    run = Simulation(counting(counts), **surroundings).run(until=UNTIL)
    yield from check_trace(run.trace)
    sent, rows = sent_by(surroundings), run.delivery.records
    if [row.record for row in rows] != list(range(len(sent))):
        yield f"{len(sent)} records were sent, the account has {len(rows)}"
    for row in rows:
        if row.outcome == "lost" and not row.reason:
            yield f"record {row.record} is lost without a reason"
    in_no_block = [row.record for row in rows if row.outcome == "pending" and not row.block_id]
    in_a_block = [row.record for row in rows if row.block_id]
    if in_no_block and in_a_block and in_no_block[0] < in_a_block[-1]:
        yield f"record {in_no_block[0]} disappeared: record {in_a_block[-1]} of the same connection is in a block"
    once = [sent[row.record] for row in rows if row.outcome == "once"]
    results = sum((Counter(batch) for batch in counts.values()), Counter())
    if results != word_counts(once):
        yield f"the program counted {sum(results.values())} words, the records called processed have {len(once)} lines"
    if run.delivery.count("n times"):
        yield "a record was processed twice although no batch ran twice"


@pytest.mark.parametrize("first", range(0, FEW, PART))
def test_every_invariant_holds_under_random_crashes(first):
    wrong = {number: found for number in range(first, first + PART) if (found := list(complaints(number)))}
    assert wrong == {}


@pytest.mark.recovery
@pytest.mark.parametrize("first", range(FEW, SCHEDULES, PART))
def test_every_invariant_holds_under_many_more_of_them(first):
    wrong = {number: found for number in range(first, first + PART) if (found := list(complaints(number)))}
    assert wrong == {}
