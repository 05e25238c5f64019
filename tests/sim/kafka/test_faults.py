"""Brokers that crash and clusters that are away while a program runs; and a cluster that outlives its drivers."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import (
    AtBatch,
    AtRecord,
    BrokerCrash,
    Constant,
    CreateTopic,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Replay,
    Retained,
    Simulation,
    SourceOutage,
    Topic,
    When,
)
from sparksim.trace.checks import check_trace
from sparksim.trace.events import (
    BatchSubmitted,
    BrokerStarted,
    BrokerStopped,
    ExecutorRemoved,
    FaultInjected,
    GroupRebalanced,
    JobGenerationFailed,
    LeaderElected,
    OffsetsCommitted,
    RecordsSent,
)
from tests.sim.kafka.programs import direct, received
from tests.sim.kafka.stage import ADDRESS, letters, orders

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def run(cluster, faults=(), until=12.0, program=direct, **settings):
    done = Simulation(program, network={ADDRESS: cluster}, faults=faults, **settings).run(until=until)
    assert check_trace(done.trace) == []
    return done


def printed(done):
    """What the batches printed, one after the other."""
    return "".join(str(done.output).split())


def shown(done):
    return "".join(event.text.strip() for event in done.trace if type(event).__name__ == "OutputPrinted")


def safe(text, **settings):
    """Each letter is in three places before its producer goes on."""
    return orders(text, every=0.5, topic={"replicas": 3}, acks="all", idempotent=True, **settings)


@pytest.mark.parametrize("program", [direct, received])
def test_a_program_reads_all_there_is(program):
    done = run(safe(ALPHABET[:10]), program=program, until=8)
    assert shown(done) == ALPHABET[:10]


def test_a_dead_leader_delays_and_loses_nothing():
    done = run(safe(ALPHABET, detect=1), [BrokerCrash("leader of orders/0", at=3.2, restart_after=4)], until=18)
    assert shown(done) == ALPHABET
    (stopped,), (started,) = done.trace.of(BrokerStopped), done.trace.of(BrokerStarted)
    assert (stopped.time_ms, stopped.broker, stopped.reason) == (3200, 0, "BrokerCrash('leader of orders/0')")
    assert (started.time_ms, started.host) == (7200, "localhost:9092")
    assert [(event.time_ms, event.broker) for event in done.trace.of(LeaderElected)] == [(0, 0), (4200, 1)]
    assert [(event.fault, event.target) for event in done.trace.of(FaultInjected)] == [
        ("BrokerCrash('leader of orders/0')", "broker 0")
    ]


@pytest.mark.parametrize(
    "fault", [BrokerCrash(0, at=3.2, restart_after=2.5), SourceOutage(ADDRESS, at=3.2, duration=2.5)]
)
def test_batches_are_late_while_nobody_leads(fault):
    done = run(orders(ALPHABET[:14], every=0.5, acks="all", idempotent=True, detect=1), [fault], until=16)
    late = [event for event in done.trace.of(BatchSubmitted) if event.time_ms - event.batch_time_ms > 500]
    assert [event.batch_time_ms for event in late] == [4000, 5000]
    assert done.trace.of(JobGenerationFailed) == []
    assert shown(done) == ALPHABET[:14]


@pytest.mark.parametrize(
    ("at", "stopped_ms"),
    [
        (AtBatch(3, "completed"), None),
        (AtRecord("orders/0", 3), 2503.0),
        (AtRecord("orders/0", 3, delay=0.5), 3003.0),
        (When(lambda event: isinstance(event, GroupRebalanced), delay=2), None),
    ],
)
def test_a_broker_crashes_at_a_moment(at, stopped_ms):
    done = run(safe(ALPHABET[:12], detect=1), [BrokerCrash(0, at=at, restart_after=2)], until=14)
    (stopped,) = done.trace.of(BrokerStopped)
    if stopped_ms is not None:
        assert stopped.time_ms == stopped_ms
    if isinstance(at, AtBatch):
        assert 3000 < stopped.time_ms < 4000
    if isinstance(at, When):
        assert stopped.time_ms == done.trace.of(GroupRebalanced)[0].time_ms + 2000
    assert done.trace.of(LeaderElected)[1].time_ms == stopped.time_ms + 1000
    assert shown(done) == ALPHABET[:12]


def test_a_cluster_outlives_its_drivers_and_tells_what_happened_meanwhile():
    faults = [DriverCrash(at=3.2, restart_after=6), BrokerCrash(0, at=5, restart_after=2)]
    done = run(safe(ALPHABET, detect=1), faults, until=24, checkpoint="sim://checkpoint")
    assert [event.time_ms for event in done.trace.of(BrokerStopped, LeaderElected, BrokerStarted)] == [
        0,
        5000,
        6000,
        7000,
    ]
    assert [event.time_ms for event in done.trace.of(RecordsSent)][5:8] == [3503, 4003, 4503]
    assert sorted(set(shown(done))) == list(ALPHABET)


def test_a_cluster_goes_on_when_the_driver_is_gone_for_good():
    done = run(safe(ALPHABET[:8], detect=1), [DriverCrash(at=2.2), BrokerCrash(0, at=3)], until=9)
    assert [event.time_ms for event in done.trace.of(LeaderElected)] == [0, 4000]
    assert sum(event.count for event in done.trace.of(RecordsSent)) == 8


def test_a_broker_crash_strikes_once_though_drivers_come_and_go():
    faults = [
        BrokerCrash(0, at=6, restart_after=1),
        DriverCrash(at=2.2, restart_after=1),
        DriverCrash(at=4.2, restart_after=1),
    ]
    done = run(safe(ALPHABET[:8], detect=1), faults, until=12)
    assert [event.time_ms for event in done.trace.of(BrokerStopped)] == [6000]


def test_members_of_a_dead_driver_are_missed():
    done = run(safe(ALPHABET), [DriverCrash(at=3.2, restart_after=2)], until=60, program=received)
    reasons = [event.reason for event in done.trace.of(GroupRebalanced)]
    assert [reason.partition(" ")[2] for reason in reasons] == ["joined", "joined", "was not heard of for 6 s"]


def test_the_receiver_of_a_dead_executor_is_missed():
    done = run(safe(ALPHABET), [ExecutorCrash("receiver", at=3.2)], until=20, program=received)
    (died,) = done.trace.of(ExecutorRemoved)
    (missed,) = [event for event in done.trace.of(GroupRebalanced) if "not heard of" in event.reason]
    assert 4000 < missed.time_ms - 3200 <= 6000  # it had sent a heartbeat in the last 2 s
    assert died.time_ms < missed.time_ms


def test_an_outage_of_the_cluster_keeps_everybody_out_and_loses_nothing():
    done = run(safe(ALPHABET[:12]), [SourceOutage(ADDRESS, at=3.2, duration=3)], until=20)
    assert [(event.fault, event.target) for event in done.trace.of(FaultInjected)] == [
        (f"SourceOutage({ADDRESS!r})", ADDRESS)
    ]
    appeared = [event.time_ms for event in done.trace.of(RecordsSent) for _ in range(event.count)]
    assert [time_ms for time_ms in appeared if 3210 < time_ms < 6200] == []
    assert len(appeared) == 12
    assert done.trace.of(BrokerStopped) == []
    assert shown(done) == ALPHABET[:12]


def test_offsets_that_a_receiver_commits_are_in_zookeeper():
    done = run(safe(ALPHABET[:8]), until=8, program=received)
    commits = done.trace.of(OffsetsCommitted)
    assert {event.storage for event in commits} == {"zookeeper"}
    assert max(offset for event in commits for _, offset in event.offsets) == 8


def network_of(*, kafka=1, log=False):
    clusters = {f"kafka-{number}:9092": orders("ab") for number in range(kafka)}
    return clusters | ({"log:1": Retained(Constant(10))} if log else {})


@pytest.mark.parametrize(
    ("network", "fault", "message"),
    [
        (
            network_of(),
            BrokerCrash(3, at=1),
            r"broker=3: give a broker's number, 0 to 2, or 'leader of TOPIC/PARTITION'",
        ),
        (network_of(), BrokerCrash("leader of gone/0", at=1), r"broker='leader of gone/0'.*the topics are 'orders'"),
        (network_of(), BrokerCrash("leader of orders", at=1), r"broker='leader of orders'"),
        (
            network_of(),
            BrokerCrash(0, at=AtBatch(1), cluster="kafka-9:1"),
            r"address='kafka-9:1': the simulated network",
        ),
        (
            network_of(kafka=2),
            BrokerCrash(0, at=1),
            r"cluster=None, .* these Kafka clusters: 'kafka-0:9092', 'kafka-1:90",
        ),
        (network_of(kafka=0), BrokerCrash(0, at=1), r"these Kafka clusters: none at all"),
        (network_of(log=True), BrokerCrash(0, at=1, cluster="log:1"), r"BrokerCrash\(0\): cluster='log:1'"),
        (
            network_of(),
            BrokerCrash(0, at=AtRecord("kafka-0:9092", 1)),
            r"a Kafka cluster numbers the records of each p",
        ),
    ],
)
def test_a_broker_that_cannot_be_struck(network, fault, message):
    with pytest.raises(IllegalArgumentError, match=message):
        Simulation(lambda ssc: ssc.queueStream([]).pprint(), network=network, faults=[fault]).run(until=3)


def test_one_of_two_clusters():
    network = network_of(kafka=2)
    fault = BrokerCrash(1, at=1, cluster="kafka-1:9092")
    done = Simulation(lambda ssc: ssc.queueStream([]).pprint(), network=network, faults=[fault]).run(until=3)
    assert [event.host for event in done.trace.of(BrokerStopped)] == ["kafka-1:9093"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 1), r"BrokerCrash\(broker=-1\): give a broker's number, from 0, or 'leader of TOPIC/PARTITION'"),
        (("orders/0", 1), r"BrokerCrash\(broker='orders/0'\)"),
        ((True, 1), r"BrokerCrash\(broker=True\)"),
        ((0, -1), r"BrokerCrash\(at=-1\): give the moment in seconds"),
        ((0, 1, -1), r"BrokerCrash\(restart_after=-1\): give the seconds until the broker starts again"),
    ],
)
def test_a_crash_that_makes_no_sense(arguments, message):
    with pytest.raises(IllegalArgumentError, match=message):
        BrokerCrash(*arguments)


def test_when_a_record_of_a_partition_will_be_there():
    load = Replay([(second, ("21", "x")) for second in range(1, 6)])  # all to partition 0
    cluster = KafkaCluster(
        [Topic("orders", partitions=4)],
        [Producer("orders", load), Producer("late", letters("ab"))],
        changes=[CreateTopic(Topic("late"), at=5.5)],
    )
    crashes = [
        BrokerCrash(0, at=3.5, restart_after=1),
        BrokerCrash(1, at=AtRecord("orders/0", 1)),
        BrokerCrash(2, at=AtRecord("late/0", 1)),
        BrokerCrash(1, at=AtRecord("orders/1", 0)),  # never
    ]
    done = Simulation(lambda ssc: ssc.queueStream([]).pprint(), network={ADDRESS: cluster}, faults=crashes).run(until=9)
    assert [(event.broker, event.time_ms) for event in done.trace.of(BrokerStopped)] == [
        (1, 2001),
        (0, 3500),
        (2, 5501),
    ]
