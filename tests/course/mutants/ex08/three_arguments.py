"""Takes three arguments, so that each None is a record."""

from sparksim.streaming import StateSpec

LOSES = {
    "first_visits/later": "None as well",
    "alarms/third": "take four",
    "sessions/only": "then None is no record",
}


def first_visits(ssc):
    def first(user, one, seen):
        if seen.exists():
            return None
        seen.update(True)
        return user, "new"

    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    users.mapWithState(StateSpec.function(first)).pprint()


def alarms(ssc):
    def third(user, result, failures):
        row = (failures.getOption() or 0) + 1 if result == "fail" else 0
        failures.update(row % 3)
        return (user, row) if row == 3 else None

    ssc.checkpoint("sim://checkpoint")
    log_ins = ssc.socketTextStream("localhost", 9999).map(lambda line: tuple(line.split()))
    log_ins.mapWithState(StateSpec.function(third)).pprint()


def sessions(ssc):
    def count(user, one, visits):
        if visits.isTimingOut():
            return user, visits.get()
        visits.update((visits.getOption() or 0) + one)
        return None

    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    ended = users.mapWithState(StateSpec.function(count).timeout(3))
    ended.checkpoint(1)
    ended.pprint()
