# Made from solutions/ex18_kafka_direct.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 18: Kafka without a receiver
#
# A batch of a direct stream is a list of offset ranges. You compute with them, print them, and choose how long they may
# be.

# %%
from sparksim.sim import KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

# %% [markdown]
# ## Task 1: lag (2 points)
#
# How many messages wait in Kafka when a batch has been made? `ranges` are the ranges of the batch, as tuples
# `(partition, fromOffset, untilOffset)`; `latest` is a dict of partition to the offset that its next message will get.
# A partition without a range is new: all that it holds waits, from offset 0 on.

# %%
def lag(ranges, latest):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: show_ranges (4 points)
#
# Read the topic `orders` without a receiver (Kafka 0.10), from the earliest message on. The brokers are at
# localhost:9092, the group is `shop`, and nothing is committed automatically. A value is the name of an article. Print for
# each batch
#
# - a line `(partition, (fromOffset, untilOffset))` for each range, with `print`, in `foreachRDD`,
# - and with `pprint` how often each article came, as pairs `(article, n)`.

# %%
def show_ranges(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. The pear was in Kafka before the program started.

# %%
if __name__ == "__main__":
    articles = Replay([(0.0, "pear"), (1.3, "apple"), (1.5, "plum"), (1.6, "apple")])
    producer = Producer("orders", articles, partitioner="round-robin")
    kafka = KafkaCluster([Topic("orders", partitions=2)], [producer])
    try:
        print(Simulation(show_ranges, network={"localhost:9092": kafka}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## Task 3: max_rate (4 points)
#
# A program was down, and thousands of messages wait in Kafka. Choose `spark.streaming.kafka.maxRatePerPartition`, a whole
# number. `plan` is a dict: the topic has `plan["partitions"]` partitions, all equally full; batches take `plan["batch"]`
# seconds; `plan["arriving"]` messages come per second, in all partitions together; and the cluster can process
# `plan["capacity"]` messages per second. No batch may take longer than its interval, and what waits has to become less
# from batch to batch. The grader simulates your choice.

# %%
def max_rate(plan):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it.

# %%
if __name__ == "__main__":
    try:
        print(lag([(0, 20, 40), (1, 20, 35)], {0: 45, 1: 35, 2: 3}))
        print(max_rate({"partitions": 3, "batch": 2.0, "arriving": 60, "capacity": 150}))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 18`, and by `sparksim watch 18` whenever this file is saved.
