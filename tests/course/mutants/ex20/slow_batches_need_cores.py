"""Takes each batch that is longer than its interval for a lack of cores."""

LOSES = {
    "why_unstable/overhead": "the cores were idle",
}


def is_stable(run):
    done = run.batches.where(status="completed")
    last = done[-len(done) // 4 :]
    return min(last.column("scheduling_delay_ms")) < 10


def why_unstable(run):
    done = [task for task in run.tasks.where(lambda task: task.blocks) if task.duration_ms]
    paces = {}
    for task in done:
        paces.setdefault(task.executor_id, []).append(task.duration_ms / task.records_read)
    means = [sum(each) / len(each) for each in paces.values()]
    return "slow executor" if max(means) > 3 * min(means) else "cores"


def knobs():
    return {"batch": 1.0, "block": 0.2, "executors": 2, "cores": 4, "conf": {}}
