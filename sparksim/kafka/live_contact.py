"""A client of librdkafka that answers, or says within its patience why not.

librdkafka tries for ever to reach its brokers and tells of trouble only on the side. Questions are asked in short
slices, so that Ctrl-C comes through, and asked again while the trouble may pass.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any, TypeVar

import confluent_kafka

from sparksim.kafka.client import Offsets
from sparksim.kafka.errors import BrokerNotAvailable, KafkaTimeout, LeaderNotAvailable, UnknownTopicOrPartition
from sparksim.kafka.live_errors import LEADERLESS, kind_of, ours
from sparksim.kafka.live_settings import Config, consumer
from sparksim.kafka.records import ConsumerRecord, TopicPartition

T = TypeVar("T")

SLICE_S = 0.2
"""How long a call into librdkafka lasts at a stretch. A question that takes longer gets twice as long the next time."""

AGAIN_S = 0.05
"""How long to wait before the same question, when the trouble was told at once."""

EARLIEST, LATEST = -2, -1
"""What stands for the ends of a log in Kafka's protocol, where one asks for the offset at a timestamp."""

MAY_PASS = (BrokerNotAvailable, KafkaTimeout, LeaderNotAvailable)


class Contact:
    """One client, and what it says of its brokers.

    `troubled`: one was away when it was last heard. `all_down`: so were all; a client that needs only some of them does
    not find out.

    With `listens`, it is heard while a question waits, at the cost of a message that comes just then.
    """

    def __init__(self, config: Config, patience_s: float, *, listens: bool) -> None:
        self.patience_s = patience_s
        self.troubled = self.all_down = False
        self._listens = listens
        self._servers = config["bootstrap.servers"]
        self._trouble = "no answer"
        self.client = consumer(config | {"error_cb": self._hear})

    def ask(self, doing: str, question: Callable[[float], T], *, at_once: bool = False) -> T:
        """The answer to a question that takes how many seconds it may last. `doing` is for the message.

        Raises `BrokerNotAvailable` when nobody answered for `patience_s`, with `at_once` as soon as every broker has
        been found away; `LeaderNotAvailable` when there was none all the time; else what the cluster says.
        """
        deadline, slice_s = time.monotonic() + self.patience_s, SLICE_S
        while True:
            left_s = deadline - time.monotonic()
            try:
                answer = question(max(min(slice_s, left_s), AGAIN_S))
            except confluent_kafka.KafkaException as error:
                said = error.args[0]
                if kind_of(said) not in MAY_PASS:
                    raise ours(said, doing) from error
                if self._listens:
                    self.client.poll(0)
                if left_s <= slice_s or (at_once and self.all_down):
                    raise (ours(said, doing) if kind_of(said) is LeaderNotAvailable else self.nobody(doing)) from error
            else:
                self.well()
                return answer
            time.sleep(AGAIN_S)
            slice_s *= 2

    def nobody(self, doing: str) -> BrokerNotAvailable:
        """The error of a program that has waited for long enough."""
        return BrokerNotAvailable(f"{doing}: no broker of {self._servers} answers ({self._trouble}). Is Kafka running?")

    def well(self) -> None:
        """A broker has answered."""
        self.troubled = self.all_down = False

    def _hear(self, error: confluent_kafka.KafkaError) -> None:
        self.troubled = True
        if error.name() == "_ALL_BROKERS_DOWN":
            self.all_down = True
        else:
            self._trouble = error.str()


class Turns:
    """Who may use a client next: it belongs to one thread at a time, and one that polls on and on would keep it."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._nobody_waits = threading.Event()
        self._nobody_waits.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """For a `with` block that a thread which polls lets through."""
        with self._one:
            self._nobody_waits.clear()
            try:
                yield
            finally:
                self._nobody_waits.set()

    def stand_back(self) -> None:
        """Before a poll. For a slice at most: in the midst of a rebalance, a commit waits for the poll."""
        self._nobody_waits.wait(SLICE_S)


def offsets(contact: Contact, partitions: Collection[TopicPartition], which: int) -> dict[TopicPartition, int]:
    """The `EARLIEST` or `LATEST` offset of each. Raises `UnknownTopicOrPartition` and what `Contact.ask` raises."""
    client = contact.client

    def question(seconds: float) -> dict[TopicPartition, int]:
        try:
            answer = client.offsets_for_times([theirs(each, which) for each in partitions], seconds)
            return {TopicPartition(each.topic, each.partition): each.offset for each in good(answer)}
        except confluent_kafka.KafkaException as error:
            if kind_of(error.args[0]) is not UnknownTopicOrPartition:
                raise
            _must_exist(client, partitions, seconds)
            raise confluent_kafka.KafkaException(LEADERLESS) from error

    doing = f"{'latest' if which == LATEST else 'earliest'} offsets of {', '.join(map(str, partitions))}"
    return contact.ask(doing, question) if partitions else {}


def _must_exist(client: confluent_kafka.Consumer, partitions: Collection[TopicPartition], seconds: float) -> None:
    """librdkafka also calls unknown what it can just not reach. Raises `UnknownTopicOrPartition` if it is so."""
    topics = client.list_topics(timeout=seconds).topics
    for each in partitions:
        if each.topic not in topics:
            raise UnknownTopicOrPartition(f"{each} is not in the cluster: it has no topic {each.topic!r}")
        if each.partition not in topics[each.topic].partitions:
            known = len(topics[each.topic].partitions)
            raise UnknownTopicOrPartition(f"{each} is not in the cluster: the topic has {known} partitions")


def committed(contact: Contact, group: str, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """What the group has stored, of those partitions for which it has."""
    wanted, client = [theirs(each) for each in partitions], contact.client

    def question(seconds: float) -> list[confluent_kafka.TopicPartition]:
        return good(client.committed(wanted, seconds))

    found = contact.ask(f"committed offsets of group {group!r}", question) if partitions else []
    return {TopicPartition(each.topic, each.partition): each.offset for each in found if each.offset >= 0}


def commit(contact: Contact, group: str, offsets: Offsets, *, in_this_thread: bool = False) -> None:
    """Store offsets, and wait for it. librdkafka has no time limit for it, so mostly another thread does.

    Raises `CommitFailed`, `UnknownTopicOrPartition`, and `BrokerNotAvailable` after the contact's patience.
    """
    wanted, client, doing = [theirs(*each) for each in offsets.items()], contact.client, f"commit of group {group!r}"

    def work() -> list[confluent_kafka.TopicPartition]:
        return good(client.commit(offsets=wanted, asynchronous=False))

    if not offsets:
        return
    try:
        if in_this_thread:
            work()
        else:
            within(contact.patience_s, work)
    except confluent_kafka.KafkaException as error:
        raise ours(error.args[0], doing) from error
    except TimeoutError as error:
        contact.troubled = contact.all_down = True
        raise contact.nobody(doing) from error


def good(answer: list[confluent_kafka.TopicPartition]) -> list[confluent_kafka.TopicPartition]:
    """The answer. Raises librdkafka's error of the first partition that has one, with the partition's name."""
    for each in answer:
        if each.error is not None:
            words = f"{each.topic}/{each.partition}: {each.error.str()}"
            raise confluent_kafka.KafkaException(confluent_kafka.KafkaError(each.error.code(), words))
    return answer


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of a call for which librdkafka has no time limit.

    Raises `TimeoutError` when it takes longer; it then goes on behind the scenes.
    """
    over = futures.Future[T]()

    def work() -> None:
        try:
            over.set_result(call())
        except BaseException as error:
            over.set_exception(error)

    threading.Thread(target=work, name="Kafka call", daemon=True).start()
    try:
        return over.result(seconds)
    except futures.TimeoutError as error:
        raise TimeoutError from error


def theirs(partition: TopicPartition, offset: int = confluent_kafka.OFFSET_INVALID) -> confluent_kafka.TopicPartition:
    """Our partition in librdkafka's form."""
    return confluent_kafka.TopicPartition(partition.topic, partition.partition, offset)


def record_of(message: confluent_kafka.Message) -> ConsumerRecord:
    """A consumer's message, which is no error, in our form. Where there is no timestamp it is -1, as in Java."""
    topic: Any = message.topic()
    partition: Any = message.partition()
    offset: Any = message.offset()
    headers: Any = message.headers()
    kind, ms = message.timestamp()
    return ConsumerRecord(
        topic,
        partition,
        offset,
        ms if kind else -1,
        message.key(),
        message.value(),
        tuple(headers) if headers else (),
        kind - 1,  # librdkafka counts the same three from 0
    )
