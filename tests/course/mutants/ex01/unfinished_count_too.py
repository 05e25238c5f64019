"""Counts on it that every batch is done."""

LOSES = {
    "mean_total_delay/unfinished": "has no delay yet: leave it out",
    "capacity/unfinished": "has no delay yet: leave it out",
}


def keeps_up(rate, cores, ms_per_record):
    return rate * ms_per_record <= (cores - 1) * 1000


def mean_total_delay(run):
    return sum(batch.total_delay_ms for batch in run.batches) / len(run.batches) / 1000


def capacity(run):
    seconds = sum(batch.processing_time_ms for batch in run.batches) / 1000
    return sum(batch.records for batch in run.batches) / seconds


def falls_behind(run):
    if any(batch.status == "queued" for batch in run.batches):
        return True
    return run.batches[-1].scheduling_delay_ms > 0
