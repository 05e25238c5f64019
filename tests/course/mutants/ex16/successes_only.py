"""Leaves out the attempts that were killed."""

from statistics import mean, median

LOSES = {
    "slow_executor/speculation": "count them as well",
}


def should_speculate(durations, tasks, running_ms, quantile=0.75, multiplier=1.5):
    if tasks == 1 or not durations or len(durations) < int(quantile * tasks):
        return False
    return running_ms > max(multiplier * median(durations), 100)


def slow_executor(run):
    readers = run.tasks.where(lambda task: task.blocks and task.reason == "Success")
    means = {
        executor: mean(readers.where(executor_id=executor).column("duration_ms"))
        for executor in set(readers.column("executor_id"))
    }
    slowest = max(means, key=means.get)
    return slowest if means[slowest] > 2 * median(means.values()) else None


def settings():
    return {"speculation": True, "quantile": 0.5, "multiplier": 2, "write": "upsert"}
