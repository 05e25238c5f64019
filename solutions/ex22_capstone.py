# %% [markdown] lang="en"
# # Exercise 22: the whole thing
#
# The bank of lesson 22, from the empty page: a program whose balances no crash changes, messages that nobody expected, a
# cluster planned for the outage that will come, and somebody else's program that went wrong.

# %% [markdown] lang="zh"
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


# %% [markdown] lang="en"
# ## Task 1: balances (4 points)
#
# A whole main program: it makes its contexts, with batches of 1 s, starts, and waits. It reads the topic `movements`
# without a receiver, with `Assign` and `PARTITIONS` (in a group, drivers that died would keep partitions for a while); a
# value such as "ann 20" or "ann -5" changes the balance of a card. Keep in `sink("balances")` one row per card: the card
# is the key, the balance the value. Use `add` and `keep`. Drivers and executors die, a broker dies, an executor is slow
# and `spark.speculation` is on: in the end the balances are right. A driver that comes back runs `balances()` from its
# first line.

# %% [markdown] lang="zh"
# ## 任务 1：balances（4 分）
#
# 一个完整的主程序：创建自己的上下文，批次间隔（batch interval）1 秒，启动并等待。它不用接收器（receiver）读取主题 `movements`，
# 使用 `Assign` 和 `PARTITIONS`（若用消费组（consumer group），死去的驱动程序（driver）还会占着分区一段时间）；“ann 20”或“ann -5”这样的值改变一张卡的余额。请在 `sink("balances")` 中为每张卡保存一行：键是卡，值是余额。
# 请使用 `add` 和 `keep`。驱动程序、执行器（executor）和一个 broker 会死，有一个执行器变慢且 `spark.speculation` 打开：
# 最终余额必须正确。恢复的驱动程序从第一行起运行 `balances()`。


# %%
def balances():
    ### BEGIN SOLUTION
    ssc = StreamingContext(SparkContext(appName="bank"), 1)
    table = sink("balances")
    strategy = ConsumerStrategies.Assign(PARTITIONS, settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def parsed(record):
        card, amount = record.value.split()
        return card, int(amount)

    def save(rdd):
        ranges = rdd.offsetRanges()
        sums = rdd.map(parsed).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            for card, amount in sums:
                add(table, card, amount)
            keep(table, ranges)

    stream.foreachRDD(save)
    ssc.start()
    ssc.awaitTermination()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: careful (2 points)
#
# The same once more, as a function of a StreamingContext (not to be started). But some messages are no movements: they have
# not two words, or the second is not a whole number. Each of them becomes a row of the same sink: its key is
# `(record.partition, record.offset)`, its value `record.value`. No batch fails, and the driver dies here, too.

# %% [markdown] lang="zh"
# ## 任务 2：careful（2 分）
#
# 再写一遍，这次是一个接受 StreamingContext 的函数（不用启动）。但有些消息不是流水：不是两个词，或者第二个词不是整数。
# 它们每条都成为同一个 sink 中的一行：键是 `(record.partition, record.offset)`，值是 `record.value`。
# 没有批次失败，而驱动程序在这里也会死亡。


# %%
def careful(ssc):
    ### BEGIN SOLUTION
    table = sink("balances")
    strategy = ConsumerStrategies.Assign(PARTITIONS, settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def parsed(record):
        try:
            card, amount = record.value.split()
            return card, int(amount)
        except ValueError:
            return (record.partition, record.offset), record.value

    def save(rdd):
        ranges = rdd.offsetRanges()
        pairs = rdd.map(parsed).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            for key, value in pairs:
                if isinstance(key, tuple):
                    table.upsert(key, value)
                else:
                    add(table, key, value)
            keep(table, ranges)

    stream.foreachRDD(save)
    ### END SOLUTION


# %% [markdown] lang="en"
# Try `careful`. `balances` makes its own contexts: the grader runs it, or `simulate_script` of `sparksim.sim`.

# %% [markdown] lang="zh"
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

# %% [markdown] lang="en"
# ## Task 3: plan (2 points)
#
# Plan a topic and a cluster. `story` is a dict: `story["rate"]` movements come per second, evenly over the partitions,
# and each costs `story["record_ms"]` ms of a core. The driver will be away for `story["outage"]` seconds. Not more than
# `story["drain"]` seconds after it is back the program must have caught up. No batch may end more than `story["delay"]`
# seconds after its batch time, nothing may be lost, and there are `story["most_cores"]` cores.
#
# Return a dict of `partitions`, `executors` and `cores` (per executor); `batch` (seconds); `max_rate` (for
# `spark.streaming.kafka.maxRatePerPartition`, a whole number); and `retention` (seconds that the topic keeps a message;
# not more than 5 times the outage). Starting a batch and its tasks costs some 0.1 s. The grader simulates your plan.

# %% [markdown] lang="zh"
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
    ### BEGIN SOLUTION
    batch = story["delay"] * 0.8
    spare = 4 * batch  # until the first batch, for the last one, and for luck
    needed = story["rate"] * (1 + (story["outage"] + spare) / (story["drain"] - spare))
    of_a_core = 1000 / story["record_ms"] * 0.75
    executors = ceil(needed / of_a_core)
    return {
        "partitions": executors,
        "executors": executors,
        "cores": 1,
        "batch": batch,
        "max_rate": ceil(needed / executors),
        "retention": story["outage"] * 4,
    }
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: cause (2 points)
#
# In `run` somebody's program inserted a row for each message; in the end rows are missing or doubled. Which event did
# that? Return "driver crash", "speculation", "retention" or "bad message". Not everything that happened did harm. Look at
# `run.delivery.produced` (its columns `rows`, `outcome` and `reason`; leave out what is "pending"), and at `run.tasks`
# (`speculative`).

# %% [markdown] lang="zh"
# ## 任务 4：cause（2 分）
#
# 在 `run` 中，某人的程序为每条消息插入一行；最终缺了行，或有重复的行。是哪个事件造成的？
# 请返回 "driver crash"、"speculation"、"retention" 或 "bad message"。发生过的事并非都造成了损害。
# 请看 `run.delivery.produced`（`rows`、`outcome` 和 `reason` 列；"pending" 的不算），以及 `run.tasks`（`speculative`）。


# %%
def cause(run):
    ### BEGIN SOLUTION
    rows = [row for row in run.delivery.produced if row.outcome != "pending"]
    reasons = " ".join(row.reason for row in rows if row.rows == 0)
    if reasons:
        return "retention" if "retention" in reasons else "bad message"
    return "speculation" if any(task.speculative for task in run.tasks) else "driver crash"
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(plan({"rate": 30, "record_ms": 20, "outage": 15, "drain": 20, "delay": 2.0, "most_cores": 8}))
    except NotImplementedError as unfinished:
        print(unfinished)
