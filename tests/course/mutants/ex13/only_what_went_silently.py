"""Leaves out the blocks of batches that failed."""

LOSES = {
    "lost_blocks/copies": "whatever became of its batch",
    "lost_blocks/failed": "whatever became of its batch",
}


def deaths(run):
    gone = sorted((row.removed_ms, row.executor_id) for row in run.executors if row.removed_ms is not None)
    return [(executor, removed_ms / 1000) for removed_ms, executor in gone]


def lost_blocks(run):
    failed = run.batches.where(failed=True).column("batch_time_ms")
    lost = run.blocks.where(fate="lost")
    return sorted(block.block_id for block in lost if block.batch_time_ms not in failed)


def lost_records(run):
    failed = run.batches.where(failed=True).column("batch_time_ms")
    gone = [block for block in run.blocks if block.block_id in lost_blocks(run)]
    return {
        "failed": sum(block.records for block in run.blocks if block.batch_time_ms in failed),
        "silently": sum(block.records for block in gone if block.batch_time_ms not in failed),
    }


def storage_level(deaths_at_once):
    return ["MEMORY_ONLY", "MEMORY_ONLY_2", "DISK_ONLY_3"][deaths_at_once]
