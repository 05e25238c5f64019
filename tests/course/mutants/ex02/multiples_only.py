"""Looks for blocks that are cut when a batch is due."""

LOSES = {
    "slipped/slow": "Also a block that is cut well before a batch slips",
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
    return [
        block.block_id for block in run.blocks if block.batch_time_ms is not None and block.generated_ms % interval == 0
    ]
