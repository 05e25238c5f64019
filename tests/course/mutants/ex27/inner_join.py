"""An inner join says nothing of what is missing."""

from sparksim.sql.functions import expr

LOSES = {
    "rentals/nulls": "a left outer join",
}


def null_after(rented, limit, rental_delay, return_delay, steps):
    newest = [0, 0]
    for index, times in enumerate(steps):
        newest = [max(old, new or 0) for old, new in zip(newest, times, strict=True)]
        watermark = min(newest[0] - rental_delay, newest[1] - return_delay)
        if watermark > rented + limit:
            return index
    return None


def rentals(spark):
    def events(port, names):
        lines = spark.readStream.format("socket").option("host", "localhost").option("port", port).load()
        bike, time = names
        return lines.selectExpr(f"split(value, ',')[0] as {bike}", f"to_timestamp(split(value, ',')[1]) as {time}")

    rented = events(9998, ("bike", "rented")).withWatermark("rented", "10 minutes")
    returned = events(9999, ("returned_bike", "returned")).withWatermark("returned", "20 minutes")
    belongs = "returned_bike = bike and returned >= rented and returned <= rented + interval 45 minutes"
    joined = rented.join(returned, expr(belongs), "inner").select("bike", "rented", "returned")
    joined.writeStream.format("memory").queryName("rentals").outputMode("append").start()


def delays(plan):
    return {"rentals": plan["rentals_late"], "returns": plan["returns_late"]}
