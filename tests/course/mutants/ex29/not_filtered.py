"""Forgets the city."""

LOSES = {
    "pipeline/counts": "Two queries",
    "pipeline/goes_on": "of its own",
    "pipeline/once": "no pattern",
}


def batches(files, most):
    shown = [name for name, second in sorted(files, key=lambda file: file[1]) if name[0] not in "_."]
    most = most or len(shown) or 1
    return [shown[start : start + most] for start in range(0, len(shown), most)]


def spending(spark):
    events = spark.readStream.schema("id int, user string, amount int").csv("sim://in").where("amount is not null")
    totals = events.groupBy("user").agg({"id": "count", "amount": "sum"})
    rows = totals.selectExpr("user", "`count(id)` as events", "`sum(amount)` as amount")
    rows.writeStream.outputMode("update").format("console").trigger(processingTime="2 seconds").start()


def pipeline(spark):
    visits = spark.readStream.schema("user string, city string").json("sim://in")
    started(visits.writeStream.format("json"), "ulm", path="sim://out")
    counts = spark.readStream.schema("user string, city string").json("sim://out").groupBy("user").count()
    started(counts.writeStream.outputMode("complete").format("console"), "visits")


def started(writer, name, path=None):
    writer = writer.queryName(name).option("checkpointLocation", f"sim://checkpoint/{name}")
    writer.trigger(processingTime="2 seconds").start(path)
