"""Takes the id as it is."""

LOSES = {
    "payments_once/cash": "null is one value",
}


def let_through(rows, delay):
    watermark, until, passed = 0, {}, []
    for name, time in rows:
        if time > watermark and name not in until:
            until[name] = time + delay
            passed.append((name, time))
        watermark = max(watermark, time - delay)
        until = {key: end for key, end in until.items() if end > watermark}
    return passed


def payments_once(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    payments = lines.selectExpr(
        "cast(split(value, ',')[0] as timestamp) as time",
        "nullif(split(value, ',')[1], '') as id",
        "cast(split(value, ',')[2] as int) as amount",
    )
    keyed = payments.selectExpr("*", "coalesce(id, concat(cast(time as string), ' ', amount)) as key")
    once = keyed.withWatermark("time", "30 minutes").dropDuplicatesWithinWatermark(["id"])
    once.select("id", "amount").writeStream.format("console").start()


def audit(run):
    came = {row.row[0] for row in run.input_rows}
    given = [row.row[0] for row in run.result_rows]
    return {
        "twice": sorted(name for name in set(given) if given.count(name) > 1),
        "lost": sorted(came - set(given)),
    }
