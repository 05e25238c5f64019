"""Takes the executor that was busy for longest."""

from statistics import median

LOSES = {
    "slow_executor/found": "A receiver runs all the time",
    "slow_executor/speculation": "TaskKilled",
    "slow_executor/healthy": "always the slowest",
}


def should_speculate(durations, tasks, running_ms, quantile=0.75, multiplier=1.5):
    if tasks == 1 or not durations or len(durations) < int(quantile * tasks):
        return False
    return running_ms > max(multiplier * median(durations), 100)


def slow_executor(run):
    return max(run.executors, key=lambda row: row.busy_ms).executor_id


def settings():
    return {"speculation": True, "quantile": 0.5, "multiplier": 2, "write": "upsert"}
