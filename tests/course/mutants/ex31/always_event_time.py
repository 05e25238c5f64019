"""Takes the time in the row for both."""

from sparksim.sim import sink

LOSES = {
    "counts/dstream": "when it arrives",
}


def counts(rows, engine):
    found = {}
    for _arrived, measured in rows:
        start = int(measured // 10 * 10)
        found[start] = found.get(start, 0) + 1
    return found


def moved(spark):
    lines = spark.readStream.text("sim://in")
    pairs = lines.selectExpr("split(value, ' ')[0] as user", "cast(split(value, ' ')[1] as int) as paid")
    writer = pairs.groupBy("user").sum("paid").writeStream.outputMode("update").foreachBatch(save)
    writer.option("checkpointLocation", "sim://checkpoint").trigger(processingTime="2 seconds").start()


def save(rows, batch):
    for user, paid in rows.collect():
        sink("sums").upsert(user, paid)


def choice(need):
    if need["pushed"]:
        return {"engine": "dstream"}
    if need["within"] < need["late"] + 3:
        return None
    return {"engine": "structured", "wait": need["late"], "every": 1}
