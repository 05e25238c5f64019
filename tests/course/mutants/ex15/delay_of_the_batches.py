"""Looks for the delay where it is not: in the batches."""

from sparksim.trace.events import BlockLogged

LOSES = {
    "unseen_delay/longest": "from generated_ms to added_ms",
}


def at_risk(run):
    logged = {event.block_id for event in run.trace.of(BlockLogged)}
    stored = [block for block in run.blocks if block.stored_ms is not None and block.fate != "processed"]
    return sum(block.records for block in stored if block.block_id not in logged)


def unseen_delay(run):
    return max(batch.total_delay_ms or 0 for batch in run.batches) / 1000


def settings():
    return {"receiver": "queue", "log": True, "write": "upsert", "messages": 100}
