"""Stories of crashes drawn from seeds: every record that a producer was given is accounted for, and runs repeat."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Steps, Topic
from sparksim.trace.checks import check_trace
from sparksim.trace.events import (
    LeaderElected,
    ProduceEnded,
    ProduceLost,
    ProducerStarted,
    RecordsAppended,
    RecordsDeleted,
    RecordsProduced,
    RecordsSent,
    RecordsTruncated,
)
from tests.sim.kafka.stage import ADDRESS, Stage

SEEDS = range(80)
UNTIL_S = 60.0


def story(seed: int, look_every: float = UNTIL_S) -> Stage:
    """Three brokers, one topic, two producers for ten seconds; crashes, outages and retention; then time to recover.

    Somebody looks every so many seconds.
    """
    rng = random.Random(f"story {seed}")
    replicas = rng.choice([1, 2, 3])
    topic = Topic(
        "orders",
        partitions=rng.choice([1, 3]),
        replicas=replicas,
        min_insync=rng.randint(1, replicas),
        retention=rng.choice([None, None, 5.0]),
    )
    cluster = KafkaCluster(
        [topic],
        [_producer(rng, name) for name in ("shop", "web")],
        request_ms=rng.choice([0, 2, 40]),
        replicate_ms=rng.choice([0, 2, 200]),
        detect=rng.choice([0.1, 1.0, 3.0]),
        unclean=rng.random() < 0.3,
    )
    stage = Stage(cluster, seed)
    for _ in range(rng.randint(1, 5)):
        broker = rng.choice([0, 1, 2, "leader of orders/0"])
        stage.crash(broker, at=round(rng.uniform(0, 12), 3), restart_after=rng.choice([0.05, 1.0, 4.0]))
    if rng.random() < 0.4:
        begin_s = round(rng.uniform(0, 9), 3)
        stage.until(begin_s)
        stage.clock.call(stage.network.take_down, ADDRESS, begin_s * 1000 + rng.choice([5, 500, 3000]))
    while stage.clock.now_ms < UNTIL_S * 1000:
        stage.until(min(stage.clock.now_ms / 1000 + look_every, UNTIL_S))
    return stage


def _producer(rng: random.Random, name: str) -> Producer:
    idempotent = rng.random() < 0.4
    return Producer(
        "orders",
        Steps([(10, rng.choice([5, 20]))]),
        acks="all" if idempotent else rng.choice([0, 1, "all"]),
        idempotent=idempotent,
        linger=rng.choice([0, 0.2]),
        max_in_flight=rng.choice([1, 5]),
        retries=rng.choice([None, None, 0, 3]),
        request_timeout=rng.choice([0.5, 30]),
        delivery_timeout=rng.choice([1.0, 30.0]),
        name=name,
    )


class Account:
    """Who is where: the numbers of each producer by offset of each log, from the events alone."""

    def __init__(self, stage: Stage) -> None:
        self.produced: dict[str, int] = Counter()
        self.ended: Counter[tuple[str, int]] = Counter()
        self.failed: set[tuple[str, int]] = set()
        self.lost: set[tuple[str, int]] = set()
        self.logs: dict[str, dict[int, tuple[str, int]]] = {}
        self.gone: set[tuple[str, int]] = set()
        self.seen: dict[str, int] = Counter()
        for event in stage.trace:
            self._follow(event)

    def _follow(self, event: object) -> None:
        if isinstance(event, RecordsProduced):
            assert event.first == self.produced[event.producer]
            self.produced[event.producer] += event.count
        elif isinstance(event, RecordsAppended):
            log = self.logs.setdefault(event.log, {})
            for place, number in enumerate(event.numbers):
                assert event.first_offset + place not in log
                log[event.first_offset + place] = event.producer, number
        elif isinstance(event, RecordsTruncated | RecordsDeleted):
            origins = [event.origin] if isinstance(event, RecordsTruncated) else event.origins
            for log_name, first, last in origins:
                for offset in range(first, last + 1):
                    self.gone.add(self.logs[log_name].pop(offset))
                if isinstance(event, RecordsTruncated):
                    self.seen[log_name] = min(self.seen[log_name], first)
        elif isinstance(event, RecordsSent):
            assert event.first == self.seen[event.source]
            self.seen[event.source] = event.first + event.count
        elif isinstance(event, ProduceEnded):
            self.ended.update((event.producer, number) for number in event.numbers)
            if event.error:
                self.failed.update((event.producer, number) for number in event.numbers)
        elif isinstance(event, ProduceLost):
            self.lost.update((event.producer, number) for number in event.numbers)

    @property
    def all(self) -> set[tuple[str, int]]:
        return {(producer, number) for producer, count in self.produced.items() for number in range(count)}

    @property
    def stored(self) -> Counter[tuple[str, int]]:
        return Counter(record for log in self.logs.values() for record in log.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_is_accounted_for_and_readers_find_what_the_events_say(seed):
    stage = story(seed)
    assert check_trace(stage.trace) == []
    account = Account(stage)
    assert account.ended == dict.fromkeys(account.all, 1)  # every record ended, and once
    assert account.all - set(account.stored) - account.gone - account.failed - account.lost == set()
    unclean = any(not event.clean for event in stage.events(LeaderElected))
    for event in stage.events(ProducerStarted):
        records = {record for record in account.all if record[0] == event.producer}
        settings = dict(event.settings)
        if settings["acks"] == "all" and not unclean and not stage.events(RecordsDeleted):
            assert records - account.failed <= set(account.stored)  # what was acknowledged is there
        if settings["enable.idempotence"] == "true" and not unclean and not records & account.failed:
            assert all(account.stored[record] <= 1 for record in records)  # and not twice
    for name, log in account.logs.items():
        partition = TopicPartition("orders", int(name[-1]))
        (begin,) = stage.kafka.earliest_offsets([partition]).values()
        (end,) = stage.kafka.latest_offsets([partition]).values()
        assert end == account.seen[name] == max(log, default=end - 1) + 1  # nothing waits to be seen any more
        reader = stage.kafka.read(partition, begin, {}, 0)
        assert [next(reader).offset for _ in log] == sorted(log)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_trace(seed):
    assert list(story(seed).trace) == list(story(seed).trace)
    assert list(story(seed).trace) != list(story(seed + 5).trace)


@pytest.mark.parametrize("seed", range(5))
def test_events_have_their_times_whoever_looks_and_when(seed):
    assert list(story(seed, look_every=0.7).trace) == list(story(seed).trace)
