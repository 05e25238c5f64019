"""Gives the delay as the table has it."""

LOSES = {
    "mean_total_delay/mean": "the answer in seconds",
    "mean_total_delay/unfinished": "the answer in seconds",
}


def keeps_up(rate, cores, ms_per_record):
    return rate * ms_per_record <= (cores - 1) * 1000


def mean_total_delay(run):
    delays = [batch.total_delay_ms for batch in run.batches if batch.status == "completed"]
    return sum(delays) / len(delays) if delays else 0.0


def capacity(run):
    done = [batch for batch in run.batches if batch.status == "completed"]
    seconds = sum(batch.processing_time_ms for batch in done) / 1000
    return sum(batch.records for batch in done) / seconds if done else 0.0


def falls_behind(run):
    if any(batch.status == "queued" for batch in run.batches):
        return True
    return run.batches[-1].scheduling_delay_ms > 0
