"""A batch that has waited once is enough."""

LOSES = {
    "falls_behind/trouble": "A bad moment that is over",
    "falls_behind/moment": "A bad moment that is over",
}


def keeps_up(rate, cores, ms_per_record):
    return rate * ms_per_record <= (cores - 1) * 1000


def mean_total_delay(run):
    delays = [batch.total_delay_ms for batch in run.batches if batch.status == "completed"]
    return sum(delays) / len(delays) / 1000 if delays else 0.0


def capacity(run):
    done = [batch for batch in run.batches if batch.status == "completed"]
    seconds = sum(batch.processing_time_ms for batch in done) / 1000
    return sum(batch.records for batch in done) / seconds if done else 0.0


def falls_behind(run):
    return any(batch.scheduling_delay_ms is None or batch.scheduling_delay_ms > 0 for batch in run.batches)
