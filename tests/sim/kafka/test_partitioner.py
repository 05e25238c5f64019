"""Keys go where Kafka's Java client sends them; records without a key where the producer's partitioner says."""

import random
from itertools import pairwise

import pytest

from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Replay, Topic
from sparksim.sim.kafka.partitioner import RoundRobin, Sticky, keyed, murmur2
from sparksim.trace.events import RecordsAppended
from tests.sim.kafka.stage import Stage, letters


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_the_java_client(key, hashed):
    assert murmur2(key) == hashed


def test_a_negative_hash_gives_a_partition_too():
    assert murmur2(b"21") < 0
    assert keyed(b"21", 4) == (-973932308 & 0x7FFFFFFF) % 4 == 0
    assert {keyed(b"", partitions) for partitions in (1, 2, 3)} <= {0, 1, 2}


def test_round_robin_goes_on_behind_the_last():
    partitioner = RoundRobin()
    assert [partitioner.choose(3) for _ in range(5)] == [0, 1, 2, 0, 1]
    assert [partitioner.choose(5) for _ in range(3)] == [2, 3, 4]


def test_sticky_stays_until_the_batch_ends_and_then_goes_elsewhere():
    partitioner = Sticky(random.Random(0))
    chosen = []
    for _ in range(20):
        chosen.append(partitioner.choose(3))
        assert partitioner.choose(3) == chosen[-1]
        partitioner.batch_ended()
    assert all(here != there for here, there in pairwise(chosen))
    assert sorted(set(chosen)) == [0, 1, 2]
    assert [partitioner.choose(1) for _ in range(3)] == [0, 0, 0]


def test_a_record_with_a_key_goes_to_its_hash_and_others_by_turns():
    load = Replay([(1, ("21", "a")), (2, ("foobar", "b")), (3, "c"), (4, "d"), (5, (b"21", b"e"))])
    producer = Producer("orders", load, partitioner="round-robin")
    stage = Stage(KafkaCluster([Topic("orders", partitions=4)], [producer]))
    stage.until(6)
    logs = [event.log for event in stage.events(RecordsAppended)]
    assert logs == ["orders/0", f"orders/{keyed(b'foobar', 4)}", "orders/0", "orders/1", "orders/0"]
    records = stage.kafka.read(TopicPartition("orders", 0), 0, {}, 0)
    assert [(record.key, record.value) for record in (next(records), next(records), next(records))] == [
        (b"21", b"a"),
        (None, b"c"),
        (b"21", b"e"),
    ]


def test_a_key_function_gives_the_key():
    producer = Producer("orders", letters("abab"), key=lambda letter: {"a": "21", "b": "foobar"}[letter])
    stage = Stage(KafkaCluster([Topic("orders", partitions=4)], [producer]))
    stage.until(6)
    by_key = [event.log for event in stage.events(RecordsAppended)]
    assert by_key == ["orders/0", f"orders/{keyed(b'foobar', 4)}"] * 2


def test_a_sticky_batch_goes_to_one_partition():
    producer = Producer("orders", letters("abcdefgh", every=0.01), linger=0.035)
    stage = Stage(KafkaCluster([Topic("orders", partitions=3)], [producer]))
    stage.until(2)
    first, second = stage.events(RecordsAppended)
    assert (first.numbers, second.numbers) == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert first.log != second.log
