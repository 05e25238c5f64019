"""Lets a batch have the block that is cut when it is due."""

LOSES = {
    "batch_of/last": "too late for this batch",
    "batch_of/odd": "may still lie in the buffer",
}


def tasks_of(arrivals_ms, block_ms):
    return len({arrival // block_ms for arrival in arrivals_ms})


def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    cut_ms = (arrival_ms // block_ms + 1) * block_ms
    return -(-cut_ms // batch_ms) * batch_ms


def block_interval(run):
    block = run.blocks[0]
    return int(block.generated_ms) - int(block.block_id.split("-")[-1])


def slipped(run):
    times = run.batches.column("batch_time_ms")
    return [
        block.block_id
        for block in run.blocks
        if block.batch_time_ms is not None and any(block.generated_ms <= time < block.batch_time_ms for time in times)
    ]
