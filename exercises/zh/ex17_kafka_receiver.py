# 由 solutions/build.py 从 solutions/ex17_kafka_receiver.py 生成，请勿修改：请在副本中作答。

# %% [markdown]
# # 练习 17：用接收器读 Kafka
#
# 接收器（receiver）是消费组（consumer group）的一个成员，也是一个永不结束的任务（task）。请算出一个程序需要什么，
# 写一个读取两个主题的程序，并从已结束的运行中找出问题所在。

# %%
from sparksim.sim import Constant, DriverCrash, KafkaCluster, Producer, Replay, Simulation, Topic
from sparksim.streaming.kafka import KafkaUtils

# %% [markdown]
# ## 任务 1：needs（2 分）
#
# 一个程序多次调用 `createStream`。列表 `streams` 中是每次调用的 `topics` 参数：从主题到线程数的字典。
# 请返回一个元组：有几个接收器，它们一共有几个线程，以及程序至少需要几个核心才能处理批次（batch）。

# %%
def needs(streams):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：two_topics（4 分）
#
# 请读取主题 `orders` 和 `returns`，每个主题用自己的一个接收器，两者都在组 `shop` 中。ZooKeeper 在 localhost:2181。
# 消息的值是一种商品的名字。请用 `pprint` 为每个批次打印每种商品在两个主题中一共出现的次数，形式为 `(article, n)`。
# 程序启动之前就在 Kafka 中的消息也要统计：对应的设置是 `auto.offset.reset`，
# 在 Kafka 0.8 中取值为 "smallest" 和 "largest"。

# %%
def two_topics(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：lost_messages（2 分）
#
# 请按顺序返回 `run` 中丢失的消息的编号。`record` 一列是消息在其生产者处的编号；只有一个生产者。

# %%
def lost_messages(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
