"""Loses the order within a batch."""

from sparksim.streaming import StateSpec

LOSES = {
    "alarms/reset": "do not add up a batch first",
}


def first_visits(ssc):
    def first(time, user, one, seen):
        if seen.exists():
            return None
        seen.update(True)
        return user, "new"

    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    users.mapWithState(StateSpec.function(first)).pprint()


def alarms(ssc):
    def third(time, user, failed, failures):
        row = (failures.getOption() or 0) + failed if failed else 0
        failures.update(row % 3)
        return (user, 3) if row >= 3 else None

    ssc.checkpoint("sim://checkpoint")
    log_ins = ssc.socketTextStream("localhost", 9999).map(lambda line: tuple(line.split()))
    failed = log_ins.mapValues(lambda result: int(result == "fail")).reduceByKey(lambda a, b: a + b)
    failed.mapWithState(StateSpec.function(third)).pprint()


def sessions(ssc):
    def count(time, user, one, visits):
        if visits.isTimingOut():
            return user, visits.get()
        visits.update((visits.getOption() or 0) + one)
        return None

    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    ended = users.mapWithState(StateSpec.function(count).timeout(3))
    ended.checkpoint(1)
    ended.pprint()
