# %% [markdown] lang="en"
# # 19. Exactly once: where the offsets lie, and how results are written
#
# **The question.** A direct stream can read every message exactly once, they say. Then the driver dies, and some orders
# stand in the table twice, or not at all. What decides that: Kafka, Spark, or your program?
#
# *About 35 minutes. You need lesson 18 (offset ranges) and lesson 14 (checkpoints).*

# %% [markdown] lang="zh"
# # 19. 恰好一次：偏移量放在哪里，结果怎样写出
#
# **问题。** 据说直连流能让每条消息恰好读一次。然后驱动程序死了，有些订单在结果表里出现两次，有些根本没有。
# 这由谁决定：Kafka、Spark，还是你的程序？
#
# *约 35 分钟。需要第 18 课（偏移量范围）和第 14 课（检查点）。*

# %%
import logging
from collections import Counter
from functools import partial

from confluent_kafka import Producer as KafkaProducer

from sparksim import TaskContext
from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import (
    AtBatch,
    Cluster,
    CostModel,
    DriverCrash,
    KafkaCluster,
    Producer,
    Replay,
    Simulation,
    Topic,
    sink,
)
from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    TopicPartition,
)
from sparksim.trace.events import OffsetsCommitted

SEED = 1
lesson("19", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#           read a range                 write
#  Kafka ───────────────▶ batch ───────────────────▶ table of results
#    ▲                      │
#    └── begin here after   └──────────────────────▶ offsets: "done up to here"
#        a crash                    store
# ```
#
# A batch leaves two marks: its results, and the offsets that say "done up to here". A crash can come between the two.
#
# | order | a crash in between | it is called |
# |---|---|---|
# | offsets first | the next driver begins behind messages that were never written | **at most once** |
# | results first | the next driver reads them again and writes them again | **at least once** |
# | both in one transaction | both are there, or neither | **exactly once** |
# | results first, and written again they change nothing (**idempotent**) | the same rows, written twice | **exactly once**, in effect |
#
# Offsets can lie in Spark's checkpoint, in ZooKeeper (Kafka 0.8), in Kafka itself (`commitAsync`), or in the database of
# the results. Results can be inserted, upserted (the row of this key, new or not), or written in a transaction. You choose
# both.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  Kafka
#    │
#    ▼  读取一段范围
#  批次
#    ├──▶ 写出：结果表
#    │
#    └──▶ 保存：偏移量，“到此为止已完成”；崩溃之后，从这里开始读 Kafka
# ```
#
# 一个批次（batch）留下两个痕迹：它的结果，以及表示“到此为止已完成”的偏移量（offset）。崩溃可能恰好发生在两者之间。
#
# | 顺序 | 崩溃发生在中间 | 称为 |
# |---|---|---|
# | 先写偏移量 | 下一个驱动程序（driver）从尚未写出的消息之后开始 | **至多一次**（at most once） |
# | 先写结果 | 下一个驱动程序再读一遍、再写一遍 | **至少一次**（at least once） |
# | 两者在同一事务中 | 要么都在，要么都不在 | **恰好一次**（exactly once） |
# | 先写结果，但重写不改变任何东西（**幂等**，idempotent） | 同样的行写了两遍 | 效果上的**恰好一次** |
#
# 偏移量可以放在 Spark 的检查点（checkpoint）、ZooKeeper（Kafka 0.8）、Kafka 自身（`commitAsync`），或结果所在的数据库。
# 结果可以用插入（insert）、更新插入（upsert，即写这个键所在的行，有则更新，无则新建），或在事务（transaction）中写出。两者都由你选择。

# %% [markdown] lang="en"
# ## The program, live
#
# Results and offsets in one transaction. A `sink` is this course's database: a table outside of all drivers and executors,
# with transactions. The program runs twice on the same sink, as after a restart: six orders are there at the first start,
# four more come between the two runs.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 结果和偏移量在同一个事务中。`sink` 是本课程的数据库：一张在所有驱动程序和执行器（executor）之外的表，支持事务。
# 程序在同一个 sink 上运行两次，就像重启一样：第一次启动时已有六份订单，两次运行之间又到来四份。


# %%
def settings(address, auto_commit=False):
    return {
        "bootstrap.servers": address,
        "group.id": "shop",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": auto_commit,
        "auto.commit.interval.ms": "500",
        "session.timeout.ms": "6000",  # a dead driver keeps its partitions that long
    }


def both_or_neither(table, rdd, ranges):
    def write(records):  # a task has one range, that of its partition
        mine = ranges[TaskContext.get().partitionId()]
        with table.transaction():
            if not table.holds(mine):  # else an earlier attempt has written all this
                for record in records:
                    table.insert(record.value, 1, record)
                table.store_offsets(mine)

    rdd.foreachPartition(write)


broker = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 2})
[address] = [f"{each.host}:{each.port}" for each in broker.list_topics().brokers.values()]
live_table = sink("live orders")


def send(numbers):
    for number in numbers:
        broker.produce("orders", f"order {number}", partition=number % 2)
    broker.flush()


def live_shop(ssc):
    partitions = [TopicPartition("orders", number) for number in range(2)]
    begin = live_table.offsets()  # where the table says; empty at the first start
    strategy = ConsumerStrategies.Assign(partitions, settings(address), begin)
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
    stream.foreachRDD(lambda rdd: both_or_neither(live_table, rdd, rdd.offsetRanges()))


logging.getLogger("sparksim.streaming").setLevel(logging.ERROR)  # the warnings of lesson 18
for come in (range(6), range(6, 10)):
    send(come)
    live(live_shop, batch=1.0, until=1.5)
    print(len(live_table.rows), "rows,", "offsets", sorted(live_table.offsets().values()))

# %% [markdown] lang="en"
# ## Predict
#
# In the simulation 60 orders come in 3 s, to two partitions. Batches take 1 s and somewhat more to process, so they queue a
# little. The driver dies at 3.2 s, when a batch is half written, and is back a second later, without a checkpoint: it
# begins at the offsets that Kafka keeps for its group.
#
# First: the program inserts a row per order, and after that calls `commitAsync`. After the crash, are there orders that
# are "lost" (no row), "doubled" (two rows), or "neither"?

# %% [markdown] lang="zh"
# ## 预测
#
# 模拟中，60 份订单在 3 秒内到达两个分区（partition）。批次间隔 1 秒，而处理要略长一些，因此会有点排队。
# 驱动程序在 3.2 秒死亡，当时有一个批次正写到一半；一秒后它恢复，没有检查点：它从 Kafka 为其消费组（consumer group）保存的偏移量开始。
#
# 第一种：程序为每份订单插入一行，之后调用 `commitAsync`。崩溃之后，会有订单丢失（"lost"，没有行）、
# 重复（"doubled"，有两行），还是都没有（"neither"）？

# %% predict="insert, then commitAsync"
{
    "answer": "doubled",
    "why": (
        "Rows first, offsets later: what was written and not yet committed is read and inserted again.",
        "先写行，后提交偏移量：已写出而尚未提交的，会被再读一遍、再插入一遍。",
    ),
    "mistakes": {
        "neither": (
            "The stream reads exactly once; but the rows and the offsets are two marks. Which one is written first?",
            "流的读取是恰好一次；但行和偏移量是两个痕迹。哪一个先写？",
        ),
        "lost": ("That takes offsets that are stored before the rows.", "那需要偏移量先于行保存。"),
    },
}

# %% [markdown] lang="en"
# Second: nothing is committed by hand, and `enable.auto.commit` is true, which is Kafka's default. (A well-known example
# for Kafka 0.10 leaves the setting out.) The same crash: "lost", "doubled" or "neither"?

# %% [markdown] lang="zh"
# 第二种：程序不手动提交，而 `enable.auto.commit` 为 true，这是 Kafka 的默认值。（有个流传很广的 Kafka 0.10 例子就没有写这个设置。）
# 同样的崩溃："lost"、"doubled" 还是 "neither"？

# %% predict="auto commit"
{
    "answer": "lost",
    "why": (
        "The driver's consumer stands at the end of the log each time it has made a batch, and commits that by the "
        "clock. The batch itself may still wait in the queue.",
        "驱动程序的消费者每生成一个批次，就站到日志的末尾，并按时钟提交这个位置。而批次本身可能还在排队。",
    ),
    "mistakes": {
        "neither": (
            "Whose position does the driver's consumer commit, and has its batch been written by then?",
            "驱动程序的消费者提交的是什么位置？那时对应的批次写完了吗？",
        ),
        "doubled": (
            "That happens to what is written and not committed. Which of the two comes first here?",
            "已写出而未提交的才会重复。这里哪一个先发生？",
        ),
    },
}

# %% [markdown] lang="en"
# Third: rows and offsets in one transaction, as in the live program. "lost", "doubled" or "neither"?

# %% [markdown] lang="zh"
# 第三种：行和偏移量在同一个事务中，与真实运行的程序一样。"lost"、"doubled" 还是 "neither"？

# %% predict="one transaction"
{
    "answer": "neither",
    "why": (
        "The crash undoes an open transaction as a whole. The next driver begins where the table says.",
        "崩溃会把未完成的事务整体撤销。下一个驱动程序从表中记录的位置开始。",
    ),
    "mistakes": {
        "doubled": (
            "For that, rows must be there whose offsets are not. What does a transaction promise?",
            "那需要行已经写入、而偏移量没有。事务保证了什么？",
        ),
        "lost": (
            "For that, offsets must be there whose rows are not. What does a transaction promise?",
            "那需要偏移量已经写入、而行没有。事务保证了什么？",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three ways to write, and five ways to keep the offsets. Where the table does not keep the offsets, a transaction needs
# a name by which it knows a batch that comes again; Spark's guide proposes the time of the batch and the number of the
# partition.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三种写法，五种保存偏移量的方式。如果表不保存偏移量，事务就需要一个名字来认出再次到来的批次；
# Spark 的指南建议用批次时间加分区编号。

# %%
TABLE = sink("orders")


def insert(time, rdd, ranges):
    rdd.foreach(lambda record: TABLE.insert(record.value, 1, record))
    TABLE.store_offsets(ranges)


def upsert(time, rdd, ranges):
    rdd.foreach(lambda record: TABLE.upsert(record.value, 1, record))
    TABLE.store_offsets(ranges)


def transaction(time, rdd, ranges):
    if ranges:
        both_or_neither(TABLE, rdd, ranges)
        return

    def write(records):
        name = f"batch {time:%H:%M:%S}, partition {TaskContext.get().partitionId()}"
        with TABLE.transaction():
            if not TABLE.get(name):
                TABLE.insert(name, True)
                for record in records:
                    TABLE.insert(record.value, 1, record)

    rdd.foreachPartition(write)


def shop(ssc, write, store):
    begin = TABLE.offsets() if store == "the table" else {}
    kafka_settings = settings("localhost:9092", auto_commit=store == "auto commit")
    strategy = ConsumerStrategies.Subscribe(["orders"], kafka_settings, begin)
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save(time, rdd):
        ranges = rdd.offsetRanges()
        if store == "commitAsync before":
            stream.commitAsync(ranges)
        write(time, rdd, ranges if store == "the table" else [])
        if store == "commitAsync after":
            stream.commitAsync(ranges)

    stream.foreachRDD(save)


ORDERS = [f"order {number}" for number in range(60)]
SLOW = CostModel(record_ms=110)  # ms that an order costs


def simulated(write, store, faults, until=14.0, cost=SLOW):
    typed = Replay([(number / 20, order) for number, order in enumerate(ORDERS)])
    producer = Producer("orders", typed, partitioner="round-robin", acks="all", name="shop")
    return Simulation(
        partial(shop, write=write, store=store),
        network={"localhost:9092": KafkaCluster([Topic("orders", partitions=2)], [producer])},
        cluster=Cluster(executors=3, cores=2),
        cost=cost,
        faults=faults,
        checkpoint="sim://checkpoint" if store == "checkpoint" else None,
        seed=SEED,
    ).run(until=until)


def lost_and_doubled(run):
    """How many orders have no row, and how many have more than one."""
    rows = Counter(run.sink("orders").rows.column("key"))
    return sum(rows[order] == 0 for order in ORDERS), sum(rows[order] > 1 for order in ORDERS)


def said(run):
    lost, doubled = lost_and_doubled(run)
    return "lost" if lost else "doubled" if doubled else "neither"


DIES = [DriverCrash(3.2, restart_after=1)]
run = simulated(insert, "auto commit", DIES)
confirm("insert, then commitAsync", said(simulated(insert, "commitAsync after", DIES)))
confirm("auto commit", said(run))
confirm("one transaction", said(simulated(transaction, "the table", DIES)))

# %% [markdown] lang="en"
# The run with auto commit, order by order, from the producer to the rows. The patterned ones were committed before their
# batch had ended. Some of them had got their row by then; those that are pale in the lane of the sink never get one. Kafka
# still has them, and the group never asks for them again.

# %% [markdown] lang="zh"
# 自动提交的那次运行，逐份订单来看，从生产者一直到行。带花纹的订单在其批次结束之前就已提交。其中一些当时已经有了行；
# 在 sink 一行中颜色很浅的那些，则永远不会有行。它们在 Kafka 里都还在，但消费组再也不会去要。

# %%
run.delivery.figure()

# %% [markdown] lang="en"
# When does `commitAsync` commit? Without a crash, and with the moment at which the rows of each batch were written:

# %% [markdown] lang="zh"
# `commitAsync` 到底什么时候提交？下面是没有崩溃的运行，并列出每个批次的行写完的时刻：

# %%
run = simulated(insert, "commitAsync after", [], until=6.5)
for row in run.batches:
    if row.records and row.processing_end_ms:
        ended = row.processing_end_ms / 1000
        print(f"batch of second {row.batch_time_ms // 1000}: written at {ended:.2f} s")
for event in run.trace.of(OffsetsCommitted):
    print(f"committed at {event.time_ms / 1000:.2f} s:", *(offset for _, offset in event.offsets))

# %% [markdown] lang="en"
# It only makes a note. The offsets go to Kafka when the **next batch is made**. So after each batch there is a gap, and what
# a program notes in its last batch is never committed.
#
# Now all of it: the driver dies at three moments, each a run of its own. A cell shows the worst of them, lost / doubled.

# %% [markdown] lang="zh"
# 它只是记下一笔。偏移量要到**生成下一个批次时**才发往 Kafka。所以每个批次之后都有一段空隙，而程序在最后一个批次中记下的，永远不会提交。
#
# 现在看全貌：驱动程序在三个时刻死亡，每个时刻单独一次运行。每一格给出最坏的结果：丢失 / 重复。

# %%
STORES = ("auto commit", "commitAsync before", "commitAsync after", "checkpoint", "the table")


def worst(write, store):
    crashes = [[DriverCrash(second, restart_after=1)] for second in (2.4, 3.2, 4.05)]
    found = [lost_and_doubled(simulated(write, store, crash)) for crash in crashes]
    lost, doubled = (max(column) for column in zip(*found, strict=True))
    return f"{lost} / {doubled}"


print(f"{'offsets':<20}{'insert':>9}{'upsert':>9}{'transaction':>14}")
for store in STORES:
    print(f"{store:<20}{worst(insert, store):>9}{worst(upsert, store):>9}{worst(transaction, store):>14}")

# %% [markdown] lang="en"
# Read it by lines. Offsets that may run ahead lose orders, and no way of writing helps. (Now and then they lag, too: at
# 2.4 s a batch was being written and nothing of it was committed yet, hence the 2.) Offsets that lag behind double
# inserts, also in the table itself when they are stored without a transaction; **upserts make every one of those lines right**, because an order that comes again writes its own row again. A
# transaction is only as good as the name by which it knows a batch again. After a restart from offsets in Kafka, a batch
# has another time and other ranges: the name "batch time and partition" does not help there. Offsets in the same
# transaction need no name.
#
# The page docs/semantics.md has the whole matrix, with receivers and ZooKeeper, from thousands of crashes.

# %% [markdown] lang="zh"
# 请逐行来看。可能跑到前面的偏移量会丢订单，任何写法都救不了。（它们偶尔也会落后：2.4 秒时有一个批次正在写出，而它的偏移量尚未提交，
# 所以有 2 份重复。）落在后面的偏移量会使插入重复，放在结果表里但不用事务时也是如此；**而更新插入使这样的几行都正确**，
# 因为再次到来的订单只是重写它自己的行。事务的好坏取决于它用什么名字认出一个批次。从 Kafka 中的偏移量重启之后，
# 批次的时间和范围都变了：“批次时间加分区”这个名字在那里不起作用。偏移量放在同一个事务中，就不需要名字。
#
# docs/semantics.md 给出完整的矩阵，包括接收器（receiver）和 ZooKeeper，来自数千次崩溃。

# %% [markdown] lang="en"
# ## Break it
#
# With a checkpoint a batch keeps its time: the next driver runs the unfinished ones again, with the same ranges. So the
# name "batch time and partition" was good in the table above. Now writing a checkpoint takes 0.8 s. The driver dies just
# after the batch of second 2 was written, before any file says that there is such a batch. Does every order get its row
# in the end, "yes" or "no"?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 有检查点时，批次保持自己的时间：下一个驱动程序以同样的范围重新运行未完成的批次。所以在上表中，“批次时间加分区”是个好名字。
# 现在写一次检查点要 0.8 秒。第 2 秒的批次刚写完，驱动程序就死了，此时还没有任何文件说有过这个批次。
# 最终每份订单都会有自己的行吗？"yes" 还是 "no"？

# %% predict="every order has its row"
{
    "answer": "no",
    "why": (
        "The next driver knows nothing of that batch and makes it anew: the same time, but a longer range, with all that "
        "came meanwhile. The table has that name already, and refuses the whole of it.",
        "下一个驱动程序不知道那个批次，于是重新生成：时间相同，但范围更长，包含了期间到来的一切。"
        "表中已有这个名字，于是整个拒绝。",
    ),
    "mistakes": {
        "yes": (
            "The name of the batch is the same after the restart. Is what is in it the same, too?",
            "重启之后批次的名字相同。里面的内容也相同吗？",
        ),
    },
}

# %%
run = simulated(
    transaction,
    "checkpoint",
    [DriverCrash(AtBatch(2, "processed"), restart_after=0.5)],
    cost=CostModel(record_ms=10, checkpoint_ms=800),
)
lost, doubled = lost_and_doubled(run)
confirm("every order has its row", "no" if lost else "yes")
print(lost, "of", len(ORDERS), "orders have no row")
refused = Counter((row.outcome, row.rows) for row in run.delivery.produced)
for (outcome, rows), orders in sorted(refused.items()):
    print(f"{orders:>3} orders: processed {outcome}, {rows} rows")

# %% [markdown] lang="en"
# The streaming page does not show it: no batch has failed, and all orders were processed. **Time and partition name a
# batch only once a checkpoint knows it.** The range of offsets is a better name: the same range always holds the same messages.

# %% [markdown] lang="zh"
# 在流的监控页上看不出来：没有批次失败，所有订单都处理过。**只有检查点知道了一个批次，时间加分区才能作为它的名字。**
# 偏移量范围是更好的名字：同一范围里永远是同样的消息。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Direct stream means exactly once."** It means that a message is *received* exactly once. What is *written* is your
# program's affair. *Source: Spark's programming guide, "Semantics of output operations".*
#
# **"The offsets are safe when `commitAsync` has returned."** It has made a note. *Source: `DirectKafkaInputDStream.commitAll`
# is called in `compute`.*
#
# **"`enable.auto.commit` may be left out."** Its default commits what was handed out, not what was done. *Source: Kafka's
# consumer settings; Spark's guide for Kafka 0.10, "Storing Offsets".*
#
# **"Batch time and partition are a unique identifier."** For a batch that a checkpoint knows, yes; see above.
#
# **"With a checkpoint I need no other offsets."** A program that was changed cannot use its old checkpoint: that brings
# the old functions back, or cannot be read (lesson 14). You delete it, and the offsets go with it.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“直连流就是恰好一次。”** 它的意思是消息恰好*接收*一次。*写出*是程序自己的事。
# *来源：Spark 编程指南“Semantics of output operations”一节。*
#
# **“`commitAsync` 返回之后偏移量就安全了。”** 它只记下一笔。*来源：`DirectKafkaInputDStream.commitAll` 在 `compute` 中被调用。*
#
# **“`enable.auto.commit` 可以不写。”** 它的默认行为提交的是已分发的，而不是已完成的。
# *来源：Kafka 消费者的设置；Spark 的 Kafka 0.10 指南“Storing Offsets”一节。*
#
# **“批次时间加分区是唯一标识。”** 对检查点知道的批次来说是；否则见上文。
#
# **“有了检查点就不需要别的偏移量。”** 修改过的程序用不了旧的检查点：它要么带回旧的函数，要么读不出来（第 14 课）。
# 只能把它删除，偏移量也随之丢失。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# A `sink` takes no time, has no locks and never refuses a connection; a database has all three, and two tasks that write the
# same row wait for each other. Moments are chosen here so that something happens; on a cluster a crash rarely falls into
# the gap of a few milliseconds, and over a year it does. A driver that was cut off and is still alive may write beside its
# successor; only offsets in the same transaction refuse it.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# `sink` 不花时间、没有锁、从不拒绝连接；数据库三者都有，写同一行的两个任务（task）要互相等待。这里的崩溃时刻是挑选过的，好让事情发生；
# 在集群上，崩溃很少正好落在几毫秒的空隙里，但一年之中总会有。一个被隔离却仍活着的驱动程序可能与后继者同时写；
# 只有同一事务中的偏移量才能拒绝它。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Results are totals per article (`total = total + n`), written with upserts; offsets go to Kafka with `commitAsync`
#    after that. Exactly once?
#
# <details><summary>Answer</summary>
#
# No. The write uses the old total, so a batch that comes again is added again: it is not idempotent. Write the offsets in
# the transaction of the totals.
# </details>
#
# 2. The offsets and the results are in the same database, but the program uses two transactions: results, then offsets.
#    What can happen?
#
# <details><summary>Answer</summary>
#
# A crash between the two: the next driver writes the results again. At least once.
# </details>
#
# 3. Each order has a row of its own and is upserted by its number, offsets lie in the checkpoint. Exactly once? And what
#    when two messages have the same number?
#
# <details><summary>Answer</summary>
#
# In effect, yes. Two messages with the same number share a row; take topic, partition and offset as the key if both should
# count.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 结果是每种商品的总数（`total = total + n`），用更新插入写出；之后用 `commitAsync` 把偏移量提交到 Kafka。是恰好一次吗？
#
# <details><summary>答案</summary>
#
# 不是。写入用到了旧的总数，再次到来的批次会再加一次：它不是幂等的。请把偏移量写进总数的事务中。
# </details>
#
# 2. 偏移量和结果在同一个数据库中，但程序用了两个事务：先结果，后偏移量。会发生什么？
#
# <details><summary>答案</summary>
#
# 崩溃可能发生在两者之间：下一个驱动程序会再写一遍结果。这是至少一次。
# </details>
#
# 3. 每份订单有自己的一行，按订单号更新插入，偏移量在检查点中。是恰好一次吗？如果两条消息有同一个订单号呢？
#
# <details><summary>答案</summary>
#
# 效果上是。两条同号的消息共用一行；如果两条都要计入，请以主题、分区和偏移量为键。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 19](../../exercises/en/ex19_delivery_semantics.ipynb): write totals that a crash cannot change, and tell from a
# run what it guarantees. `sparksim grade 19` says how far you are. Next: lesson 20.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 19](../../exercises/zh/ex19_delivery_semantics.ipynb)：写出崩溃也改变不了的总数，并从一次运行看出它保证了什么。
# `sparksim grade 19` 会告诉你做到了哪一步。下一课是第 20 课。
