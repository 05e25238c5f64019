"""Looks at the cores only, and never at one executor."""

LOSES = {
    "why_unstable/executor": "per executor_id",
}


def is_stable(run):
    done = run.batches.where(status="completed")
    last = done[-len(done) // 4 :]
    return min(last.column("scheduling_delay_ms")) < 10


def why_unstable(run):
    batches = run.batches.where(status="completed")
    finished = set(batches.column("batch_time_ms"))
    busy_ms = sum(task.duration_ms for task in run.tasks if task.blocks and task.batch_time_ms in finished)
    free_cores = sum(run.executors.column("cores")) - 1
    return "cores" if busy_ms > free_cores * sum(batches.column("processing_time_ms")) / 2 else "interval"


def knobs():
    return {"batch": 1.0, "block": 0.2, "executors": 2, "cores": 4, "conf": {}}
