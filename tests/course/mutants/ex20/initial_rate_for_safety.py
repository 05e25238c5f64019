"""Sets an initial rate without backpressure."""

from statistics import median

LOSES = {
    "knobs/steady": "initialRate",
    "knobs/burst": "initialRate",
}


def is_stable(run):
    done = run.batches.where(status="completed")
    last = done[-len(done) // 4 :]
    return min(last.column("scheduling_delay_ms")) < 10


def why_unstable(run):
    done = [task for task in run.tasks.where(lambda task: task.blocks) if task.duration_ms]
    pace = {}
    for task in done:
        pace.setdefault(task.executor_id, []).append(task.duration_ms / task.records_read)
    paces = [median(each) for each in pace.values()]
    if max(paces) > 3 * min(paces):
        return "slow executor"
    free_cores = sum(run.executors.column("cores")) - 1
    batches = run.batches.where(status="completed")
    available_ms = free_cores * sum(batches.column("processing_time_ms"))
    finished = set(batches.column("batch_time_ms"))
    busy_ms = sum(task.duration_ms for task in done if task.batch_time_ms in finished)
    return "cores" if busy_ms > available_ms / 2 else "interval"


def knobs():
    return {
        "batch": 1.0,
        "block": 0.2,
        "executors": 2,
        "cores": 4,
        "conf": {"spark.streaming.backpressure.initialRate": 100},
    }
