"""Case 8: saves the word counts of each batch in a database, with `foreachRDD`.

    nc -lk 9999
    sparksim run examples/case_08_save_to_a_database.py
    sqlite3 counts.db 'select * from word_counts'

    sparksim run examples/case_08_save_to_a_database.py --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 10

The function given to `foreachRDD` runs on the driver; what it hands to `foreachPartition` runs on the executors. A
connection cannot travel between them, so each partition opens its own, and writes all its rows in one transaction. A
task or a batch may run again, and then replaces the rows it has written before, as they have the same key.

`examples/databases` compares this way with four others, on the databases of SQLAlchemy. To try several in one
program, define all of them before `start`: nothing can be added to a started context, and a stopped one does not
start again.
"""

import sqlite3
import sys
from contextlib import closing
from functools import partial

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

TABLE = "word_counts (batch_ms integer, word text, total integer, primary key (batch_ms, word))"


def save_partition(database, batch_ms, counts):
    """Save a partition, on an executor. The rows are complete before the transaction begins, which keeps it short."""
    rows = [(batch_ms, word, total) for word, total in counts]
    if rows:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.executemany("insert or replace into word_counts values (?, ?, ?)", rows)


def save(database, time, rdd):
    """Save a batch, from the driver."""
    rdd.foreachPartition(partial(save_partition, database, round(time.timestamp() * 1000)))
    print(f"{time}: saved")


def main(host="localhost", port="9999", batch_s="5", database="counts.db"):
    """Count and save until somebody stops it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"create table if not exists {TABLE}")
    ssc = StreamingContext(SparkContext(appName="case 8"), float(batch_s))
    words = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split())
    counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    counts.foreachRDD(lambda time, rdd: save(database, time, rdd))
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
