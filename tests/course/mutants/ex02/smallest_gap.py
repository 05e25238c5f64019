"""Takes the smallest gap between two blocks."""

LOSES = {
    "block_interval/silence": "look at a single block",
}


def tasks_of(arrivals_ms, block_ms):
    return len({arrival // block_ms for arrival in arrivals_ms})


def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    cut_ms = (arrival_ms // block_ms + 1) * block_ms
    return ((cut_ms + report_ms) // batch_ms + 1) * batch_ms


def block_interval(run):
    cuts = [block.generated_ms for block in run.blocks]
    return int(min(cuts[i + 1] - cuts[i] for i in range(len(cuts) - 1)))


def slipped(run):
    times = run.batches.column("batch_time_ms")
    return [
        block.block_id
        for block in run.blocks
        if block.batch_time_ms is not None and any(block.generated_ms <= time < block.batch_time_ms for time in times)
    ]
