"""Brokers that speak Kafka's wire protocol, for tests: those inside librdkafka, in a process of their own.

`with mock_brokers({"orders": 8}) as brokers:` starts them; `brokers.servers` is their bootstrap address. They keep
records in memory, up to 5 MB per partition; they know groups and transactions, and neither compaction nor timestamps.
Topics that somebody produces to exist from then on, with 4 partitions; `create_topic` makes one with as many as wanted.

They are librdkafka's C interface for its own tests (rdkafka_mock.h), so this is the library's file loaded by hand. Run
as a script, this is the process: it obeys lines of JSON, and ends with its input, so also when the test is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka

NOT_LEADER = 6
"""An error of Kafka's protocol, for `Brokers.fail_next`."""

JOINING_MS = 100
"""How long a new group waits for more members. Kafka's brokers take 3 s."""

LIST_OFFSETS = 2
"""A request of Kafka's protocol, for `Brokers.fail_next`."""


class Brokers:
    """A running cluster of mock brokers, numbered from 1."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.servers: str = self._answer()

    def create_topic(self, topic: str, partitions: int) -> None:
        self._tell("create_topic", topic, partitions)

    def delete_topic(self, topic: str) -> None:
        self._tell("delete_topic", topic)

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """As retention does."""
        self._tell("delete_records", topic, partition, before)

    def set_down(self, broker: int) -> None:
        """It closes its connections and takes no new ones."""
        self._tell("set_down", broker)

    def set_up(self, broker: int) -> None:
        self._tell("set_up", broker)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """-1: nobody."""
        self._tell("set_leader", topic, partition, broker)

    def fail_next(self, request: int, *errors: int) -> None:
        """The next requests of this kind are answered with these errors, one after another."""
        self._tell("fail_next", request, errors)

    def _tell(self, *command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        error = self._answer()
        assert error == 0, f"librdkafka's brokers answered {command} with error {error}"

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def mock_brokers(topics: Mapping[str, int], brokers: int = 3) -> Iterator[Brokers]:
    """A cluster with these topics, by their numbers of partitions."""
    command = [sys.executable, __file__, str(brokers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            cluster = Brokers(process)
            for topic, partitions in topics.items():
                cluster.create_topic(topic, partitions)
            yield cluster
        finally:
            process.kill()


def produce(servers: str, topic: str, records: Iterable[tuple[int, str | bytes]], **more: Any) -> None:
    """Append (partition, value) in this order, 500,000 in a second and more. Returns when all are written.

    `more`: what else each of them has, as `Producer.produce` takes it.
    """
    settings = {
        "bootstrap.servers": servers,
        "linger.ms": 20,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 200_000,
        "log_level": 2,
    }
    producer = confluent_kafka.Producer(settings)
    for partition, value in records:
        while True:
            try:
                producer.produce(topic, value, partition=partition, **more)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    unwritten = producer.flush(60)
    assert unwritten == 0, f"{unwritten} records were not written"


class _Library:
    """The calls of rdkafka_mock.h that the tests need."""

    def __init__(self, brokers: int) -> None:
        self._calls = ctypes.CDLL(_library_file())
        handle = self._call(
            "rd_kafka_new", ctypes.c_void_p, 0, self._call("rd_kafka_conf_new", ctypes.c_void_p), None, 0
        )
        self._cluster = self._call("rd_kafka_mock_cluster_new", ctypes.c_void_p, handle, brokers)
        self.servers: str = self._call("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p, self._cluster).decode()
        self._call("rd_kafka_mock_group_initial_rebalance_delay_ms", None, self._cluster, JOINING_MS)

    def create_topic(self, topic: str, partitions: int) -> int:
        return self._tell("topic_create", topic, partitions, 1)

    def delete_topic(self, topic: str) -> int:
        return self._tell("topic_delete", topic)

    def delete_records(self, topic: str, partition: int, before: int) -> int:
        return self._tell("partition_delete_records", topic, partition, ctypes.c_int64(before))

    def set_down(self, broker: int) -> int:
        return self._tell("broker_set_down", broker)

    def set_up(self, broker: int) -> int:
        return self._tell("broker_set_up", broker)

    def set_leader(self, topic: str, partition: int, broker: int) -> int:
        return self._tell("partition_set_leader", topic, partition, broker)

    def fail_next(self, request: int, errors: list[int]) -> int:
        array = (ctypes.c_int * len(errors))(*errors)
        self._call(
            "rd_kafka_mock_push_request_errors_array",
            None,
            self._cluster,
            ctypes.c_int16(request),
            ctypes.c_size_t(len(errors)),
            array,
        )
        return 0

    def _tell(self, name: str, *arguments: Any) -> int:
        plain = [each.encode() if isinstance(each, str) else each for each in arguments]
        error: int = self._call(f"rd_kafka_mock_{name}", ctypes.c_int, self._cluster, *plain)
        return error

    def _call(self, name: str, gives: Any, *arguments: Any) -> Any:
        call = getattr(self._calls, name)
        call.restype = gives
        return call(*(ctypes.c_void_p(each) if isinstance(each, int) and each > 2**31 else each for each in arguments))


def _library_file() -> str:
    """The librdkafka that confluent-kafka brought along, wherever its wheel keeps it on this system."""
    package = Path(confluent_kafka.__file__).parent
    places = (package.parent / "confluent_kafka.libs", package / ".dylibs", package)
    [file] = [each for place in places for each in place.glob("librdkafka*") if "++" not in each.name]
    return os.fspath(file)


def _serve() -> None:
    library = _Library(int(sys.argv[1]))
    print(json.dumps(library.servers), flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(library, name)(*arguments)), flush=True)


if __name__ == "__main__":
    _serve()
