"""As many copies as executors die."""

LOSES = {
    "storage_level/enough": "n + 1 copies",
}


def deaths(run):
    gone = sorted((row.removed_ms, row.executor_id) for row in run.executors if row.removed_ms is not None)
    return [(executor, removed_ms / 1000) for removed_ms, executor in gone]


def lost_blocks(run):
    dead = {executor for executor, _ in deaths(run)}
    return sorted(
        block.block_id
        for block in run.blocks
        if block.holders and dead.issuperset(block.holders) and block.fate != "processed"
    )


def lost_records(run):
    failed = run.batches.where(failed=True).column("batch_time_ms")
    gone = [block for block in run.blocks if block.block_id in lost_blocks(run)]
    return {
        "failed": sum(block.records for block in run.blocks if block.batch_time_ms in failed),
        "silently": sum(block.records for block in gone if block.batch_time_ms not in failed),
    }


def storage_level(deaths_at_once):
    return {0: "MEMORY_ONLY", 1: "MEMORY_ONLY", 2: "MEMORY_ONLY_2"}[deaths_at_once]
