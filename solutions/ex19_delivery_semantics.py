# %% [markdown] lang="en"
# # Exercise 19: exactly once
#
# Where offsets are kept and how results are written decide together what a crash may do. You tell from finished runs what
# happened, and write two programs whose results a crash does not change.

# %% [markdown] lang="zh"
# # 练习 19：恰好一次
#
# 偏移量（offset）放在哪里、结果怎样写出，两者共同决定崩溃会造成什么。请从已结束的运行看出发生了什么，
# 并写两个结果不会被崩溃改变的程序。

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


# %% [markdown] lang="en"
# ## Task 1: verdict (3 points)
#
# In `run` a program wrote a row for each message to a sink, and something died. Return "exactly once", "at least once" or
# "at most once": what the *rows* show. No run has both missing rows and doubled ones. A row of `run.delivery.produced`
# tells of one message: `outcome` is "once", "n times", "lost" or "pending", and `rows` says in how many rows of the sink
# it stands. Messages that were on their way when the run ended do not count.

# %% [markdown] lang="zh"
# ## 任务 1：verdict（3 分）
#
# 在 `run` 中，一个程序为每条消息在 sink 中写一行，其间有进程死亡。请返回 "exactly once"、"at least once" 或 "at most once"：
# 以*行*为准。没有哪次运行既缺行又有重复的行。`run.delivery.produced` 的每一行说明一条消息：`outcome` 是 "once"、"n times"、
# "lost" 或 "pending"，`rows` 是它在 sink 中占几行。运行结束时还在途中的消息不算。


# %%
def verdict(run):
    ### BEGIN SOLUTION
    rows = [row.rows for row in run.delivery.produced if row.outcome != "pending"]
    if 0 in rows:
        return "at most once"
    return "exactly once" if set(rows) == {1} else "at least once"
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: save_rows (3 points)
#
# Read the topic `orders` without a receiver, with `settings()`. Write a row for each message to `sink("orders")`, in
# tasks: its key is `(record.partition, record.offset)`, its value `record.value`. Keep the offsets in Kafka, by
# `commitAsync`. When the driver dies and starts again, every message has exactly one row in the end.

# %% [markdown] lang="zh"
# ## 任务 2：save_rows（3 分）
#
# 不用接收器（receiver）读取主题 `orders`，使用 `settings()`。请在任务（task）中为每条消息向 `sink("orders")` 写一行：
# 键是 `(record.partition, record.offset)`，值是 `record.value`。偏移量用 `commitAsync` 保存在 Kafka 中。
# 驱动程序（driver）死亡并重启之后，最终每条消息恰好有一行。


# %%
def save_rows(ssc):
    ### BEGIN SOLUTION
    table = sink("orders")
    strategy = ConsumerStrategies.Subscribe(["orders"], settings())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save(rdd):
        rdd.foreach(lambda record: table.upsert((record.partition, record.offset), record.value))
        stream.commitAsync(rdd.offsetRanges())

    stream.foreachRDD(save)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: save_totals (4 points)
#
# Read the same topic, whose values are names of articles. Keep in `sink("totals")` how often each article has come since
# the beginning: the key is the article, the value its total. Count a batch first, then use `add` and `keep` on the
# driver, in `foreachRDD`. To add is not idempotent; so choose well where the offsets lie, and where a new driver begins.

# %% [markdown] lang="zh"
# ## 任务 3：save_totals（4 分）
#
# 读取同一主题，其值是商品的名字。请在 `sink("totals")` 中保存每种商品从一开始到现在出现的次数：键是商品，值是总数。
# 先统计一个批次（batch），再在驱动程序上、在 `foreachRDD` 中使用 `add` 和 `keep`。累加不是幂等（idempotent）的；
# 因此请想好偏移量放在哪里，新的驱动程序从哪里开始。


# %%
def save_totals(ssc):
    ### BEGIN SOLUTION
    table = sink("totals")
    strategy = ConsumerStrategies.Subscribe(["orders"], settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save(rdd):
        ranges = rdd.offsetRanges()
        counts = rdd.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            for article, n in counts:
                add(table, article, n)
            keep(table, ranges)

    stream.foreachRDD(save)
    ### END SOLUTION


# %% [markdown] lang="en"
# Try both. Each article comes ten times, and the driver dies in between.

# %% [markdown] lang="zh"
# 试一试这两个程序。每种商品来十次，其间驱动程序死亡。

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
