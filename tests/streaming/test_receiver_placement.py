"""Where receivers run: spread at first, and where there is least to do when one has to move."""

from sparksim.cluster.faults import ExecutorCrash
from sparksim.streaming.receiver_scheduling import (
    ACTIVE,
    INACTIVE,
    SCHEDULED,
    Place,
    ReceiverPlacement,
    reschedule_receiver,
    schedule_receivers,
)
from sparksim.trace.events import (
    BlockGenerated,
    ExecutorRemoved,
    JobStart,
    ReceiverStarted,
    ReceiverStopped,
    RecordsLost,
    StageSubmitted,
    TaskStart,
)
from tests.streaming.fakes import Diary, Scripted, at, every

E1, E2, E3, E4, E5, E6 = (Place(f"host-{number}", str(number)) for number in range(1, 7))
NOBODY = [(number, None) for number in range(6)]


def test_three_receivers_on_six_executors_get_two_candidates_each():
    found = schedule_receivers(NOBODY[:3], [E1, E2, E3, E4, E5, E6])
    assert found == {0: [E1, E4], 1: [E2, E5], 2: [E3, E6]}


def test_six_receivers_on_three_executors_share_them_evenly():
    found = schedule_receivers(NOBODY, [E1, E2, E3])
    assert found == {0: [E1], 1: [E2], 2: [E3], 3: [E1], 4: [E2], 5: [E3]}


def test_a_preferred_host_is_served_first():
    found = schedule_receivers([(0, None), (1, "host-1")], [E1, E2])
    assert found == {0: [E2], 1: [E1]}


def test_a_preferred_host_without_an_executor_is_kept_as_a_wish():
    assert schedule_receivers([(0, "elsewhere")], [E1]) == {0: ["elsewhere", E1]}


def test_without_executors_nobody_has_a_candidate():
    assert schedule_receivers(NOBODY[:1], []) == {0: []}
    assert reschedule_receiver(None, {}, []) == []


def test_a_receiver_moves_to_the_idle_executors_or_to_the_least_burdened():
    """ReceiverSchedulingPolicySuite: weights e1 1.5, e2 0.5, e3 1, e4 0.5, e5 0.5."""
    placements = {
        0: ReceiverPlacement(ACTIVE, (), E1),
        1: ReceiverPlacement(SCHEDULED, (E2, E3)),
        2: ReceiverPlacement(SCHEDULED, (E1, E3)),
        3: ReceiverPlacement(SCHEDULED, (E4, E5)),
        4: ReceiverPlacement(INACTIVE, (), E6),
    }
    assert reschedule_receiver(None, placements, [E1, E2, E3, E4, E5]) == [E2, E4, E5]
    assert reschedule_receiver(None, placements, [E1, E2, E6]) == [E6]
    assert reschedule_receiver("host-1", placements, [E1, E2]) == ["host-1", E2]


def test_receivers_start_on_different_executors(app):
    app = app()
    for _ in range(3):
        app.collect(app.ssc.receiverStream(Scripted(at())))
    app.run(2)
    assert sorted(event.executor_id for event in app.of(ReceiverStarted)) == ["1", "2", "3"]


def test_receivers_run_where_they_prefer_to(app):
    app = app()
    for host in ("host-2", "host-3", "host-1"):
        app.collect(app.ssc.receiverStream(Scripted(at(), host=host)))
    app.run(2)
    assert {event.stream_id: event.host for event in app.of(ReceiverStarted)} == {0: "host-2", 1: "host-3", 2: "host-1"}


def test_the_task_of_a_receiver_is_process_local(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(at())))
    app.run(2)
    (task,) = [event for event in app.of(TaskStart) if event.kind == "Receiver"]
    assert task.locality == "PROCESS_LOCAL"


def test_a_lost_executor_means_a_new_job_on_another_one_at_once(app):
    app = app(faults=[ExecutorCrash("receiver", at=3.05)])
    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.1))))
    app.run(8)
    first, second = app.of(ReceiverStarted)
    (removed,) = app.of(ExecutorRemoved)
    assert first.executor_id == removed.executor_id != second.executor_id
    assert second.time_ms - removed.time_ms < 400
    assert not app.of(ReceiverStopped), "nobody was there to say that it stopped"
    jobs = [job.job_id for job in app.of(JobStart) if job.description == "Streaming job running receiver 0"]
    assert len(jobs) == 2
    assert len({stage.name for stage in app.of(StageSubmitted) if stage.job_id in jobs}) == 1, "named after the start"
    everything = [record for _, batch in batches for record in batch]
    assert everything.count(0) == 2, "a new copy of the receiver began from its beginning"


def test_a_crash_says_which_records_died_with_the_receiver(app):
    app = app(
        faults=[ExecutorCrash("receiver", at=3.05)],
        lines={"localhost:9999": [(100 * n, f"line {n}") for n in range(60)]},
    )
    batches = app.collect(app.ssc.socketTextStream("localhost", 9999))
    app.run(9)
    processed = {record for _, batch in batches for record in batch}
    lost = {
        f"line {number}"
        for event in app.of(RecordsLost)
        for _, first, last in event.origins
        for number in range(first, last + 1)
    }
    assert lost
    assert {f"line {n}" for n in range(int(min(lost).split()[1]))} <= processed
    assert not lost & processed


def test_a_record_that_waits_for_its_permit_when_the_executor_dies_is_lost_with_a_reason(app):
    app = app(
        faults=[ExecutorCrash("receiver", at=2.5)],
        lines={"localhost:9999": [(0, f"line {n}") for n in range(50)]},
        settings={"spark.streaming.receiver.maxRate": "1"},
    )
    app.collect(app.ssc.socketTextStream("localhost", 9999))
    app.run(3)
    reasons = [event.reason.split(" when ")[0] for event in app.of(RecordsLost)]
    assert "read from the source but not yet stored" in reasons


def test_a_list_that_was_read_line_by_line_is_followed_back_to_its_lines(app):
    def script(receiver):
        connection = receiver.connect("localhost", 9999)
        while True:
            receiver.store([connection.read() for _ in range(4)])

    app = app(lines={"localhost:9999": [(0, f"line {n}") for n in range(8)]})
    app.collect(app.ssc.receiverStream(Scripted(script)))
    app.run(2)
    assert [block.origins for block in app.of(BlockGenerated)] == [
        (("localhost:9999", 0, 3),),
        (("localhost:9999", 4, 7),),
    ]


def test_a_receiver_is_refused_where_it_was_not_meant_to_run(app):
    """The core of its host is taken by another receiver: the task lands elsewhere, and the driver sends it away."""
    app = app("sim[2,1]", settings={"spark.locality.wait": "0"})
    diary = Diary()
    for host in ("host-1", "host-1"):
        app.collect(app.ssc.receiverStream(Scripted(at(), diary, host=host)))
    app.run(6)
    assert {event.executor_id for event in app.of(ReceiverStarted)} == {"1"}
    assert diary == ["start"]
    receiver_tasks = [event for event in app.of(TaskStart) if event.kind == "Receiver"]
    assert len(receiver_tasks) > 4, "it is tried again and again"


def test_a_replaced_executor_may_get_the_receiver_again(app):
    app = app("sim[2,2]", faults=[ExecutorCrash("receiver", at=2, restart_after=1)])
    app.collect(app.ssc.receiverStream(Scripted(every(0.1))))
    app.run(8)
    assert len(app.of(ReceiverStarted)) == 2
