"""Counts blocks that still wait."""

LOSES = {
    "slipped/last": "leave it out",
    "slipped/slow": "leave it out",
}


def tasks_of(arrivals_ms, block_ms):
    return len({arrival // block_ms for arrival in arrivals_ms})


def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    cut_ms = (arrival_ms // block_ms + 1) * block_ms
    return ((cut_ms + report_ms) // batch_ms + 1) * batch_ms


def block_interval(run):
    block = run.blocks[0]
    return int(block.generated_ms) - int(block.block_id.split("-")[-1])


def slipped(run):
    interval = run.batches[1].batch_time_ms - run.batches[0].batch_time_ms
    found = []
    for block in run.blocks:
        first_batch = -(-block.generated_ms // interval) * interval
        if block.batch_time_ms != first_batch:
            found.append(block.block_id)
    return found
