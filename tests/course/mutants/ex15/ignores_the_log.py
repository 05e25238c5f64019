"""Does not ask which blocks were logged."""

LOSES = {
    "at_risk/logged": "it is not at risk",
}


def at_risk(run):
    stored = run.blocks.where(lambda block: block.stored_ms is not None and block.fate != "processed")
    return sum(stored.column("records"))


def unseen_delay(run):
    known = [block for block in run.blocks if block.added_ms is not None]
    return max((block.added_ms - block.generated_ms for block in known), default=0) / 1000


def settings():
    return {"receiver": "queue", "log": True, "write": "upsert", "messages": 100}
