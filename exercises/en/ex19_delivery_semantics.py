# Made from solutions/ex19_delivery_semantics.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 19: exactly once
#
# Where offsets are kept and how results are written decide together what a crash may do. You tell from finished runs what
# happened, and write two programs whose results a crash does not change.

# %%
from sparksim.sim import DriverCrash, KafkaCluster, Producer, Replay, Simulation, Topic, sink, work
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies


def settings():
    """What both programs tell Kafka."""
    return {
        "bootstrap.servers": "localhost:9092",
        "group.id": "shop",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": "6000",
    }


def add(table, article, n):
    """Add n to the total of an article. Takes 20 ms, as a database takes its time."""
    work(0.02)
    table.upsert(article, table.get(article, 0) + n)


def keep(table, ranges):
    """Store offset ranges in the table, in 20 ms. `table.holds(ranges)`: were these stored?"""
    work(0.02)
    table.store_offsets(ranges)

# %% [markdown]
# ## Task 1: verdict (3 points)
#
# In `run` a program wrote a row for each message to a sink, and something died. Return "exactly once", "at least once" or
# "at most once": what the *rows* show. No run has both missing rows and doubled ones. A row of `run.delivery.produced`
# tells of one message: `outcome` is "once", "n times", "lost" or "pending", and `rows` says in how many rows of the sink
# it stands. Messages that were on their way when the run ended do not count.

# %%
def verdict(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: save_rows (3 points)
#
# Read the topic `orders` without a receiver, with `settings()`. Write a row for each message to `sink("orders")`, in
# tasks: its key is `(record.partition, record.offset)`, its value `record.value`. Keep the offsets in Kafka, by
# `commitAsync`. When the driver dies and starts again, every message has exactly one row in the end.

# %%
def save_rows(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: save_totals (4 points)
#
# Read the same topic, whose values are names of articles. Keep in `sink("totals")` how often each article has come since
# the beginning: the key is the article, the value its total. Count a batch first, then use `add` and `keep` on the
# driver, in `foreachRDD`. To add is not idempotent; so choose well where the offsets lie, and where a new driver begins.

# %%
def save_totals(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try both. Each article comes ten times, and the driver dies in between.

# %%
if __name__ == "__main__":
    articles = Replay([(number / 10, ("apple", "pear", "plum")[number % 3]) for number in range(30)])
    kafka = KafkaCluster([Topic("orders", partitions=2)], [Producer("orders", articles, acks="all")])
    try:
        for program, name in ((save_rows, "orders"), (save_totals, "totals")):
            run = Simulation(
                program, network={"localhost:9092": kafka}, faults=[DriverCrash(2.09, restart_after=1)]
            ).run(until=14)
            print(run.sink(name))
        print(verdict(run))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 19`, and by `sparksim watch 19` whenever this file is saved.
