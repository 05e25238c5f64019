"""Divides by the length of the run."""

LOSES = {
    "capacity/work": "between its jobs the cluster is idle",
    "capacity/unfinished": "leave it out",
}


def keeps_up(rate, cores, ms_per_record):
    return rate * ms_per_record <= (cores - 1) * 1000


def mean_total_delay(run):
    delays = [batch.total_delay_ms for batch in run.batches if batch.status == "completed"]
    return sum(delays) / len(delays) / 1000 if delays else 0.0


def capacity(run):
    done = [batch for batch in run.batches if batch.status == "completed"]
    if not done:
        return 0.0
    return sum(batch.records for batch in done) / (run.batches[-1].batch_time_ms / 1000)


def falls_behind(run):
    if any(batch.status == "queued" for batch in run.batches):
        return True
    return run.batches[-1].scheduling_delay_ms > 0
