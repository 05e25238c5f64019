"""What the four programs about offsets share: totals of words in a database, and three ways to add a batch to them.

    add      totals in the database, to which a batch adds its counts: a batch that runs again is counted again
    upsert   a row for each message, with its place in Kafka as the key: written again, it is the same row
    once     totals as in `add`, and in the same transaction the offsets that have been counted

Only `once` decides by itself where to go on; `offsets_in_database.py` begins there. All work on the databases of
SQLAlchemy.
"""

from collections import Counter

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, create_engine, func, select
from sqlalchemy.pool import NullPool

from sparksim.streaming.kafka import TopicAndPartition

METADATA = MetaData()

TOTALS = Table("totals", METADATA, Column("word", String(200), primary_key=True), Column("total", BigInteger))

MESSAGES = Table(
    "messages",
    METADATA,
    Column("topic", String(200), primary_key=True),
    Column("partition_id", Integer, primary_key=True, autoincrement=False),
    Column("message_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Text),
)

OFFSETS = Table(
    "offsets",
    METADATA,
    Column("topic", String(200), primary_key=True),
    Column("partition_id", Integer, primary_key=True, autoincrement=False),
    Column("until_offset", BigInteger),
)


class OffsetsMoved(Exception):
    """The database has other offsets than this batch begins with: somebody has counted these messages already."""


def database(url):
    """The engine, with its tables made. Each use opens a connection of its own."""
    patience = {"timeout": 60} if url.startswith("sqlite") else {}
    engine = create_engine(url, poolclass=NullPool, connect_args=patience)
    METADATA.create_all(engine)
    return engine


def words_of(lines):
    """How often each word stands in these lines."""
    return Counter(word for line in lines for word in line.split())


def add(engine, counts, ranges=None):
    """Add counts to the totals, in one transaction; with `ranges`, move the offsets in the same one.

    Raises `OffsetsMoved`, and adds nothing, when the database is not where the ranges begin.
    """
    with engine.begin() as connection:
        for word, count in sorted(counts.items()):
            old = connection.scalar(select(TOTALS.c.total).where(TOTALS.c.word == word))
            if old is None:
                connection.execute(TOTALS.insert().values(word=word, total=count))
            else:
                connection.execute(TOTALS.update().where(TOTALS.c.word == word).values(total=old + count))
        for each in ranges or ():
            _move(connection, each)


def _move(connection, offsets):
    """The offset of one partition, from where the range begins to where it ends."""
    place = (OFFSETS.c.topic == offsets.topic) & (OFFSETS.c.partition_id == offsets.partition)
    here = connection.scalar(select(OFFSETS.c.until_offset).where(place))
    if here is None:
        row = {"topic": offsets.topic, "partition_id": offsets.partition, "until_offset": offsets.untilOffset}
        connection.execute(OFFSETS.insert().values(row))
    elif here == offsets.fromOffset:
        connection.execute(OFFSETS.update().where(place).values(until_offset=offsets.untilOffset))
    else:
        raise OffsetsMoved(f"{offsets} does not begin at {here}")


def upsert(engine, topic, partition, first_offset, lines):
    """Write the messages of a range, each as the row of its place."""
    numbered = list(enumerate(lines, first_offset))  # read first: the transaction holds its locks for the writing alone
    with engine.begin() as connection:
        for offset, line in numbered:
            place = {"topic": topic, "partition_id": partition, "message_offset": offset}
            known = connection.scalar(select(func.count()).select_from(MESSAGES).filter_by(**place))
            if not known:
                connection.execute(MESSAGES.insert().values(line=line, **place))


def counted(engine):
    """Word and total, as the database has them: from the totals, and from the messages."""
    with engine.connect() as connection:
        totals = Counter({row.word: row.total for row in connection.execute(select(TOTALS))})
        return totals + words_of(connection.scalars(select(MESSAGES.c.line)))


def stored_offsets(engine):
    """Where the database says that each partition goes on; empty at the first start."""
    with engine.connect() as connection:
        rows = connection.execute(select(OFFSETS))
        return {TopicAndPartition(row.topic, row.partition_id): row.until_offset for row in rows}


def save(url, rdd, line_of, way):
    """Save a batch of a direct stream in the given way: "add", "upsert" or "once". On the driver.

    `line_of` gives the text of a message.
    """
    engine, ranges = database(url), rdd.offsetRanges()
    if way == "upsert":

        def write(index, messages):
            each = ranges[index]
            upsert(database(url), each.topic, each.partition, each.fromOffset, map(line_of, messages))
            return []

        rdd.mapPartitionsWithIndex(write).count()
    else:
        counts = words_of(rdd.map(line_of).collect())
        add(engine, counts, ranges if way == "once" else None)
