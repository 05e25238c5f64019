"""Way 5 of 5: a pool, many rows in one statement, one transaction per partition, and rows that can be written again.

    nc -lk 9999
    sparksim run examples/databases/pool_and_batches.py localhost 9999 sqlite:///records.db

A task that dies before its commit leaves nothing. A task that dies after it, before the driver heard of its success,
runs again; so does a whole batch after a restart of the driver. Their rows have the same key (batch time, partition,
position), and the statement replaces rows of the same key: the table holds every record once.
"""

from functools import partial

from record_store import Report, arguments, create_tables, engine, milliseconds, upsert

from sparksim import SparkContext, TaskContext
from sparksim.streaming import StreamingContext

ROWS_PER_STATEMENT = 1000


def save_partition(url, pool_size, batch_ms, records):
    """Save one partition. On an executor; an empty partition borrows no connection."""
    partition_id = TaskContext.get().partitionId()
    # The records are computed first, so that the transaction holds its locks for the writing alone.
    rows = [
        {"batch_ms": batch_ms, "partition_id": partition_id, "position": position, "record": record}
        for position, record in enumerate(records)
    ]
    if not rows:
        return
    with engine(url, pool_size).begin() as connection:
        statement = upsert(connection.dialect)
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            connection.execute(statement, rows[start : start + ROWS_PER_STATEMENT])


def save(url, time, rdd):
    """Save a batch. On the driver."""
    cores = rdd.context.defaultParallelism
    rdd.foreachPartition(partial(save_partition, url, cores, milliseconds(time)))


def main():
    """Read lines from a socket and save each batch."""
    host, port, url = arguments()
    create_tables(url)
    report = Report("way 5, a pool and batched statements", url)

    def save_batch(time, rdd):
        with report.batch(time):
            save(url, time, rdd)

    sc = SparkContext(appName="way 5")
    ssc = StreamingContext(sc, 1)
    ssc.socketTextStream(host, port).foreachRDD(save_batch)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main()
