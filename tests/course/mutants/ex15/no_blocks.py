"""Forgets that there may be no block."""

from sparksim.trace.events import BlockLogged

LOSES = {
    "unseen_delay/longest": "0 where no block is left",
}


def at_risk(run):
    logged = {event.block_id for event in run.trace.of(BlockLogged)}
    stored = [block for block in run.blocks if block.stored_ms is not None and block.fate != "processed"]
    return sum(block.records for block in stored if block.block_id not in logged)


def unseen_delay(run):
    known = [block for block in run.blocks if block.added_ms is not None]
    return max(block.added_ms - block.generated_ms for block in known) / 1000


def settings():
    return {"receiver": "queue", "log": True, "write": "upsert", "messages": 50}
