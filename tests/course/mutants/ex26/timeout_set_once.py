"""Sets the timeout with the first visitor only; every call clears it."""

from sparksim.sql.streaming.state import GroupStateTimeout

LOSES = {
    "groups/closes": "set it again in every call",
    "groups/counts": "flatMapGroupsWithState",
}


def doors(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def per_room(spark):
    doors(spark).createOrReplaceTempView("visitors")
    counts = spark.sql("select value as room, count(*) as visitors from visitors group by value")
    writer = counts.writeStream.format("memory").queryName("per_room").outputMode("update")
    writer.trigger(processingTime="1 second").start()


def busiest(spark):
    def show(frame, batch):
        rooms = frame.groupBy("value").count()
        for room, visitors in rooms.sort(rooms["count"].desc(), "value").take(1):
            print(room, visitors)

    doors(spark).writeStream.foreachBatch(show).trigger(processingTime="1 second").start()


def groups(spark):
    def group(room, rows, state):
        visitors = state.getOption or 0
        if state.hasTimedOut:
            state.remove()
            return [(room, visitors)]
        state.update(visitors + sum(1 for _ in rows))
        if visitors == 0:
            state.setTimeoutDuration(2000)
        return []

    by_room = doors(spark).groupByKey(lambda row: row.value)
    closed = by_room.flatMapGroupsWithState(
        group, "append", "room string, visitors int", GroupStateTimeout.ProcessingTimeTimeout
    )
    writer = closed.writeStream.format("memory").queryName("groups")
    writer.trigger(processingTime="1 second").start()
