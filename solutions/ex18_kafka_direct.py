# %% [markdown] lang="en"
# # Exercise 18: Kafka without a receiver
#
# A batch of a direct stream is a list of offset ranges. You compute with them, print them, and choose how long they may
# be.

# %% [markdown] lang="zh"
# # 练习 18：不用接收器读 Kafka
#
# 直连流（direct stream）的一个批次（batch）就是一组偏移量范围。请用它们计算，把它们打印出来，并决定它们可以有多长。

# %%
from sparksim.sim import KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

# %% [markdown] lang="en"
# ## Task 1: lag (2 points)
#
# How many messages wait in Kafka when a batch has been made? `ranges` are the ranges of the batch, as tuples
# `(partition, fromOffset, untilOffset)`; `latest` is a dict of partition to the offset that its next message will get.
# A partition without a range is new: all that it holds waits, from offset 0 on.

# %% [markdown] lang="zh"
# ## 任务 1：lag（2 分）
#
# 一个批次生成之后，还有多少条消息在 Kafka 中等待？`ranges` 是该批次的范围，每个是元组
# `(partition, fromOffset, untilOffset)`；`latest` 是从分区到其下一条消息的偏移量（offset）的字典。
# 没有范围的分区是新的：其中从偏移量 0 起的全部消息都在等待。


# %%
def lag(ranges, latest):
    ### BEGIN SOLUTION
    done = {partition: until for partition, _, until in ranges}
    return sum(offset - done.get(partition, 0) for partition, offset in latest.items())
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: show_ranges (4 points)
#
# Read the topic `orders` without a receiver (Kafka 0.10), from the earliest message on. The brokers are at
# localhost:9092, the group is `shop`, and nothing is committed automatically. A value is the name of an article. Print for
# each batch
#
# - a line `(partition, (fromOffset, untilOffset))` for each range, with `print`, in `foreachRDD`,
# - and with `pprint` how often each article came, as pairs `(article, n)`.

# %% [markdown] lang="zh"
# ## 任务 2：show_ranges（4 分）
#
# 不用接收器（receiver）读取主题 `orders`（Kafka 0.10），从最早的消息开始。broker 在 localhost:9092，组是 `shop`，
# 不自动提交任何偏移量。消息的值是一种商品的名字。请为每个批次打印：
#
# - 每个范围一行 `(partition, (fromOffset, untilOffset))`，在 `foreachRDD` 中用 `print`；
# - 用 `pprint` 打印每种商品出现的次数，形式为 `(article, n)`。


# %%
def show_ranges(ssc):
    ### BEGIN SOLUTION
    settings = {
        "bootstrap.servers": "localhost:9092",
        "group.id": "shop",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    strategy = ConsumerStrategies.Subscribe(["orders"], settings)
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def show(rdd):
        for each in rdd.offsetRanges():
            print((each.partition, (each.fromOffset, each.untilOffset)))

    stream.foreachRDD(show)
    stream.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. The pear was in Kafka before the program started.

# %% [markdown] lang="zh"
# 试一试。pear 在程序启动之前就在 Kafka 中。

# %%
if __name__ == "__main__":
    articles = Replay([(0.0, "pear"), (1.3, "apple"), (1.5, "plum"), (1.6, "apple")])
    producer = Producer("orders", articles, partitioner="round-robin")
    kafka = KafkaCluster([Topic("orders", partitions=2)], [producer])
    try:
        print(Simulation(show_ranges, network={"localhost:9092": kafka}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown] lang="en"
# ## Task 3: max_rate (4 points)
#
# A program was down, and thousands of messages wait in Kafka. Choose `spark.streaming.kafka.maxRatePerPartition`, a whole
# number. `plan` is a dict: the topic has `plan["partitions"]` partitions, all equally full; batches take `plan["batch"]`
# seconds; `plan["arriving"]` messages come per second, in all partitions together; and the cluster can process
# `plan["capacity"]` messages per second. No batch may take longer than its interval, and what waits has to become less
# from batch to batch. The grader simulates your choice.

# %% [markdown] lang="zh"
# ## 任务 3：max_rate（4 分）
#
# 一个程序停了一阵，Kafka 中积压了数千条消息。请选择 `spark.streaming.kafka.maxRatePerPartition`，一个整数。
# `plan` 是一个字典：主题有 `plan["partitions"]` 个分区（partition），积压均匀；批次间隔为 `plan["batch"]` 秒；
# 所有分区一共每秒到来 `plan["arriving"]` 条消息；集群每秒能处理 `plan["capacity"]` 条消息。
# 任何批次用时都不得超过批次间隔，而积压必须逐批减少。评分程序会模拟你的选择。


# %%
def max_rate(plan):
    ### BEGIN SOLUTION
    return plan["capacity"] // plan["partitions"]
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(lag([(0, 20, 40), (1, 20, 35)], {0: 45, 1: 35, 2: 3}))
        print(max_rate({"partitions": 3, "batch": 2.0, "arriving": 60, "capacity": 150}))
    except NotImplementedError as unfinished:
        print(unfinished)
