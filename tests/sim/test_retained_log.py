"""A log that keeps its records in partitions: it can be read again and again, except while it is down."""

import pytest

from sparksim.cluster.network import LogNetwork
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.sim import SourceOutage
from sparksim.sim.loads import Acknowledged, Constant, Replay, Retained
from sparksim.sim.network import SimulatedNetwork
from sparksim.sim.simulation import Simulation
from sparksim.trace.events import RecordsLost, RecordsSent, SourceConnected, SourceDisconnected
from sparksim.trace.trace import Trace
from tests.sim.programs import pass_through

LETTERS = Replay([(second, letter) for second, letter in enumerate("abcdefg", start=1)])


class Stage:
    """A network with a log of three partitions that gets a letter per second, a queue and a plain server."""

    def __init__(self):
        self.clock, self.trace = VirtualClock(), Trace()
        loads = {"log:1": Retained(LETTERS, 3), "mq:1": Acknowledged(LETTERS), "plain:1": LETTERS}
        self.network = SimulatedNetwork(self.clock, Seeds(0), self.trace.append, loads)
        self.log = self.network.log("log:1")


@pytest.fixture
def stage():
    return Stage()


def test_record_k_goes_to_partition_k_modulo_their_number(stage):
    stage.clock.run_until(7000)
    assert stage.log.latest_offsets() == {0: 3, 1: 2, 2: 2}
    assert [list(stage.log.read(partition, 0, 2)) for partition in range(3)] == [["a", "d"], ["b", "e"], ["c", "f"]]


def test_the_latest_offsets_are_those_of_the_moment(stage):
    assert stage.log.latest_offsets() == {0: 0, 1: 0, 2: 0}
    stage.clock.run_until(2000)
    assert stage.log.latest_offsets() == {0: 1, 1: 1, 2: 0}


def test_reading_takes_nothing_away(stage):
    stage.clock.run_until(7000)
    stage.log.latest_offsets()
    assert list(stage.log.read(0, 1, 3)) == list(stage.log.read(0, 1, 3)) == ["d", "g"]
    assert list(stage.log.read(0, 2, 2)) == []


def test_each_partition_is_a_source_of_its_own(stage):
    stage.clock.run_until(7000)
    stage.network.finish()
    sent = {event.source: (event.first, event.count) for event in stage.trace.of(RecordsSent) if "log" in event.source}
    assert sent == {"log:1/0": (0, 3), "log:1/1": (0, 2), "log:1/2": (0, 2)}


@pytest.mark.parametrize(("partition", "begin", "end"), [(0, 0, 4), (0, -1, 1), (0, 2, 1), (3, 0, 1), (-1, 0, 1)])
def test_offsets_that_the_log_does_not_hold_are_an_error(stage, partition, begin, end):
    stage.clock.run_until(7000)
    stage.log.latest_offsets()
    with pytest.raises(SparkException, match=rf"offsets {begin} to {end} of log:1/{partition} are out of range"):
        stage.log.read(partition, begin, end)


def test_while_the_log_is_down_it_grows_and_nobody_can_read(stage):
    stage.clock.run_until(2000)
    stage.log.latest_offsets()
    half_read = stage.log.read(0, 0, 1)
    stage.clock.call(stage.network.server("log:1").go_down)
    stage.clock.run_until(7000)
    for read in (stage.log.latest_offsets, lambda: next(stage.log.read(0, 0, 1)), lambda: next(half_read)):
        with pytest.raises(ConnectionRefusedError, match="nobody answers on log:1: the source is down"):
            read()
    stage.clock.call(stage.network.server("log:1").come_back)
    assert stage.log.latest_offsets() == {0: 3, 1: 2, 2: 2}


def test_a_receiver_cannot_connect_to_a_log(stage):
    with pytest.raises(ConnectionRefusedError, match=r"log:1 keeps a log, which is read without a receiver"):
        stage.network.connect("log", 1, 0)


@pytest.mark.parametrize("address", ["mq:1", "plain:1"])
def test_other_servers_keep_no_log(stage, address):
    assert isinstance(stage.network, LogNetwork)
    with pytest.raises(IllegalArgumentError, match=f"address='{address}': this source keeps no log"):
        stage.network.log(address)


def test_an_unknown_address_is_an_error_that_names_the_known_ones(stage):
    with pytest.raises(IllegalArgumentError, match=r"address='log:2'.*no server there, but 'log:1', 'mq:1', 'plain:1'"):
        stage.network.server("log:2")


@pytest.mark.parametrize("partitions", [0, -1, 1.5, "3", True, None])
def test_a_log_has_a_whole_number_of_partitions(partitions):
    with pytest.raises(IllegalArgumentError, match=r"Retained\(partitions="):
        Retained(Constant(10), partitions)


def test_what_a_plain_server_would_have_sent_while_it_was_down_is_lost():
    run = Simulation(
        pass_through,
        network={"localhost:9999": Constant(rate=10, record="x")},
        faults=[SourceOutage("localhost:9999", at=3.05, duration=1.5)],
    ).run(until=9)
    (down,) = [event for event in run.trace.of(RecordsLost) if event.reason == "the source was down"]
    assert down.origins == (("localhost:9999", 31, 45),)  # due at 3.1, 3.2, … 4.5 s
    (hung_up,) = run.trace.of(SourceDisconnected)
    assert hung_up.time_ms == 3050
    _, again = run.trace.of(SourceConnected)
    assert again.time_ms == 5050  # the receiver tries again after 2 s
    (unheard,) = [event for event in run.trace.of(RecordsLost) if event.origins[0][1] == 46]
    assert unheard.reason == "sent while no receiver was connected to localhost:9999"


def test_a_receiver_hears_at_once_that_a_silent_server_hung_up():
    run = Simulation(
        pass_through,
        network={"localhost:9999": Replay([(1, "a"), (50, "b")])},
        faults=[SourceOutage("localhost:9999", at=3, duration=0.5)],
    ).run(until=52)
    assert [event.time_ms for event in run.trace.of(SourceConnected)][1] == 5000
    assert run.delivery.count("once") == 2
