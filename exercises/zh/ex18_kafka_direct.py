# 由 solutions/build.py 从 solutions/ex18_kafka_direct.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 18：不用接收器读 Kafka
#
# 直连流（direct stream）的一个批次（batch）就是一组偏移量范围。请用它们计算，把它们打印出来，并决定它们可以有多长。

# %%
from sparksim.sim import KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

# %% [markdown]
# ## 任务 1：lag（2 分）
#
# 一个批次生成之后，还有多少条消息在 Kafka 中等待？`ranges` 是该批次的范围，每个是元组
# `(partition, fromOffset, untilOffset)`；`latest` 是从分区到其下一条消息的偏移量（offset）的字典。
# 没有范围的分区是新的：其中从偏移量 0 起的全部消息都在等待。

# %%
def lag(ranges, latest):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：show_ranges（4 分）
#
# 不用接收器（receiver）读取主题 `orders`（Kafka 0.10），从最早的消息开始。broker 在 localhost:9092，组是 `shop`，
# 不自动提交任何偏移量。消息的值是一种商品的名字。请为每个批次打印：
#
# - 每个范围一行 `(partition, (fromOffset, untilOffset))`，在 `foreachRDD` 中用 `print`；
# - 用 `pprint` 打印每种商品出现的次数，形式为 `(article, n)`。

# %%
def show_ranges(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# ## 任务 3：max_rate（4 分）
#
# 一个程序停了一阵，Kafka 中积压了数千条消息。请选择 `spark.streaming.kafka.maxRatePerPartition`，一个整数。
# `plan` 是一个字典：主题有 `plan["partitions"]` 个分区（partition），积压均匀；批次间隔为 `plan["batch"]` 秒；
# 所有分区一共每秒到来 `plan["arriving"]` 条消息；集群每秒能处理 `plan["capacity"]` 条消息。
# 任何批次用时都不得超过批次间隔，而积压必须逐批减少。评分程序会模拟你的选择。

# %%
def max_rate(plan):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(lag([(0, 20, 40), (1, 20, 35)], {0: 45, 1: 35, 2: 3}))
        print(max_rate({"partitions": 3, "batch": 2.0, "arriving": 60, "capacity": 150}))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 18` 评分；用 `sparksim watch 18` 在每次保存时自动评分。
