"""Structured 9: CSV files that are moved into a directory, and how many events each user has in them.

    mkdir -p incoming
    sparksim run examples/structured/09_csv_files.py 'incoming/events_*.csv'
    echo 1,ann,2024-01-01,1 Main St,Ulm,BW,DE,48.4,10.0 > new && mv new incoming/events_1.csv    # in another terminal

A stream of files needs its schema said: nothing is read before it starts. A directory that is not there is refused; a
pattern is not, so a misspelt one waits for ever and says nothing. A file is read once, so it must be whole when it
appears.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.types import StructType


def main(path="incoming/events_*.csv"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 9")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    schema = StructType()
    for name in ("event_id", "user_id", "start_time", "address", "city", "state", "country"):
        schema = schema.add(name, "string")
    schema = schema.add("latitude", "float").add("longitude", "float")
    events = spark.readStream.option("sep", ",").schema(schema).csv(path)
    query = events.groupBy("user_id").count().writeStream.outputMode("complete").format("console").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
