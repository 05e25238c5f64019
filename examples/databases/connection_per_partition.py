"""Way 3 of 5: every partition opens one connection for all its records.

    nc -lk 9999
    sparksim run examples/databases/connection_per_partition.py localhost 9999 sqlite:///records.db

`foreachPartition` gives a function the whole partition. Each row is still committed by itself, so a task that dies in
the middle leaves the rows it had written, and the attempt that follows writes them again: at least once, not once.
"""

from functools import partial
from itertools import chain

from record_store import RECORDS, Report, arguments, create_tables, engine, milliseconds

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def save_partition(url, batch_ms, records):
    """Save one partition. On an executor; an empty partition opens no connection."""
    for first in records:  # once, or not at all
        with engine(url).connect() as connection:
            for record in chain([first], records):
                connection.execute(RECORDS.insert(), {"batch_ms": batch_ms, "record": record})
                connection.commit()


def save(url, time, rdd):
    """Save a batch. On the driver."""
    rdd.foreachPartition(partial(save_partition, url, milliseconds(time)))


def main():
    """Read lines from a socket and save each batch."""
    host, port, url = arguments()
    create_tables(url)
    report = Report("way 3, a connection per partition", url)

    def save_batch(time, rdd):
        with report.batch(time):
            save(url, time, rdd)

    sc = SparkContext(appName="way 3")
    ssc = StreamingContext(sc, 1)
    ssc.socketTextStream(host, port).foreachRDD(save_batch)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main()
