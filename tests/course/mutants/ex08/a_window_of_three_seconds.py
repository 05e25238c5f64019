"""Counts a window instead of a session."""

from sparksim.streaming import StateSpec

LOSES = {
    "sessions/visits": "the function returns None",
    "sessions/soon": "ended.checkpoint(1)",
    "sessions/only": "the function returns None",
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
    def third(time, user, result, failures):
        row = (failures.getOption() or 0) + 1 if result == "fail" else 0
        failures.update(row % 3)
        return (user, row) if row == 3 else None

    ssc.checkpoint("sim://checkpoint")
    log_ins = ssc.socketTextStream("localhost", 9999).map(lambda line: tuple(line.split()))
    log_ins.mapWithState(StateSpec.function(third)).pprint()


def sessions(ssc):
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    users.reduceByKeyAndWindow(lambda a, b: a + b, None, 3, 1).pprint()
