"""What a story of Kafka's matrix shows, and what would break a promise of Spark."""

from __future__ import annotations

import pytest

from sparksim.cluster.cost import TEACHING
from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import DELIVERING, KafkaFinding, Matrix, replay
from sparksim.semantics.kafka_cells import SOURCES
from sparksim.semantics.kafka_report import guarantee
from sparksim.sim import AtBatch, DriverCrash


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_crash_every_order_has_one_row(source: str) -> None:
    story = DELIVERING.cell(f"{source}/insert/driver").simulation(3).with_(faults=())
    assert DELIVERING.measure(story.run(12)) == KafkaFinding()


@pytest.mark.parametrize(("source", "refused"), [("direct08+checkpoint", 14), ("direct+checkpoint", 58)])
def test_batch_time_and_partition_name_no_batch_that_the_checkpoint_does_not_know(source: str, refused: int) -> None:
    """The batch of second 3 was written. A slow checkpoint does not say so, and the next driver makes it anew, with
    all that has come meanwhile: refused as a whole, because the sink has a batch of that name."""
    story = DELIVERING.cell(f"{source}/transaction/driver").simulation(0)
    slow = story.with_(
        cost=TEACHING.with_(record_ms=10, checkpoint_ms=800),
        faults=[DriverCrash(AtBatch(3, "processed"), restart_after=0.5)],
    )
    assert DELIVERING.measure(slow.run(20)) == KafkaFinding(refused=refused)


@pytest.mark.parametrize(
    ("name", "found", "broken"),
    [
        ("receiver+zookeeper/insert/driver", KafkaFinding(lost=9, doubled=2), []),
        ("receiver+zookeeper/upsert/driver", KafkaFinding(doubled=1), ["doubled"]),
        ("receiver+wal/insert/both", KafkaFinding(lost=1, doubled=7), ["lost"]),
        ("direct08+checkpoint/insert/driver", KafkaFinding(doubled=7), []),
        ("direct08+checkpoint/transaction/driver", KafkaFinding(doubled=7), ["doubled"]),
        ("direct+checkpoint/transaction/driver", KafkaFinding(refused=7), ["refused"]),
        ("direct+kafka/transaction/driver", KafkaFinding(doubled=7), []),
        ("direct+kafka/upsert/driver", KafkaFinding(doubled=7), ["doubled"]),
        ("direct+auto/upsert/both", KafkaFinding(lost=7), []),
        ("direct+database/transaction/both", KafkaFinding(lost=1, doubled=1), ["lost", "doubled"]),
        ("direct+database/insert/executor", KafkaFinding(unexplained=1), ["unexplained"]),
    ],
)
def test_what_spark_promises(name: str, found: KafkaFinding, broken: list[str]) -> None:
    assert DELIVERING.promise(DELIVERING.cell(name)).broken_by(found) == broken


def test_the_guarantee_of_a_cell_is_what_holds_in_all_its_stories() -> None:
    fine, lost, doubled = KafkaFinding(), KafkaFinding(lost=1), KafkaFinding(doubled=1)
    assert guarantee([fine, fine]) == "exactly once"
    assert guarantee([fine, doubled]) == "at least once"
    assert guarantee([lost, fine]) == guarantee([KafkaFinding(refused=1)]) == "at most once"
    assert guarantee([lost, doubled]) == "none"


def test_a_broken_promise_says_how_to_see_it() -> None:
    matrix = Matrix(DELIVERING, {DELIVERING.cell("direct+database/upsert/driver"): (KafkaFinding(lost=2),)})
    (sentence,) = matrix.contradictions()
    assert sentence.startswith("direct+database/upsert/driver seed 0: 2 records lost, and Spark says: nothing is lost;")
    assert sentence.endswith("See it: sparksim semantics --replay 'direct+database/upsert/driver' --seed 0")


def test_a_story_is_the_same_every_time() -> None:
    first, second = (list(replay("direct+kafka/insert/both", 5).trace) for _ in range(2))
    assert first == second


def test_a_cell_that_does_not_exist() -> None:
    with pytest.raises(IllegalArgumentError, match=r"SOURCE/VICTIM/STAGE, with .* or cell=.*SOURCE/SINK/VICTIM, with"):
        replay("kafka/insert/both", 0)
