# %% [markdown] lang="en"
# # Exercise 17: Kafka through receivers
#
# A receiver is a consumer of a group, and a task that never ends. You count what a program needs, write one that reads
# two topics, and find out from finished runs what went wrong.

# %% [markdown] lang="zh"
# # 练习 17：用接收器读 Kafka
#
# 接收器（receiver）是消费组（consumer group）的一个成员，也是一个永不结束的任务（task）。请算出一个程序需要什么，
# 写一个读取两个主题的程序，并从已结束的运行中找出问题所在。

# %%
from sparksim.sim import Constant, DriverCrash, KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import KafkaUtils

# %% [markdown] lang="en"
# ## Task 1: needs (2 points)
#
# A program calls `createStream` several times. `streams` is a list with what each call gets as `topics`: a dict of
# topic to number of threads. Return a tuple: how many receivers there are, how many threads they have together, and how
# many cores the program needs at least, so that batches are processed.

# %% [markdown] lang="zh"
# ## 任务 1：needs（2 分）
#
# 一个程序多次调用 `createStream`。列表 `streams` 中是每次调用的 `topics` 参数：从主题到线程数的字典。
# 请返回一个元组：有几个接收器，它们一共有几个线程，以及程序至少需要几个核心才能处理批次（batch）。


# %%
def needs(streams):
    ### BEGIN SOLUTION
    threads = sum(sum(topics.values()) for topics in streams)
    return len(streams), threads, len(streams) + 1
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: two_topics (4 points)
#
# Read the topics `orders` and `returns`, each through a receiver of its own, both in the group `shop`. ZooKeeper is at
# localhost:2181. The value of a message names an article. Print for each batch how often each article came, in both
# topics together, as pairs `(article, n)` with `pprint`. Messages that were in Kafka before the program started count
# as well: the setting is `auto.offset.reset`, its values for Kafka 0.8 are "smallest" and "largest".

# %% [markdown] lang="zh"
# ## 任务 2：two_topics（4 分）
#
# 请读取主题 `orders` 和 `returns`，每个主题用自己的一个接收器，两者都在组 `shop` 中。ZooKeeper 在 localhost:2181。
# 消息的值是一种商品的名字。请用 `pprint` 为每个批次打印每种商品在两个主题中一共出现的次数，形式为 `(article, n)`。
# 程序启动之前就在 Kafka 中的消息也要统计：对应的设置是 `auto.offset.reset`，
# 在 Kafka 0.8 中取值为 "smallest" 和 "largest"。


# %%
def two_topics(ssc):
    ### BEGIN SOLUTION
    settings = {"auto.offset.reset": "smallest"}
    streams = [
        KafkaUtils.createStream(ssc, "localhost:2181", "shop", {topic: 1}, settings) for topic in ("orders", "returns")
    ]
    articles = ssc.union(*streams).map(lambda message: message[1])
    articles.map(lambda article: (article, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. The pear was in Kafka before.

# %% [markdown] lang="zh"
# 试一试。pear 在程序启动之前就在 Kafka 中。

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

# %% [markdown] lang="en"
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

# %% [markdown] lang="zh"
# ## 任务 3：verdict（3 分）
#
# `run` 是一次已结束的运行，程序与你的类似，带有 `run.batches`、`run.receivers`、`run.delivery.produced` 等。
# 请返回其中发生了什么，即下列之一：
#
# - "no free core"：收到了消息，但没有一个批次得到处理
# - "lost"：有消息丢失
# - "twice"：没有消息丢失，但有些被处理了不止一次
# - "fine"：以上都没有；运行结束时还在途中的消息不算问题
#
# `run.delivery.produced` 每一行的 `outcome` 是 "once"、"n times"、"lost" 或 "pending"。


# %%
def verdict(run):
    ### BEGIN SOLUTION
    if not run.batches.where(status="completed"):
        return "no free core"
    outcomes = run.delivery.produced.column("outcome")
    if "lost" in outcomes:
        return "lost"
    return "twice" if "n times" in outcomes else "fine"
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: lost_messages (2 points)
#
# Return the numbers of the lost messages of `run`, in order. The column `record` says the number that a message has at
# its producer; there is one producer.

# %% [markdown] lang="zh"
# ## 任务 4：lost_messages（2 分）
#
# 请按顺序返回 `run` 中丢失的消息的编号。`record` 一列是消息在其生产者处的编号；只有一个生产者。


# %%
def lost_messages(run):
    ### BEGIN SOLUTION
    return sorted(run.delivery.produced.where(outcome="lost").column("record"))
    ### END SOLUTION


# %% [markdown] lang="en"
# Try both on a run in which the driver dies.

# %% [markdown] lang="zh"
# 在一次驱动程序（driver）死亡的运行上试一试这两个函数。


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
