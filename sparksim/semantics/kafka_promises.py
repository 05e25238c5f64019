"""What Spark promises for each way to keep Kafka's offsets and to write a batch, in our words.

Source: the guides of Spark 2.3 to Kafka 0.8 and 0.10 ("Storing Offsets") and its streaming guide, "Semantics of output
operations". A promise is what must not happen; what may happen and does not is no contradiction.
"""

from __future__ import annotations

from sparksim.semantics.kafka_cells import KafkaCell
from sparksim.semantics.study import Promise

OUTPUT = {
    "insert": "a batch may be written again",
    "upsert": "what is written again is the same row",
    "transaction": "what is written again is refused",
}


def promise(cell: KafkaCell) -> Promise:
    """What Spark says of this cell."""
    text, may = _received(cell)
    if cell.sink == "upsert":
        may -= {"doubled"}
    elif cell.sink == "insert":
        may |= {"doubled"}
    return Promise(f"{text}; {OUTPUT[cell.sink]}", may)


def _received(cell: KafkaCell) -> tuple[str, frozenset[str]]:
    """What comes out of Kafka, whatever is done with it."""
    if cell.source == "receiver+zookeeper":
        return "offsets are committed whatever becomes of the messages: lost or doubled", frozenset(("lost", "doubled"))
    if cell.source == "receiver+wal":
        return "nothing is lost; received at least once", frozenset(("doubled",))
    if cell.source == "direct+auto":
        return "offsets are committed whatever becomes of the messages: undefined", frozenset(("lost", "doubled"))
    if cell.source == "direct+database":
        return "nothing is lost; where the offsets go with the results, exactly once", frozenset()
    if cell.source.endswith("checkpoint"):
        return "nothing is lost; received exactly once", frozenset()
    return "nothing is lost; after a restart from stored offsets, at least once", frozenset(("doubled",))
