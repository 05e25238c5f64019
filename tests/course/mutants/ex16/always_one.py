"""Names the slowest executor, ill or not."""

from statistics import mean, median

LOSES = {
    "slow_executor/healthy": "more than twice the median",
}


def should_speculate(durations, tasks, running_ms, quantile=0.75, multiplier=1.5):
    if tasks == 1 or not durations or len(durations) < int(quantile * tasks):
        return False
    return running_ms > max(multiplier * median(durations), 100)


def slow_executor(run):
    readers = run.tasks.where(lambda task: task.blocks and task.duration_ms is not None)
    means = {
        executor: mean(readers.where(executor_id=executor).column("duration_ms"))
        for executor in set(readers.column("executor_id"))
    }
    return max(means, key=means.get)


def settings():
    return {"speculation": True, "quantile": 0.5, "multiplier": 2, "write": "upsert"}
