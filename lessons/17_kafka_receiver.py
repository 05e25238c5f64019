# %% [markdown] lang="en"
# # 17. Kafka through a receiver: who remembers what was read?
#
# **The question.** A shop writes its orders to Kafka, and a receiver reads them. Kafka has three partitions: how many
# partitions has a batch? And when a process dies, Kafka still has every order. Can one be lost all the same?
#
# *About 30 minutes. You need lesson 3 (receiver, blocks, batches) and lessons 13 and 15 (failures and logs).*

# %% [markdown] lang="zh"
# # 17. 用接收器读 Kafka：读到了哪里，由谁记住？
#
# **问题。** 一家商店把订单写入 Kafka，由一个接收器来读取。Kafka 有三个分区，那么一个批次有几个分区？
# 当一个进程死掉时，Kafka 里仍然保存着每一份订单。即便如此，还会丢失订单吗？
#
# *约 30 分钟。需要第 3 课（接收器、数据块、批次）以及第 13、15 课（故障与日志）。*

# %%
import time
from collections import Counter
from functools import partial

from confluent_kafka import Producer as KafkaProducer

from sparksim import StorageLevel
from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import (
    Cluster,
    Constant,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Simulation,
    Topic,
)
from sparksim.streaming.kafka import KafkaUtils
from sparksim.trace.events import GroupRebalanced

SEED = 1
lesson("17", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#                 topic "orders"                                 Spark
# producers       partition 0  [0][1][2][3][4] ──┐
#   (shop)  ────▶ partition 1  [0][1][2][3]    ──┼──▶ receiver ──▶ blocks ──▶ batch
#                 partition 2  [0][1][2][3][4] ──┘    (a consumer
#                               ▲ offsets              of a group)
#                                                        │
#                 ZooKeeper: "the group is at 4, 3, 4" ◀─┘ every so often
# ```
#
# Kafka in five minutes. A **topic** is a name for messages of one kind. It is cut into **partitions**. A partition is a
# log: new messages are written to its end, and each gets a number, its **offset**. Only within a partition is there an
# order. Reading removes nothing; messages go when they are too old (**retention**). Copies of a partition on several
# brokers, its **replicas**, let it survive the death of a broker.
#
# Programs read as members of a **consumer group**: Kafka gives each partition to exactly one member. The group stores
# how far it has read; who comes later in the same group goes on there.
#
# `KafkaUtils.createStream` starts one **receiver** that is such a consumer. From there on all is as in lesson 3: one
# core held for ever, blocks, batches.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
# 生产者          主题 "orders"                   Spark
#                 分区 0  [0][1][2][3][4] ──┐
# (shop)    ────▶ 分区 1  [0][1][2][3]    ──┼──▶ 接收器 ──▶ 数据块 ──▶ 批次
#                 分区 2  [0][1][2][3][4] ──┘     │
#                          ▲ 偏移量               └──▶ ZooKeeper："该组读到 4, 3, 4"，每隔一段时间写入
# ```
#
# 五分钟认识 Kafka。**主题**（topic）是一类消息的名字，它被切成若干**分区**（partition）。一个分区就是一份日志：
# 新消息写在末尾，每条得到一个编号，即**偏移量**（offset）。只有在同一分区之内才有先后顺序。读取不会删除任何东西；
# 消息过旧才会被删除，即**保留期**（retention）。一个分区在几个 broker 上各有一份**副本**（replica），因此 broker 死掉时它仍然存在。
#
# 程序以**消费组**（consumer group）成员的身份读取：每个分区恰好分给组内一个成员。组会保存自己读到了哪里；
# 后来加入同一个组的成员从那里继续。
#
# `KafkaUtils.createStream` 启动一个**接收器**（receiver），它就是这样的消费者。此后一切与第 3 课相同：永远占住一个核心、数据块、批次。

# %% [markdown] lang="en"
# ## The program, live
#
# librdkafka, Kafka's client library in C, has a small broker built in for tests. Here it runs inside this notebook, with
# a topic of four partitions, and gets twelve orders. They are there before the program starts.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# Kafka 的 C 语言客户端库 librdkafka 自带一个用于测试的小 broker。这里它就运行在本笔记本内，主题有四个分区，收到十二份订单。
# 在程序启动之前，它们已经在那里了。


# %%
def orders(ssc, address, threads=1, **more_settings):
    """The orders as a stream of texts, through one receiver of the group "counter"."""
    settings = {
        "bootstrap.servers": address,  # for live brokers only: they have no ZooKeeper
        "auto.offset.reset": "smallest",  # a group that has stored nothing begins at the beginning
        **more_settings,
    }
    topics = {"orders": threads}  # topic: how many threads of the receiver read it
    messages = KafkaUtils.createStream(ssc, address, "counter", topics, settings)
    return messages.map(lambda message: message[1])  # a message is a pair (key, value)


broker = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 2})
[address] = [f"{each.host}:{each.port}" for each in broker.list_topics().brokers.values()]
for number in range(12):
    broker.produce("orders", f"order {number}", partition=number % 4)
broker.flush()

seen = []


def collect(ssc):
    orders(ssc, address).foreachRDD(lambda rdd: seen.extend(rdd.collect()))


def wait_for_twelve():  # to join a group takes some seconds
    give_up = time.monotonic() + 30
    while len(seen) < 12 and time.monotonic() < give_up:
        time.sleep(0.05)


run = live(collect, batch=1.0, until=0.5, meanwhile=[(0, wait_for_twelve)])
print(len(run.receivers), "receiver,", len(seen), "orders")
print("partition 1, in its order:", [each for each in seen if each in ("order 1", "order 5", "order 9")])

# %% [markdown] lang="en"
# One receiver read all four partitions. With the brokers of a real cluster the program is the same, but for the address.

# %% [markdown] lang="zh"
# 一个接收器读完了全部四个分区。换成真正集群的 broker，程序不变，只是地址不同。

# %% [markdown] lang="en"
# ## Predict
#
# The topic has three partitions, and the receiver reads it with three threads, `{"orders": 3}`. Orders come all the
# time. Batches take 2 s, blocks 0.2 s. How many partitions has the RDD of a batch?

# %% [markdown] lang="zh"
# ## 预测
#
# 主题有三个分区，接收器用三个线程读它，即 `{"orders": 3}`。订单不断到来。批次 2 秒，数据块 0.2 秒。一个批次的 RDD 有几个分区？

# %% predict="partitions of a batch"
{
    "answer": 10,
    "why": (
        "The threads put their messages into the one buffer of the receiver, and that is cut every 0.2 s: 10 blocks, 10 "
        "partitions. The partitions of Kafka have no part in it.",
        "各线程把消息放进接收器唯一的缓冲区，缓冲区每 0.2 秒切一次：10 个数据块，即 10 个分区。Kafka 的分区与此无关。",
    ),
    "mistakes": {
        3: (
            "Three partitions in Kafka; but what are the partitions of the RDD made of, when there is a receiver?",
            "Kafka 中有三个分区；但有接收器时，RDD 的分区是由什么构成的？",
        ),
        30: (
            "Three threads, but one buffer that they all write to.",
            "有三个线程，但它们都写入同一个缓冲区。",
        ),
    },
}

# %% [markdown] lang="en"
# To receive in parallel, the program calls `createStream` four times, with the same group, and joins the streams with
# `union`. The topic still has three partitions. How many of the four receivers get messages?

# %% [markdown] lang="zh"
# 为了并行接收，程序用同一个组调用 `createStream` 四次，再用 `union` 合并这些流。主题仍然只有三个分区。四个接收器中有几个会收到消息？

# %% predict="receivers with messages"
{
    "answer": 3,
    "why": (
        "Each partition belongs to one member of the group. With three partitions the fourth member has none: it holds "
        "a core and waits.",
        "每个分区只属于组内的一个成员。只有三个分区，第四个成员一无所得：它占着一个核心空等。",
    ),
    "mistakes": {
        4: (
            "Can two members of a group share a partition?",
            "同一组的两个成员能共用一个分区吗？",
        ),
        1: (
            "They are in the same group, but each is a member of its own.",
            "它们在同一个组里，但各自是独立的成员。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Thirty orders per second, dealt to the three partitions in turn. The cluster is a value as well: topics, producers, brokers.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 每秒三十份订单，轮流写入各分区。集群同样是一个值：主题、生产者、broker。


# %%
def kafka():
    shop = Producer("orders", Constant(rate=30), partitioner="round-robin", acks="all", name="shop")
    return {"localhost:9092": KafkaCluster([Topic("orders", partitions=3)], [shop])}


def count(ssc, receivers=1, threads=1, commit_ms=60000):
    settings = {"auto.commit.interval.ms": str(commit_ms), "zookeeper.session.timeout.ms": "400"}
    streams = [orders(ssc, "localhost:2181", threads, **settings) for _ in range(receivers)]
    ssc.union(*streams).count().pprint()


def simulated(program, until=11, **more):
    settings = {"cluster": Cluster(executors=3, cores=2), "batch": 2.0, "seed": SEED, **more}
    return Simulation(program, network=kafka(), **settings).run(until=until)


run = simulated(count)
run.figure()

# %% [markdown] lang="en"
# Nothing new under the receiver. Now more threads, then more receivers:

# %% [markdown] lang="zh"
# 接收器之下没有任何新东西。现在增加线程，再增加接收器：

# %%
print("receivers  threads each  partitions of a batch  messages per receiver")
for receivers, threads in [(1, 1), (1, 3), (2, 1), (3, 1), (4, 1)]:
    run = simulated(partial(count, receivers=receivers, threads=threads))
    messages = run.receivers.column("records")
    print(f"{receivers:>9}  {threads:>12}  {run.batches[2].blocks:>21}  {messages}")
print()
confirm("partitions of a batch", simulated(partial(count, threads=3)).batches[2].blocks)
confirm("receivers with messages", sum(got > 0 for got in messages))

# %% [markdown] lang="en"
# More threads change nothing that Spark sees: Kafka gives each thread a partition, but all three fill one buffer. More
# receivers do: each makes blocks of its own. How Kafka shared the partitions out, last time:

# %% [markdown] lang="zh"
# 线程再多，Spark 看到的也没有变化：Kafka 给每个线程一个分区，但三个线程填的是同一个缓冲区。接收器多了则不同：
# 每个接收器产生自己的数据块。最后一次运行中 Kafka 是这样分配分区的：

# %%
last = list(run.trace.of(GroupRebalanced))[-1]
for member, partitions in last.assignments:
    print(member, *partitions)

# %% [markdown] lang="en"
# ## Break it
#
# The offsets of the group lie in ZooKeeper. The consumer writes them there by itself (**auto commit**), every
# `auto.commit.interval.ms`: how far it has *read*. It does not know whether a batch has counted what it read.
#
# The driver dies at 7.3 s, its executors with it, and comes back a second later with its checkpoint. First the consumer
# commits twice a second. An order of second 6 was read and committed, and its block waited for the batch of second 8. Is
# it "lost", counted "once" or counted "twice"?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 消费组的偏移量存放在 ZooKeeper 中，由消费者自己写入（**自动提交**，auto commit），间隔为 `auto.commit.interval.ms`；
# 写的是它*读*到了哪里。它并不知道某个批次是否已经统计了它读到的东西。
#
# 驱动程序（driver）在 7.3 秒死亡，它的执行器（executor）也随之死亡；一秒后它带着检查点（checkpoint）回来。
# 先看消费者每秒提交两次的情形：第 6 秒的一份订单已被读取并提交，它的数据块正等待第 8 秒的批次。这份订单会怎样？
# 丢失（"lost"）、统计一次（"once"），还是统计两次（"twice"）？

# %% predict="committed and waiting"
{
    "answer": "lost",
    "why": (
        "Its block was in the memory of executors, and they died with the driver. Kafka still has the order, but the "
        "group says that it is done with it, so the new receiver begins behind it.",
        "它的数据块在执行器的内存里，而执行器随驱动程序一起死了。Kafka 里仍有这份订单，但消费组声称已经处理完它，"
        "所以新的接收器从它之后开始读。",
    ),
    "mistakes": {
        "once": (
            "Kafka still has it. But from which offset does the new receiver read?",
            "Kafka 里确实还有它。但新的接收器从哪个偏移量开始读？",
        ),
        "twice": (
            "That is what happens to what was counted and not yet committed.",
            "已被统计而尚未提交的订单才会这样。",
        ),
    },
}

# %% [markdown] lang="en"
# Now the consumer commits every 60 s, Kafka's old default, so before the crash it has committed nothing. How many of
# the orders are lost?

# %% [markdown] lang="zh"
# 现在消费者每 60 秒才提交一次（Kafka 当年的默认值），因此在崩溃之前它什么都没有提交。会丢失多少份订单？

# %% predict="lost with rare commits"
{
    "answer": 0,
    "why": (
        "The new receiver knows no offset and begins at the beginning. Nothing is lost, and all that had been counted "
        "is counted again.",
        "新的接收器不知道任何偏移量，从头开始读。什么都没有丢失，但此前统计过的全部再统计一遍。",
    ),
}

# %%
DIES = [DriverCrash(7.3, restart_after=1)]


def crashed(commit_ms, log=False, faults=DIES):
    more = {"checkpoint": "sim://checkpoint", "faults": faults}
    if log:  # one copy in memory is enough then
        more["conf"] = {"spark.streaming.receiver.writeAheadLog.enable": True}
        more["storage_level"] = StorageLevel.MEMORY_AND_DISK
    return simulated(partial(count, commit_ms=commit_ms), until=19.49, **more)


def ends(run):
    """How many orders ended how. Pending ones, of the last batch, are left out."""
    outcomes = Counter(run.delivery.produced.column("outcome"))
    return {outcome: outcomes[outcome] for outcome in ("once", "n times", "lost")}


frequent, rare = crashed(500), crashed(60000)
[waiting] = frequent.delivery.produced.where(record=180)  # of second 6, in a block for second 8
confirm("committed and waiting", waiting.outcome)
confirm("lost with rare commits", ends(rare)["lost"])
print("commits every 0.5 s:", ends(frequent))
print("commits every 60 s: ", ends(rare))

# %% [markdown] lang="en"
# The warnings are of the new driver: it runs batches again, and their blocks are gone with the executors. The way of our
# order, from the shop to nowhere: its offset was stored before it was processed.

# %% [markdown] lang="zh"
# 警告来自新的驱动程序：它重新运行一些批次，而它们的数据块已随执行器一起消失。这份订单的全部经历：
# 它的偏移量先被保存，而它本身还没有被处理。

# %%
run = frequent
for row in run.delivery.story("shop", waiting.record):
    print(f"{row.time_ms / 1000:7.3f} s  {row.what}")

# %% [markdown] lang="en"
# And the same for all orders at once: each from left to right, from its producer to its batch.

# %% [markdown] lang="zh"
# 再一次看全部订单：每一份从左到右，从生产者到批次。

# %%
run.delivery.figure()

# %% [markdown] lang="en"
# Offsets that are stored by the clock protect nobody: too early, and orders are lost; too late, and they are counted
# twice. With a **write-ahead log** Spark takes another receiver (`ReliableKafkaReceiver`): auto commit is off, and the
# offsets of a block go to ZooKeeper only after the block is in the log.

# %% [markdown] lang="zh"
# 按时钟保存偏移量谁也保护不了：提交早了，订单会丢失；提交晚了，订单会统计两次。启用**预写日志**（write-ahead log, WAL）后，
# Spark 换用另一种接收器（`ReliableKafkaReceiver`）：自动提交被关闭，一个数据块进入日志之后，它的偏移量才写入 ZooKeeper。

# %%
executor_dies = [ExecutorCrash("receiver", at=7.3)]
ways = [("every 0.5 s", 500, False), ("every 60 s", 60000, False), ("behind log", 500, True)]
print("who dies  commits      once  n times  lost")
for who, faults in [("driver", DIES), ("executor", executor_dies)]:
    for commits, ms, log in ways:
        end = ends(crashed(ms, log, faults))
        print(f"{who:<8}  {commits:<11}  {end['once']:>4}  {end['n times']:>7}  {end['lost']:>4}")

# %% [markdown] lang="en"
# With the log no order is lost, and some are still counted again: **at least once**. A block may be in the log while its
# offsets did not reach ZooKeeper in time; and a driver that comes back runs batches again.

# %% [markdown] lang="zh"
# 有了日志，订单不再丢失，但仍有一些被重复统计：**至少一次**（at least once）。数据块可能已在日志中，而它的偏移量没来得及写入
# ZooKeeper；而且恢复的驱动程序会重新运行一些批次。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Twenty receivers read twenty times as fast."** A well-known example starts 20 receivers on `local[2]`. Each holds a
# core for ever. Two of them run, the other eighteen wait for a core that never comes free, and no batch is ever
# processed. Here is that program on one executor with two cores:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“二十个接收器，读取快二十倍。”** 有个流传很广的例子在 `local[2]` 上启动 20 个接收器。每个接收器永远占住一个核心：
# 两个在运行，另外十八个等待永远不会空出来的核心，没有一个批次被处理。下面让这个程序在只有两个核心的一个执行器上运行：

# %%
run = simulated(partial(count, receivers=20), cluster=Cluster(executors=1, cores=2))
print(len(run.receivers), "receivers run;", run.delivery.count("once"), "orders are counted")
for row in run.batches:
    print(f"batch of second {row.batch_time_ms // 1000}: {row.records} orders, {row.status}")

# %% [markdown] lang="en"
# *Source: `ReceiverTracker` runs each receiver as a job with one task that does not end.* Cores needed: one per
# receiver, and at least one more.
#
# **"The number beside the topic makes more partitions."** It is the number of threads within one receiver. *Source:
# `KafkaInputDStream.scala`; the table above.*
#
# **"Kafka keeps the messages, so nothing can be lost."** It keeps them, and the group does not ask for them again: order
# 180 above.
#
# **"With the log it is exactly once."** It is at least once. *Source: `ReliableKafkaReceiver` commits after it has stored;
# between the two lies a crash.*

# %% [markdown] lang="zh"
# *来源：`ReceiverTracker` 把每个接收器作为一个只有一个任务且永不结束的作业来运行。* 所需核心数：每个接收器一个，再加至少一个。
#
# **“主题旁边的数字能增加分区。”** 那是一个接收器内部的线程数。*来源：`KafkaInputDStream.scala`；以及上面的表。*
#
# **“Kafka 保存着消息，所以不会丢。”** 它确实保存着，但消费组不会再去要它们，就像上面的第 180 号订单。
#
# **“有了日志就是恰好一次（exactly once）。”** 是至少一次。*来源：`ReliableKafkaReceiver` 先存储、后提交；崩溃可能就发生在两者之间。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# `createStream` belongs to Kafka 0.8's module (deprecated since Spark 2.3, gone in 3.0), and Kafka itself has given up
# ZooKeeper; the simulation still has one, because it explains where offsets were. A new group waits 3 s for more
# members on a real broker, here not at all. Here a receiver that died is noticed by ZooKeeper after 0.4 s, by default after 6 s.
# The consumer's own prefetching is small here. A real commit interval and a real crash meet at random: the numbers of
# your cluster differ, their pattern does not.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# `createStream` 属于 Kafka 0.8 的模块（Spark 2.3 起弃用，3.0 中已移除），Kafka 自身也已放弃 ZooKeeper；模拟中仍然有它，
# 因为它能说明偏移量放在哪里。在真实的 broker 上，新的消费组会等待 3 秒让更多成员加入，这里不等待。这里 ZooKeeper 在 0.4 秒后就发现接收器死亡，
# 默认是 6 秒。消费者自身的预取在这里很小。真实的提交间隔与真实的崩溃随机相遇：你的集群上数字会不同，规律不变。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A program reads three topics, each with two threads, in two streams: `createStream(..., {"a": 2, "b": 2})` and
#    `createStream(..., {"c": 2})`. How many receivers, threads and cores?
#
# <details><summary>Answer</summary>
#
# Two receivers, six threads, and at least three cores: one per receiver, and one to process batches.
# </details>
#
# 2. The consumer commits every 0.5 s. Only the receiver's executor dies, the driver lives. The blocks have two copies.
#    Are the orders in them lost?
#
# <details><summary>Answer</summary>
#
# No: the other copy is on a living executor. What was still in the buffer and committed is lost; what was in a block and
# not yet committed comes twice.
# </details>
#
# 3. You restart the program under another group name, with `auto.offset.reset` "largest". What is missing?
#
# <details><summary>Answer</summary>
#
# A new group has stored nothing, so it begins at the end: all that was written while the program was down is skipped.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个程序用两个流读三个主题，每个主题两个线程：`createStream(..., {"a": 2, "b": 2})` 和 `createStream(..., {"c": 2})`。
#    需要几个接收器、几个线程、几个核心？
#
# <details><summary>答案</summary>
#
# 两个接收器，六个线程，至少三个核心：每个接收器一个，再留一个处理批次。
# </details>
#
# 2. 消费者每 0.5 秒提交一次。只有接收器所在的执行器死亡，驱动程序活着。数据块有两份副本。其中的订单会丢失吗？
#
# <details><summary>答案</summary>
#
# 不会：另一份副本在活着的执行器上。还在缓冲区中且已提交的会丢失；已在数据块中而尚未提交的会重复。
# </details>
#
# 3. 换一个组名重新启动程序，并把 `auto.offset.reset` 设为 "largest"。会缺少什么？
#
# <details><summary>答案</summary>
#
# 新的组没有保存过任何偏移量，于是从末尾开始：程序停机期间写入的全部被跳过。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 17](../../exercises/en/ex17_kafka_receiver.ipynb): two topics, two receivers, and runs in which something
# went wrong. `sparksim grade 17` says how far you are. Next: lesson 18, where Kafka is read without a receiver.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 17](../../exercises/zh/ex17_kafka_receiver.ipynb)：两个主题、两个接收器，以及几次出了问题的运行。
# `sparksim grade 17` 会告诉你做到了哪一步。下一课是第 18 课：不用接收器读取 Kafka。
