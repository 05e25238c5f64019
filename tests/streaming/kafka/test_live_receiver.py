"""Receivers of a live program, on the brokers inside librdkafka: over TCP, in real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.live import LiveKafka
from sparksim.kafka.records import TopicPartition
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import KafkaUtils
from tests.kafka.mock_broker import Brokers, mock_brokers, produce

pytestmark = pytest.mark.kafka

LOG = {"spark.streaming.receiver.writeAheadLog.enable": "true"}


@pytest.fixture
def brokers() -> Iterator[Brokers]:
    with mock_brokers({"orders": 3}, brokers=1) as cluster:
        yield cluster


def numbers(begin: int, end: int) -> list[tuple[int, str]]:
    """Records for the three partitions in turn."""
    return [(number % 3, str(number)) for number in range(begin, end)]


def received(
    servers: str,
    until: Callable[[list[int]], bool],
    settings: dict[str, str] | None = None,
    directory: str | None = None,
    threads: int = 1,
) -> list[int]:
    """What a program gets until it has got enough; it then stops, as programs should."""
    conf = SparkConf().setMaster("local[3]").setAppName("test").setAll(list((settings or {}).items()))
    sc = SparkContext(conf=conf)
    got: list[int] = []
    try:
        ssc = StreamingContext(sc, 0.5)
        if directory is not None:
            ssc.checkpoint(directory)
        params = {"bootstrap.servers": servers, "auto.offset.reset": "smallest"}
        stream = KafkaUtils.createStream(ssc, "unused:2181", "shop", {"orders": threads}, params)
        stream.foreachRDD(lambda rdd: got.extend(rdd.map(lambda pair: int(pair[1])).collect()))
        ssc.start()
        deadline = time.monotonic() + 60
        while not until(got) and time.monotonic() < deadline:
            ssc.awaitTerminationOrTimeout(0.2)
        ssc.stop(stopSparkContext=False, stopGraceFully=True)
    finally:
        sc.stop()
    return got


def test_threads_of_a_receiver_share_the_partitions(brokers: Brokers) -> None:
    produce(brokers.servers, "orders", numbers(0, 300))
    assert set(received(brokers.servers, lambda got: len(got) >= 300, threads=3)) == set(range(300))


def test_a_group_goes_on_where_its_receiver_stopped(brokers: Brokers) -> None:
    produce(brokers.servers, "orders", numbers(0, 300))
    assert sorted(received(brokers.servers, lambda got: len(got) >= 300)) == list(range(300))
    produce(brokers.servers, "orders", numbers(300, 600))
    assert sorted(received(brokers.servers, lambda got: len(got) >= 300)) == list(range(300, 600))


def test_a_reliable_receiver_reads_the_last_message_of_each_partition_again(brokers: Brokers, tmp_path) -> None:
    produce(brokers.servers, "orders", numbers(0, 300))
    partitions = [TopicPartition("orders", number) for number in range(3)]
    kafka = LiveKafka(brokers.servers, {})

    def all_committed(_got: list[int]) -> bool:
        """Blocks that are stored while the receiver stops are not committed, and so come again."""
        return kafka.committed("shop", partitions) == dict.fromkeys(partitions, 99)

    first = received(brokers.servers, all_committed, LOG, str(tmp_path / "first"))
    assert sorted(first) == list(range(300))
    produce(brokers.servers, "orders", numbers(300, 600))
    again = received(brokers.servers, lambda got: len(got) >= 303, LOG, str(tmp_path / "again"))
    assert sorted(again) == list(range(297, 600))


def test_without_brokers_a_live_program_hears_what_is_missing() -> None:
    sc = SparkContext(conf=SparkConf().setMaster("local[2]").setAppName("test"))
    try:
        with pytest.raises(IllegalArgumentError, match=r"zkQuorum='zk:2181'.*kafkaParams=\{'bootstrap.servers'"):
            KafkaUtils.createStream(StreamingContext(sc, 1), "zk:2181", "shop", {"orders": 1})
    finally:
        sc.stop()
