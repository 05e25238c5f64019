"""Counts all intervals from the first record to the last."""

LOSES = {
    "tasks_of/silence": "A silent block interval makes no block",
}


def tasks_of(arrivals_ms, block_ms):
    if not arrivals_ms:
        return 0
    return max(arrivals_ms) // block_ms - min(arrivals_ms) // block_ms + 1


def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    cut_ms = (arrival_ms // block_ms + 1) * block_ms
    return ((cut_ms + report_ms) // batch_ms + 1) * batch_ms


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
