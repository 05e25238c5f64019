# Made from solutions/ex30_kafka_in_and_out.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 30: Kafka in and out
#
# A topic as rows, where to begin, a table in which a crash doubles nothing, and what was lost.
#
# SQL comes with `pip install 'sparksim[sql]'`. Brokers are at localhost:9092 throughout.

# %%
import json

from sparksim.sim import Cluster, DriverCrash, KafkaCluster, Producer, QuerySimulation, Replay, Topic, sink
from sparksim.sim.kafka import DeleteRecords
from sparksim.trace.events import OffsetsSkipped, RecordsLost

# %% [markdown]
# ## Task 1: order_rows (3 points)
#
# The topic `orders`: the key is a customer, the value an amount and an article, such as `3 apples`. Give each message to
# the console as a row with the columns who (string), amount (int) and what (string). Messages that were in the topic
# before the query started belong to it. In no batch shall there be more than 10 messages.

# %%
def order_rows(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: starting_offsets (2 points)
#
# A job of another kind has read the topic `topic` so far. A query with a new checkpoint is to go on where it ended, so
# that no message is missed or read twice. `last` is a dict of partition to the offset of the *last message that was
# read*; `partitions` is how many partitions the topic has now. Of those that are not in `last` nothing has been read.
# Return the text for the option `startingOffsets`.

# %%
def starting_offsets(topic, last, partitions):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: bills (3 points)
#
# Every message of the topic `orders`, from the earliest, becomes one row of the table `sink("bills")`, its value as text.
# The driver may die at any moment and run your program again: there must be one row for each message in the end, neither
# more nor fewer, and what is done must not be read again. Two messages may be equal. The checkpoint goes to
# `sim://checkpoint`; `sink("bills")` has `insert(key, value)` and `upsert(key, value)`. Messages of one batch are few: they
# may be collected.

# %%
def bills(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: missing (2 points)
#
# A run of somebody's query. Some messages it never read, for one of two reasons: they lay before the place where the
# query began (events `OffsetsSkipped`); or they were deleted before it came to them, and it had `failOnDataLoss` = false
# (events `RecordsLost`). Return a dict: `"skipped"` and `"lost"`, how many messages each. `run.trace.of(Kind)` gives the events;
# `event.origins` are triples `(log, first offset, last offset)`, and both ends were missed.

# %%
def missing(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them.

# %%
def somebodys(spark):
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    stream = stream.option("subscribe", "orders").option("startingOffsets", "latest")
    rows = stream.option("failOnDataLoss", "false").load().select("offset")
    rows.writeStream.format("console").trigger(processingTime="2 seconds").start()


if __name__ == "__main__":
    load = Replay([(number / 10 if number > 4 else 0, ("ann", f"{number} apples")) for number in range(35)])
    deleted = DeleteRecords("orders", 0, at=3.5, before=25)
    kafka = {"localhost:9092": KafkaCluster([Topic("orders")], [Producer("orders", load)])}
    aged = {"localhost:9092": KafkaCluster([Topic("orders")], [Producer("orders", load)], changes=[deleted])}
    crash = DriverCrash(at=1.5, restart_after=1)
    try:
        print(QuerySimulation(order_rows, network=kafka).run(until=5).result_rows[:7])
        print(starting_offsets("orders", {0: 41, 1: 7}, 3))
        run = QuerySimulation(bills, network=kafka, cluster=Cluster(2, 2), faults=[crash]).run(until=8)
        print(len(run.sink("bills").rows), "rows in the table")
        print(missing(QuerySimulation(somebodys, network=aged).run(until=7)))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 30`, and by `sparksim watch 30` whenever this file is saved.
