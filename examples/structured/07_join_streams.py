"""Structured 7: two streams are joined: each showing of an ad with the clicks on it within an hour.

    nc -lk 9998                                     # showings: 7,2024-01-01 10:00:00
    nc -lk 9999                                     # clicks:   7,2024-01-01 10:20:00
    sparksim run examples/structured/07_join_streams.py

Either side may come first, so both are kept; watermarks and the condition on the times say how long. With `left_outer`
a showing without a click is printed as well, but only when no click can come any more. For that both sides need their
watermark: with one on the clicks alone the query is legal, and no such row ever appears. The watermark is the lesser
of the two (showings may be two hours late, clicks three), so a stream that falls silent holds everything up.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import expr


def main(host="localhost", shown_port="9998", clicked_port="9999", how="inner"):
    """Join until somebody stops it."""
    builder = SparkSession.builder.appName("structured 7")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states

    def events(port, name):
        lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
        ad, time = f"split(value, ',')[0] as {name}AdId", f"to_timestamp(split(value, ',')[1]) as {name}Time"
        return lines.selectExpr(ad, time)

    impressions = events(shown_port, "impression").withWatermark("impressionTime", "2 hours")
    clicks = events(clicked_port, "click").withWatermark("clickTime", "3 hours")
    within_an_hour = expr(
        "clickAdId = impressionAdId and clickTime >= impressionTime and clickTime <= impressionTime + interval 1 hour"
    )
    joined = impressions.join(clicks, within_an_hour, how)
    query = joined.writeStream.outputMode("append").format("console").option("truncate", "false").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
