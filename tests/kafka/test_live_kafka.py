"""What a cluster answers over the wire: topics, offsets, what groups have stored; and who says what when it cannot."""

from __future__ import annotations

import pickle

import pytest

from sparksim.kafka.client import Kafka
from sparksim.kafka.errors import BrokerNotAvailable, LeaderNotAvailable, UnknownTopicOrPartition
from sparksim.kafka.live import LiveKafka
from sparksim.kafka.records import TopicPartition
from tests.kafka.mock_broker import LIST_OFFSETS, NOT_LEADER, Brokers, mock_brokers, produce

pytestmark = pytest.mark.kafka

QUICK = {"request.timeout.ms": 1_000}
BROKERS = (1, 2, 3)


def both(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, 0), TopicPartition(topic, 1)]


def test_topics(brokers: Brokers, topic: str) -> None:
    partitions = LiveKafka(brokers.servers, {}).topics()[topic]
    assert [each.partition for each in partitions] == both(topic)
    assert all(each.leader in brokers.servers.split(",") and each.replicas == 1 for each in partitions)


def test_the_offsets_that_logs_hold(brokers: Brokers, topic: str) -> None:
    kafka: Kafka = LiveKafka(brokers.servers, {})
    brokers.delete_records(topic, 1, before=4)
    produce(brokers.servers, topic, [(0, "one more")])
    first, second = both(topic)
    assert kafka.earliest_offsets([first, second]) == {first: 0, second: 4}
    assert kafka.latest_offsets([second, first]) == {first: 11, second: 10}
    assert kafka.latest_offsets([]) == {}


@pytest.mark.parametrize("storage", ["kafka", "zookeeper"])
def test_what_a_group_has_stored(brokers: Brokers, topic: str, storage: str) -> None:
    kafka, (first, second) = LiveKafka(brokers.servers, {}), both(topic)
    group = f"group of {topic}"
    assert kafka.committed(group, [first, second], storage) == {}
    kafka.commit(group, {second: 7}, storage)
    kafka.commit(group, {}, storage)
    assert kafka.committed(group, [first, second], storage) == {second: 7}
    assert kafka.committed(f"another {group}", [first, second], storage) == {}


def test_what_is_not_there(brokers: Brokers, topic: str) -> None:
    kafka = LiveKafka(brokers.servers, {})
    with pytest.raises(UnknownTopicOrPartition, match=f"{topic}/2 is not in the cluster: the topic has 2 partitions"):
        kafka.latest_offsets([TopicPartition(topic, 0), TopicPartition(topic, 2)])
    with pytest.raises(UnknownTopicOrPartition, match="nowhere/0 is not in the cluster: it has no topic 'nowhere'"):
        kafka.earliest_offsets([TopicPartition("nowhere", 0)])
    with pytest.raises(UnknownTopicOrPartition, match=r"commit of group 'g': .*Unknown topic or partition"):
        kafka.commit("g", {TopicPartition("nowhere", 0): 1})
    with pytest.raises(UnknownTopicOrPartition, match=r"committed offsets of group 'g': .*Unknown topic or partition"):
        kafka.committed("g", [TopicPartition("nowhere", 0)])
    assert "nowhere" not in kafka.topics()


def test_a_deleted_topic(brokers: Brokers, topic: str) -> None:
    kafka = LiveKafka(brokers.servers, {})
    assert len(kafka.latest_offsets(both(topic))) == 2
    brokers.delete_topic(topic)
    assert topic not in kafka.topics()
    with pytest.raises(UnknownTopicOrPartition, match=f"{topic}/0"):
        kafka.latest_offsets(both(topic))


def test_a_partition_without_a_leader(brokers: Brokers, topic: str) -> None:
    kafka = LiveKafka(brokers.servers, QUICK)
    brokers.set_leader(topic, 1, -1)
    assert kafka.topics()[topic][1].leader == ""
    with pytest.raises(LeaderNotAvailable, match=f"latest offsets of {topic}/0, {topic}/1"):
        kafka.latest_offsets(both(topic))
    brokers.set_leader(topic, 1, 2)
    assert set(LiveKafka(brokers.servers, {}).latest_offsets(both(topic)).values()) == {10}


def test_an_election_is_waited_for(brokers: Brokers, topic: str) -> None:
    kafka = LiveKafka(brokers.servers, {})
    brokers.fail_next(LIST_OFFSETS, NOT_LEADER, NOT_LEADER)
    assert set(kafka.latest_offsets(both(topic)).values()) == {10}


@pytest.mark.parametrize("servers", ["localhost:1", "no-such-host.invalid:9092", "localhost:1,localhost:2"])
def test_nobody_there(servers: str) -> None:
    with pytest.raises(BrokerNotAvailable, match=f"connecting: no broker of {servers} answers .*Is Kafka running"):
        LiveKafka(servers, {})


def test_brokers_that_go_and_come_back() -> None:
    with mock_brokers({"orders": 2}) as brokers:
        kafka, (first, second) = LiveKafka(brokers.servers, QUICK), both("orders")
        kafka.commit("g", {first: 0})
        for each in BROKERS:
            brokers.set_down(each)
        for question in (
            kafka.topics,
            lambda: kafka.latest_offsets([first, second]),
            lambda: kafka.committed("g", [first]),
            lambda: kafka.commit("g", {first: 1}),
        ):
            with pytest.raises(BrokerNotAvailable, match=f"no broker of {brokers.servers} answers"):
                question()
        for each in BROKERS:
            brokers.set_up(each)
        patient = LiveKafka(brokers.servers, {})
        assert patient.latest_offsets([first, second]) == {first: 0, second: 0}


def test_a_copy_connects_by_itself(brokers: Brokers, topic: str) -> None:
    copy = pickle.loads(pickle.dumps(LiveKafka(brokers.servers, QUICK)))
    assert topic in copy.topics()
