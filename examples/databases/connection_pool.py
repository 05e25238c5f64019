"""Way 4 of 5: every executor process keeps a pool of connections, and a partition borrows one.

    nc -lk 9999
    sparksim run examples/databases/connection_pool.py localhost 9999 sqlite:///records.db

The pool is not sent to the executors: it is made there, by the first task that needs it, and lives in a module
(`record_store.engine`). It never holds more connections than tasks run at once, however many batches there are.
"""

from functools import partial
from itertools import chain

from record_store import RECORDS, Report, arguments, create_tables, engine, milliseconds

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def save_partition(url, pool_size, batch_ms, records):
    """Save one partition. On an executor; an empty partition borrows no connection."""
    for first in records:  # once, or not at all
        with engine(url, pool_size).connect() as connection:
            for record in chain([first], records):
                connection.execute(RECORDS.insert(), {"batch_ms": batch_ms, "record": record})
                connection.commit()


def save(url, time, rdd):
    """Save a batch. On the driver."""
    cores = rdd.context.defaultParallelism
    rdd.foreachPartition(partial(save_partition, url, cores, milliseconds(time)))


def main():
    """Read lines from a socket and save each batch."""
    host, port, url = arguments()
    create_tables(url)
    report = Report("way 4, a pool of connections", url)

    def save_batch(time, rdd):
        with report.batch(time):
            save(url, time, rdd)

    sc = SparkContext(appName="way 4")
    ssc = StreamingContext(sc, 1)
    ssc.socketTextStream(host, port).foreachRDD(save_batch)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main()
