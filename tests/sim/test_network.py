"""The simulated network: every record that a server sends is read, or lost with a reason, or still under way."""

from sparksim.sim import Constant, ExecutorCrash, Replay, Simulation
from sparksim.trace.events import RecordsLost, RecordsSent, SourceConnected, SourceDisconnected
from tests.sim.programs import pass_through


def simulate(load, until=4, program=pass_through, **surroundings):
    return Simulation(program, network={"localhost:9999": load}, **surroundings).run(until=until)


def test_what_is_sent_before_a_receiver_is_connected_is_lost():
    run = simulate(Constant(rate=10, record="x"))
    (connected,) = run.trace.of(SourceConnected)
    (lost,) = run.trace.of(RecordsLost)
    assert lost.reason == "sent while no receiver was connected to localhost:9999"
    assert lost.origins == (("localhost:9999", 0, lost.count - 1),)
    assert lost.count == sum(number * 100 <= connected.time_ms for number in range(40))


def test_the_server_counts_what_it_sent_up_to_the_end():
    run = simulate(Constant(rate=10, record="x"))
    assert sum(event.count for event in run.trace.of(RecordsSent)) == 41  # at 0, 0.1, … 4.0 s


def test_a_server_that_has_said_everything_keeps_the_connection():
    run = simulate(Replay([(1, "a"), (1.1, "b")]))
    assert run.delivery.count("once") == 2
    assert not run.trace.of(SourceDisconnected)


def test_a_slow_receiver_leaves_records_in_the_socket_and_a_crash_loses_them():
    run = simulate(
        Constant(rate=100, record="x"),
        conf={"spark.streaming.receiver.maxRate": 10},
        faults=[ExecutorCrash("receiver", at=3.0)],
        until=6,
    )
    reasons = {event.reason for event in run.trace.of(RecordsLost)}
    assert "sent but not yet read when the connection to localhost:9999 broke" in reasons
    assert run.delivery.sent == 601


def test_two_receivers_of_one_server_share_its_records():
    def two(ssc):
        streams = [ssc.socketTextStream("localhost", 9999) for _ in range(2)]
        ssc.union(*streams).foreachRDD(lambda rdd: rdd.count())

    run = simulate(Constant(rate=50, record="x"), program=two)
    received = {row.stream_id for row in run.delivery.records if row.block_id}
    assert received == {0, 1}
    assert run.delivery.count("n times") == 0


def test_nobody_listens_at_an_unknown_address():
    run = Simulation(pass_through, network={"localhost:1234": Constant(1)}).run(until=4)
    (warning, *_) = [event.message for event in run.trace if type(event).__name__ == "Warned"]
    assert "nobody listens on localhost:9999 in the simulated network" in warning
