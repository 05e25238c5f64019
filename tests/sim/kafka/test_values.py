"""What a cluster cannot consist of: each message names the argument, its value and a remedy."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import (
    Acknowledged,
    AddPartitions,
    BrokerCrash,
    Constant,
    Counted,
    CreateTopic,
    DeleteRecords,
    DeleteTopic,
    KafkaCluster,
    Poisson,
    Producer,
    Retained,
    Simulation,
    Topic,
)

LOAD = Poisson(50)
PRODUCER = {"topic": "orders", "load": LOAD}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Topic("or/ders"), r"Topic\(name='or/ders'\): a topic's name consists of letters, digits"),
        (lambda: Topic(""), r"Topic\(name=''\)"),
        (lambda: Topic(".."), r"Topic\(name='..'\)"),
        (lambda: Topic(7), r"Topic\(name=7\)"),
        (lambda: Topic("a", partitions=0), r"Topic\(partitions=0\): give a whole number, 1 or more"),
        (lambda: Topic("a", replicas=1.5), r"Topic\(replicas=1.5\)"),
        (lambda: Topic("a", min_insync=True), r"Topic\(min_insync=True\)"),
        (lambda: Topic("a", min_insync=2), r"Topic\(min_insync=2\): there are only 1 replicas, so nothing with acks="),
        (lambda: Topic("a", retention=0), r"Topic\(retention=0\): give a positive number of seconds, or None for ever"),
        (lambda: Topic("a", retention_records=0), r"Topic\(retention_records=0\): give 1 or more, or None for all"),
        (lambda: Topic("a", retention_bytes=-1), r"Topic\(retention_bytes=-1\)"),
        (lambda: Topic("a", max_message_bytes="1k"), r"Topic\(max_message_bytes='1k'\)"),
        (lambda: Producer("", LOAD), r"Producer\(topic=''\)"),
        (lambda: Producer("a", 50), r"Producer\(load=50\): give a load with real records, such as Poisson\(50\)"),
        (lambda: Producer("a", Counted(50)), r"Producer\(load=Counted"),
        (lambda: Producer("a", Retained(Constant(1))), r"Producer\(load=Retained"),
        (lambda: Producer("a", Acknowledged(Constant(1))), r"Producer\(load=Acknowledged"),
        (lambda: Producer(**PRODUCER, acks=2), r"Producer\(acks=2\): give 0, 1 or 'all'"),
        (lambda: Producer(**PRODUCER, acks="-1"), r"Producer\(acks='-1'\)"),
        (lambda: Producer(**PRODUCER, acks=True), r"Producer\(acks=True\)"),
        (lambda: Producer(**PRODUCER, idempotent=True), r"idempotent=True\): an idempotent producer needs acks='all'"),
        (
            lambda: Producer(**PRODUCER, acks="all", idempotent=True, max_in_flight=6),
            r"Producer\(max_in_flight=6\): an idempotent producer has 5 at most",
        ),
        (lambda: Producer(**PRODUCER, key="id"), r"Producer\(key='id'\): give a function of a record"),
        (
            lambda: Producer(**PRODUCER, partitioner="random"),
            r"partitioner='random'\): use one of 'sticky', 'round-robin'",
        ),
        (lambda: Producer(**PRODUCER, linger=-1), r"Producer\(linger=-1\): give a number of seconds, 0 or more"),
        (lambda: Producer(**PRODUCER, retry_backoff="1"), r"Producer\(retry_backoff='1'\)"),
        (lambda: Producer(**PRODUCER, request_timeout=0), r"Producer\(request_timeout=0\): give a positive number"),
        (lambda: Producer(**PRODUCER, delivery_timeout=0), r"Producer\(delivery_timeout=0\)"),
        (lambda: Producer(**PRODUCER, batch_records=0), r"Producer\(batch_records=0\): give 1 or more, or None"),
        (lambda: Producer(**PRODUCER, batch_bytes=0), r"Producer\(batch_bytes=0\)"),
        (lambda: Producer(**PRODUCER, max_in_flight=0), r"Producer\(max_in_flight=0\)"),
        (
            lambda: Producer(**PRODUCER, retries=-1),
            r"Producer\(retries=-1\): give 0 or more, or None for as many as fit",
        ),
        (lambda: Producer(**PRODUCER, max_request_bytes=0), r"Producer\(max_request_bytes=0\)"),
        (lambda: Producer(**PRODUCER, name=7), r"Producer\(name=7\): give a text"),
        (lambda: KafkaCluster(topics="orders"), r"KafkaCluster\(topics='orders'\): give a list of Topic"),
        (lambda: KafkaCluster([Topic("a"), "b"]), r"KafkaCluster\(topics=\[.*'b'\]\)"),
        (lambda: KafkaCluster(producers=[LOAD]), r"give a list of Producer\(...\)"),
        (lambda: KafkaCluster(brokers=0), r"KafkaCluster\(brokers=0\): give how many brokers there are, or their addr"),
        (lambda: KafkaCluster(brokers=[]), r"KafkaCluster\(brokers=\[\]\)"),
        (lambda: KafkaCluster(brokers=["host"]), r"KafkaCluster\(brokers=\['host'\]\)"),
        (lambda: KafkaCluster(brokers="host:9092"), r"KafkaCluster\(brokers='host:9092'\)"),
        (
            lambda: KafkaCluster(zookeeper="localhost"),
            r"zookeeper='localhost'\): give an address, such as 'localhost:2181'",
        ),
        (
            lambda: KafkaCluster(changes=[BrokerCrash(0, at=1)]),
            r"give a list, such as \[DeleteTopic\('orders', at=30\)\]",
        ),
        (lambda: KafkaCluster(request_ms=-1), r"KafkaCluster\(request_ms=-1\): give a number, 0 or more"),
        (lambda: KafkaCluster(replicate_ms=None), r"KafkaCluster\(replicate_ms=None\)"),
        (lambda: KafkaCluster(detect="6"), r"KafkaCluster\(detect='6'\)"),
        (lambda: KafkaCluster(rebalance_delay=-1), r"KafkaCluster\(rebalance_delay=-1\)"),
        (lambda: KafkaCluster(cleanup=0), r"KafkaCluster\(cleanup=0\): give a positive number of seconds"),
        (lambda: KafkaCluster([Topic("a", replicas=4)]), r"Topic\('a', replicas=4\): the cluster has 3 brokers"),
        (
            lambda: KafkaCluster(changes=[CreateTopic(Topic("a", replicas=2), at=1)], brokers=["host:1"]),
            r"Topic\('a', replicas=2\): the cluster has 1 brokers, and each can hold one copy; give 1 or less",
        ),
        (lambda: KafkaCluster([Topic("a"), Topic("a")]), r"KafkaCluster\(topics=...\): 'a' is there twice"),
        (lambda: KafkaCluster(producers=[Producer("a", LOAD, name="p")] * 2), r"KafkaCluster\(producers=...\): 'p' is"),
        (lambda: CreateTopic("orders", at=1), r"CreateTopic\(topic='orders'\): give a topic, such as Topic\('orders'"),
        (lambda: CreateTopic(Topic("a"), at=-1), r"CreateTopic\(at=-1\): give the moment in seconds from the start"),
        (lambda: DeleteTopic("", at=1), r"DeleteTopic\(topic=''\)"),
        (
            lambda: AddPartitions("a", 0, at=1),
            r"AddPartitions\(partitions=0\): give how many the topic has from then on",
        ),
        (lambda: DeleteRecords("a", -1, at=1), r"DeleteRecords\(partition=-1\): partitions are counted from 0"),
        (
            lambda: DeleteRecords("a", 0, at=1, before=-1),
            r"DeleteRecords\(before=-1\): give the first offset that stays",
        ),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(IllegalArgumentError, match=message):
        make()


def test_the_knob_rate_turns_producers():
    cluster = KafkaCluster([Topic("orders")], [Producer("orders", Constant(10)), Producer("orders", Poisson(20))])
    simulation = Simulation(lambda ssc: None, network={"localhost:9092": cluster}).with_(rate=5)
    turned = simulation._arguments["network"]["localhost:9092"]
    assert [producer.load for producer in turned.producers] == [Constant(5), Poisson(5)]
    with pytest.raises(IllegalArgumentError, match="no load of this simulation has a rate"):
        Simulation(lambda ssc: None, network={"localhost:9092": KafkaCluster()}).with_(rate=5)
