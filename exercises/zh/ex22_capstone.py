# 由 solutions/build.py 从 solutions/ex22_capstone.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 22：全部合在一起
#
# 第 22 课的银行，从空白页写起：一个余额不会被任何崩溃改变的程序，谁也没料到的消息，为必将到来的停机规划的集群，
# 以及别人出了错的程序。

# %%
from math import ceil

from sparksim import SparkContext
from sparksim.sim import KafkaCluster, Producer, Replay, Simulation, Topic, sink, work
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies, TopicPartition

PARTITIONS = [TopicPartition("movements", number) for number in range(3)]


def settings():
    """What both programs tell Kafka."""
    return {
        "bootstrap.servers": "localhost:9092,localhost:9093,localhost:9094",
        "group.id": "bank",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": "6000",
    }


def add(table, card, amount):
    """Add an amount to the balance of a card. Takes 20 ms, as a database takes its time."""
    work(0.02)
    table.upsert(card, table.get(card, 0) + amount)


def keep(table, ranges):
    """Store these offset ranges in the table. Takes 20 ms."""
    work(0.02)
    table.store_offsets(ranges)

# %% [markdown]
# ## 任务 1：balances（4 分）
#
# 一个完整的主程序：创建自己的上下文，批次间隔（batch interval）1 秒，启动并等待。它不用接收器（receiver）读取主题 `movements`，
# 使用 `Assign` 和 `PARTITIONS`（若用消费组（consumer group），死去的驱动程序（driver）还会占着分区一段时间）；“ann 20”或“ann -5”这样的值改变一张卡的余额。请在 `sink("balances")` 中为每张卡保存一行：键是卡，值是余额。
# 请使用 `add` 和 `keep`。驱动程序、执行器（executor）和一个 broker 会死，有一个执行器变慢且 `spark.speculation` 打开：
# 最终余额必须正确。恢复的驱动程序从第一行起运行 `balances()`。

# %%
def balances():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：careful（2 分）
#
# 再写一遍，这次是一个接受 StreamingContext 的函数（不用启动）。但有些消息不是流水：不是两个词，或者第二个词不是整数。
# 它们每条都成为同一个 sink 中的一行：键是 `(record.partition, record.offset)`，值是 `record.value`。
# 没有批次失败，而驱动程序在这里也会死亡。

# %%
def careful(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试 `careful`。`balances` 自己创建上下文：由评分程序运行，或用 `sparksim.sim` 的 `simulate_script`。

# %%
if __name__ == "__main__":
    words = ["ann 20", "ben 10", "ann -5", "ben five", "cho 30", "ben -4"] * 5
    typed = Replay([(number / 10, value) for number, value in enumerate(words)])
    tills = Producer("movements", typed, acks="all", partitioner="round-robin")
    kafka = {"localhost:9092": KafkaCluster([Topic("movements", partitions=3)], [tills])}
    try:
        print(Simulation(careful, network=kafka).run(until=8).sink("balances").rows)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## 任务 3：plan（2 分）
#
# 规划一个主题和一个集群。`story` 是一个字典：每秒到来 `story["rate"]` 笔流水，均匀分布在各分区（partition），每笔占用一个核心（core）
# `story["record_ms"]` 毫秒。驱动程序会停 `story["outage"]` 秒。恢复后最多 `story["drain"]` 秒，程序必须已经赶上。
# 任何批次结束时都不得晚于其批次时间 `story["delay"]` 秒以上，什么都不许丢失，一共有 `story["most_cores"]` 个核心。
#
# 请返回一个字典：`partitions`、`executors`、`cores`（每个执行器）；`batch`（秒）；`max_rate`
# （用于 `spark.streaming.kafka.maxRatePerPartition`，整数）；`retention`（主题保存一条消息的秒数，不超过停机时间的 5 倍）。
# 启动一个批次及其任务约需 0.1 秒。评分程序会模拟你的规划。

# %%
def plan(story):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：cause（2 分）
#
# 在 `run` 中，某人的程序为每条消息插入一行；最终缺了行，或有重复的行。是哪个事件造成的？
# 请返回 "driver crash"、"speculation"、"retention" 或 "bad message"。发生过的事并非都造成了损害。
# 请看 `run.delivery.produced`（`rows`、`outcome` 和 `reason` 列；"pending" 的不算），以及 `run.tasks`（`speculative`）。

# %%
def cause(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(plan({"rate": 30, "record_ms": 20, "outage": 15, "drain": 20, "delay": 2.0, "most_cores": 8}))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 22` 评分；用 `sparksim watch 22` 在每次保存时自动评分。
