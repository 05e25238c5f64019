"""A program that keeps its offsets beside its results: every message exactly once, whatever happens to the program.

Run as a script: `python exactly_once.py <servers> <topic> <database>`. What a batch brings and how far it has read is
one transaction; a program that starts reads from the database where to go on.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import Any

from sparksim import SparkConf, SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies, TopicPartition

PARTITIONS = 8
BATCH_S = 0.5
MAX_PER_PARTITION_PER_S = 5_000

SCHEMA = """
create table if not exists messages (batch integer, log integer, position integer, value integer);
create table if not exists offsets (log integer primary key, next integer not null);
"""


def start_offsets(database: str, topic: str) -> dict[TopicPartition, int]:
    """Where to go on: the database's offsets; 0 for a new one."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany("insert or ignore into offsets values (?, 0)", [(log,) for log in range(PARTITIONS)])
        return {TopicPartition(topic, log): offset for log, offset in connection.execute("select * from offsets")}


def save(database: str, time_ms: int, rdd: Any) -> None:
    """The messages and the offsets behind them, both or neither. Raises when the offsets are not those expected."""
    ranges = rdd.offsetRanges()
    rows = rdd.map(lambda record: (time_ms, record.partition, record.offset, int(record.value))).collect()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("insert into messages values (?, ?, ?, ?)", rows)
        for each in ranges:
            moved = connection.execute(
                "update offsets set next = ? where log = ? and next = ?",
                (each.untilOffset, each.partition, each.fromOffset),
            )
            if moved.rowcount != 1:
                raise ValueError(f"somebody else has read {each}")


def main(servers: str, topic: str, database: str) -> None:
    conf = (
        SparkConf()
        .setMaster("local[2]")
        .setAppName("exactly once")
        .set("spark.streaming.kafka.maxRatePerPartition", str(MAX_PER_PARTITION_PER_S))
    )
    ssc = StreamingContext(SparkContext(conf=conf), BATCH_S)
    offsets = start_offsets(database, topic)
    settings = {
        "bootstrap.servers": servers,
        "group.id": "exactly-once",
        "enable.auto.commit": False,
        "key.deserializer": "org.apache.kafka.common.serialization.ByteArrayDeserializer",
        "value.deserializer": "org.apache.kafka.common.serialization.StringDeserializer",
    }
    stream = KafkaUtils.createDirectStream(
        ssc, LocationStrategies.PreferConsistent, ConsumerStrategies.Assign(list(offsets), settings, offsets)
    )
    stream.foreachRDD(lambda time, rdd: save(database, round(time.timestamp() * 1000), rdd))
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:4])
