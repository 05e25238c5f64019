# Made from solutions/ex17_kafka_receiver.py by solutions/build.py. Generated, do not edit: write your answer in a copy.

# %% [markdown]
# # Exercise 17: Kafka through receivers
#
# A receiver is a consumer of a group, and a task that never ends. You count what a program needs, write one that reads
# two topics, and find out from finished runs what went wrong.

# %%
from sparksim.sim import Constant, DriverCrash, KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import KafkaUtils

# %% [markdown]
# ## Task 1: needs (2 points)
#
# A program calls `createStream` several times. `streams` is a list with what each call gets as `topics`: a dict of
# topic to number of threads. Return a tuple: how many receivers there are, how many threads they have together, and how
# many cores the program needs at least, so that batches are processed.

# %%
def needs(streams):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: two_topics (4 points)
#
# Read the topics `orders` and `returns`, each through a receiver of its own, both in the group `shop`. ZooKeeper is at
# localhost:2181. The value of a message names an article. Print for each batch how often each article came, in both
# topics together, as pairs `(article, n)` with `pprint`. Messages that were in Kafka before the program started count
# as well: the setting is `auto.offset.reset`, its values for Kafka 0.8 are "smallest" and "largest".

# %%
def two_topics(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. The pear was in Kafka before.

# %%
if __name__ == "__main__":
    kafka = KafkaCluster(
        [Topic("orders", partitions=2), Topic("returns")],
        [
            Producer("orders", Replay([(0.01, "pear"), (1.3, "apple"), (1.5, "plum")])),
            Producer("returns", Replay([(1.4, "apple")])),
        ],
    )
    try:
        print(Simulation(two_topics, network={"localhost:9092": kafka}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## Task 3: verdict (3 points)
#
# `run` is a finished run of a program like yours, with `run.batches`, `run.receivers`, `run.delivery.produced` and so
# on. Return what happened in it, one of these:
#
# - "no free core": messages were received, and no batch could be processed
# - "lost": messages were lost
# - "twice": no message was lost, and some were processed more than once
# - "fine": none of these; what was still on its way at the end of the run is no trouble
#
# The `outcome` of a row of `run.delivery.produced` is "once", "n times", "lost" or "pending".

# %%
def verdict(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: lost_messages (2 points)
#
# Return the numbers of the lost messages of `run`, in order. The column `record` says the number that a message has at
# its producer; there is one producer.

# %%
def lost_messages(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try both on a run in which the driver dies.

# %%
def count(ssc):
    settings = {
        "auto.offset.reset": "smallest",
        "auto.commit.interval.ms": "500",
        "zookeeper.session.timeout.ms": "400",
    }
    KafkaUtils.createStream(ssc, "localhost:2181", "shop", {"orders": 1}, settings).count().pprint()


if __name__ == "__main__":
    run = Simulation(
        count,
        network={"localhost:9092": KafkaCluster([Topic("orders")], [Producer("orders", Constant(20))])},
        checkpoint="sim://checkpoint",
        faults=[DriverCrash(5.7, restart_after=1)],
    ).run(until=12)
    try:
        print(verdict(run), lost_messages(run))
    except NotImplementedError as unfinished:
        print(unfinished)
