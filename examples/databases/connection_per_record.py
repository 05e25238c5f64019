"""Way 2 of 5: every record opens a connection, and closes it again. It works, and it is slow.

    nc -lk 9999
    sparksim run examples/databases/connection_per_record.py localhost 9999 sqlite:///records.db

Opening a connection means a handshake, a login and often a new process in the database: more work than the INSERT.
"""

from functools import partial

from record_store import RECORDS, Report, arguments, create_tables, engine, milliseconds

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def save_record(url, batch_ms, record):
    """Save one record. On an executor."""
    with engine(url).connect() as connection:
        connection.execute(RECORDS.insert(), {"batch_ms": batch_ms, "record": record})
        connection.commit()


def save(url, time, rdd):
    """Save a batch. On the driver."""
    rdd.foreach(partial(save_record, url, milliseconds(time)))


def main():
    """Read lines from a socket and save each batch."""
    host, port, url = arguments()
    create_tables(url)
    report = Report("way 2, a connection per record", url)

    def save_batch(time, rdd):
        with report.batch(time):
            save(url, time, rdd)

    sc = SparkContext(appName="way 2")
    ssc = StreamingContext(sc, 1)
    ssc.socketTextStream(host, port).foreachRDD(save_batch)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main()
