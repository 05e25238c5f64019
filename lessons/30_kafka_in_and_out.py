# %% [markdown] lang="en"
# # 30. Kafka in and out: where a query stands, and what is written twice
#
# **The question.** A query reads a topic of Kafka and writes to another one. It dies, and starts again. Who remembers how
# far it had read? What if Kafka has deleted the rest meanwhile? And is every answer in the second topic once?
#
# *About 40 minutes. You need lessons 18 (offsets) and 23 (queries and their checkpoints), and for the end lesson 28.*

# %% [markdown] lang="zh"
# # 30. Kafka 的读入与写出：查询读到了哪里，什么被写了两次
#
# **问题。** 一个查询读取 Kafka 的一个主题（topic），写入另一个主题。它死了，又重新启动。谁记得它读到了哪里？
# 如果在此期间 Kafka 删除了剩下的部分会怎样？第二个主题里每个答案都恰好一份吗？
#
# *约 40 分钟。需要第 18 课（偏移量）和第 23 课（查询及其检查点），结尾处用到第 28 课。*

# %%
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

from confluent_kafka import Producer as KafkaProducer

from sparksim.core.errors import IllegalArgumentError
from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, DriverCrash, KafkaCluster, Producer, QuerySimulation, Replay, Topic, sink
from sparksim.sim.kafka import AddPartitions
from sparksim.sql import SparkSession
from sparksim.sql.utils import AnalysisException
from sparksim.trace.events import RecordsLost
from sparksim.trace.query_events import QueryBatchPlanned

SEED = 1
lesson("30", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  topic orders                       query                              topic bills
#  0  ....[4 .. 7)....   ──▶   batch 5 = 0: 4 to 7, 1: 3 to 5    ──▶     written by the tasks,
#  1  ...[3 .. 5).....         one task for each partition               at least once
#                                      │
#                        checkpoint    ▼
#                        sources/0/0   {"orders":{"0":2,"1":2}}    where it began
#                        offsets/5     {"orders":{"0":7,"1":5}}    batch 5 ends before these
#                        commits/5                                 batch 5 is done
# ```
#
# As with the direct stream of lesson 18, a batch is a **range of offsets** of each partition, and one task reads one
# partition. What is different is the memory. **The offsets are in the checkpoint of the query and nowhere else**: nothing
# is committed to Kafka, and no consumer group knows where the query stands. An offset in the checkpoint is that of the
# *next* message to read.
#
# A message is a row with seven columns:
#
# | column | type | |
# |---|---|---|
# | `key`, `value` | binary | bytes, always: cast them |
# | `topic`, `partition`, `offset` | string, int, bigint | where the message lies |
# | `timestamp`, `timestampType` | timestamp, int | when it was made (type 0) or written to the log (type 1) |
#
# And to write, a row needs a column `value`, may have a `key`, and a topic: from the option `topic`, or else from a
# column `topic`.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  topic orders                       query                              topic bills
#  0  ....[4 .. 7)....   ──▶   batch 5 = 0: 4 to 7, 1: 3 to 5    ──▶     written by the tasks,
#  1  ...[3 .. 5).....         one task for each partition               at least once
#                                      │
#                        checkpoint    ▼
#                        sources/0/0   {"orders":{"0":2,"1":2}}    where it began
#                        offsets/5     {"orders":{"0":7,"1":5}}    batch 5 ends before these
#                        commits/5                                 batch 5 is done
# ```
#
# 与第 18 课的直连流一样，一个批次（batch）是每个分区（partition）的一段**偏移量**（offset）范围，一个任务（task）读一个分区。
# 不同的是记忆：**偏移量在查询的检查点（checkpoint）里，别处都没有**。不向 Kafka 提交任何东西，也没有消费组（consumer group）知道查询读到了哪里。
# 检查点中的偏移量是*下一条*要读的消息的偏移量。
#
# 一条消息是一行，有七列：
#
# | 列 | 类型 | |
# |---|---|---|
# | `key`、`value` | binary | 总是字节：要转换（cast） |
# | `topic`、`partition`、`offset` | string、int、bigint | 消息所在的位置 |
# | `timestamp`、`timestampType` | timestamp、int | 消息产生的时间（类型 0）或写入日志的时间（类型 1） |
#
# 写出时，一行需要有 `value` 列，可以有 `key`，还要有主题：来自选项 `topic`，没有这个选项则来自 `topic` 列。

# %% [markdown] lang="en"
# ## The program, live
#
# The small broker of lessons 17 and 18 runs inside this notebook. The orders are written by Spark itself, with an ordinary
# **batch write**. (Other columns would be left out; since Spark 3.0 a column `partition` is obeyed.)

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 第 17、18 课的小 broker 就运行在本笔记本内。订单由 Spark 自己写入，用的是普通的**批量写**。
# （其他列会被忽略；从 Spark 3.0 起，`partition` 列会被采用。）

# %%
broker = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 2})
[ADDRESS] = [f"{each.host}:{each.port}" for each in broker.list_topics().brokers.values()]
SERVERS = "kafka.bootstrap.servers"
spark = SparkSession.builder.master("local[2]").appName("orders").getOrCreate()


def send(*orders):
    """Each is a partition, who orders, and what."""
    rows = spark.createDataFrame(orders, "partition int, key string, value string")
    rows.write.format("kafka").option(SERVERS, ADDRESS).option("topic", "orders").save()


def orders(reader, address=ADDRESS):
    return reader.format("kafka").option(SERVERS, address).option("subscribe", "orders")


send((0, "ann", "3 apples"), (1, "bob", "1 pear"))
send((0, "ann", "2 pears"), (1, "cleo", "5 apples"))
table = orders(spark.read).load()
table.printSchema()
table.select("key", "value", "partition", "offset").orderBy("partition", "offset").show(truncate=False)

# %% [markdown] lang="en"
# This was a **batch read**: the topic as a table, from its earliest message to the latest one that was there when `load`
# looked. Both of a write's tasks send at once, so that only messages of two writes have a certain order. `show` writes bytes as hexadecimal numbers. Cast them, and take the text apart:

# %% [markdown] lang="zh"
# 这是一次**批量读**：把主题当作一张表，从最早的消息到 `load` 查看时最新的消息。一次写入的两个任务同时发送，
# 所以只有两次写入之间的顺序是确定的。`show` 把字节写成十六进制数。转换它们，再把文本拆开：

# %%
PARSED = (
    "cast(key as string) as who",
    "cast(split(cast(value as string), ' ')[0] as int) as amount",
    "split(cast(value as string), ' ')[1] as what",
)
table.selectExpr(*PARSED).groupBy("what").sum("amount").orderBy("what").show()

ends = {"startingOffsets": '{"orders":{"0":1,"1":0,"2":-2,"3":-2}}'}
ends["endingOffsets"] = '{"orders":{"0":-1,"1":1,"2":-1,"3":-1}}'
orders(spark.read).options(**ends).load().selectExpr("partition", "offset", PARSED[0]).show()

# %% [markdown] lang="en"
# Both ends may be given: a word, or offsets for **every** partition (this broker gives a topic four), where -2 stands for
# the earliest and -1 for the latest. The end itself is not read: "0 to 1" of partition 1 is offset 0 alone.
#
# Now the same as a stream. `follow` is one run of a query: it catches up, one more order comes, it reads that and stops. Its
# checkpoint stays. The first run gets no `startingOffsets`.

# %% [markdown] lang="zh"
# 两端都可以指定：一个词，或者**每一个**分区的偏移量（这个 broker 给每个主题四个分区），其中 -2 表示最早，-1 表示最新。
# 终点本身不读：分区 1 的“0 到 1”只是偏移量 0。
#
# 现在把它当作流。`follow` 是查询的一次运行：它先赶上进度，来一份订单，读完后停止。它的检查点留着。第一次运行没有 `startingOffsets`。


# %%
folder = TemporaryDirectory()


def follow(during, **options):
    """The orders that one run of the query reads, when this one comes while it runs."""
    seen = []
    texts = orders(spark.readStream).options(**options).load().selectExpr("cast(value as string) as text")
    writer = texts.writeStream.option("checkpointLocation", folder.name)
    query = writer.foreachBatch(lambda frame, _: seen.extend(row.text for row in frame.collect())).start()
    query.processAllAvailable()
    send(during)
    query.processAllAvailable()
    query.stop()
    return sorted(seen)


print("first run: ", follow((2, "bob", "7 plums")))
print("a batch read now has", orders(spark.read).load().count(), "orders")

# %% [markdown] lang="en"
# The run saw none of the four old orders. Where nothing is said, **a stream begins at the latest message, a batch read at
# the earliest**.
#
# The query is stopped. Three more orders come: 4 figs, 6 figs, 8 figs. Somebody sees that the first four orders are missing and writes
# `startingOffsets="earliest"` into the program. It starts again with its checkpoint, and while it runs one more order
# comes. How many orders does this run read?

# %% [markdown] lang="zh"
# 四份旧订单一份也没有读到。如果什么都不说，**流从最新的消息开始，批量读从最早的消息开始**。
#
# 查询已停止。又来了三份订单：4 figs、6 figs、8 figs。有人发现缺了最初的四份订单，于是在程序里写上 `startingOffsets="earliest"`。
# 程序带着它的检查点重新启动，运行期间又来了一份订单。这次运行读到几份订单？

# %% predict="second run"
{
    "answer": 4,
    "why": (
        "It goes on where its checkpoint says: the three orders that came meanwhile, and the one that comes now. "
        "startingOffsets counts only when the checkpoint is new.",
        "它从检查点所说的地方继续：期间到来的三份，加上现在的一份。startingOffsets 只在检查点是新的时候起作用。",
    ),
    "mistakes": {
        9: (
            "That would be everything. But there is a checkpoint: whose word counts?",
            "那是全部订单。但已经有检查点了：听谁的？",
        ),
        8: (
            "The first four would have to come from the option, and there is a checkpoint: whose word counts?",
            "最初四份只能来自这个选项，但已经有检查点了：听谁的？",
        ),
        1: (
            "What came while the query was down is still in Kafka, behind the offsets of the checkpoint.",
            "查询停止期间到来的订单仍在 Kafka 中，位于检查点的偏移量之后。",
        ),
    },
}

# %%
send((0, "ann", "4 figs"), (1, "bob", "6 figs"), (3, "cleo", "8 figs"))
second = follow((1, "ann", "9 limes"), startingOffsets="earliest")
print("second run:", second)
confirm("second run", len(second))


def last_line(name):
    return Path(folder.name, name).read_text().splitlines()[-1].strip("\0")


print("\nit began at        ", last_line("sources/0/0"))
for batch in range(len([each for each in Path(folder.name, "offsets").iterdir() if each.name.isdigit()])):
    print(f"batch {batch} ends before", last_line(f"offsets/{batch}"))

# %% [markdown] lang="en"
# Batch 0 is empty: it only fixes where the query began. Batch 2 read what had come meanwhile. To read the first four orders after all, the query needs a *new*
# checkpoint with "earliest".
#
# Two things that are refused. Settings for Kafka's client begin with `kafka.`, and the ones that lesson 18 gave to a
# direct stream are not among those allowed (`kafka.group.id` is allowed since Spark 3.0; here the rules of Spark 2.3 are switched on):

# %% [markdown] lang="zh"
# 批次 0 是空的：它只用来固定查询从哪里开始。批次 2 读了期间到来的订单。如果还想读到最初的四份订单，查询需要一个*新的*检查点，再加上 "earliest"。
#
# 有两样东西会被拒绝。给 Kafka 客户端的设置以 `kafka.` 开头，而第 18 课交给直连流的那些并不在允许之列
# （`kafka.group.id` 从 Spark 3.0 起允许；这里打开了 Spark 2.3 的规则）：

# %%
spark.conf.set("spark.sparksim.sql.rules", "2.3")
direct = {"group.id": "shop", "auto.offset.reset": "latest", "enable.auto.commit": "false"}
for name, value in {**direct, "key.deserializer": "StringDeserializer"}.items():
    try:
        orders(spark.readStream).option(f"kafka.{name}", value).load()
    except IllegalArgumentError as error:
        print(fill(str(error), 100, subsequent_indent="    "))
spark.conf.unset("spark.sparksim.sql.rules")

# %% [markdown] lang="en"
# And a stream into Kafka needs to be told where its checkpoint is:

# %% [markdown] lang="zh"
# 此外，写入 Kafka 的流必须被告知检查点在哪里：

# %%
copy = orders(spark.readStream).load().writeStream.format("kafka")
try:
    copy.option(SERVERS, ADDRESS).option("topic", "copies").start()
except AnalysisException as error:
    print(fill(str(error), 100))

# %% [markdown] lang="en"
# For the console or the memory sink Spark takes a temporary directory; for Kafka and files that would mean to begin anew
# at each start, and it refuses.
#
# Last, which topic. Two rows with a column `topic`, written once without the option and once with `topic` = archive. In the
# source, several topics are separated by commas:

# %% [markdown] lang="zh"
# 对于控制台（console）或内存（memory）接收端，Spark 会用一个临时目录；而对 Kafka 和文件，那意味着每次启动都从头开始，所以它拒绝。
#
# 最后是写到哪个主题。两行带有 `topic` 列，一次不带选项写入，一次带 `topic` = archive。在数据源中，多个主题用逗号分隔：

# %%
rows = spark.createDataFrame([("paid", "ann"), ("open", "bob")], "topic string, value string")
to_kafka = rows.write.format("kafka").option(SERVERS, ADDRESS)
to_kafka.save()
to_kafka.option("topic", "archive").save()
three = spark.read.format("kafka").option(SERVERS, ADDRESS).option("subscribe", "paid,open,archive").load()
three.selectExpr("topic", "cast(value as string) as value").orderBy("topic", "value").show()
spark.stop()
folder.cleanup()

# %% [markdown] lang="en"
# **The option wins over the column.** A row whose topic is null fails its task.
#
# ## Predict
#
# Simulated from here on. Two topics with one partition each are read by one query. At second 1 a backlog arrives at once:
# 60 messages in `orders`, 20 in `returns`. The query has the option `maxOffsetsPerTrigger` = 20. How many orders does its
# next batch read?

# %% [markdown] lang="zh"
# **选项优先于列。** topic 为 null 的行会使它的任务失败。
#
# ## 预测
#
# 从这里起是模拟。一个查询读取两个主题，各有一个分区。第 1 秒一下子积压了：`orders` 中 60 条消息，`returns` 中 20 条。
# 查询设有选项 `maxOffsetsPerTrigger` = 20。它的下一个批次读取多少份 orders？

# %% predict="orders in a limited batch"
{
    "answer": 15,
    "why": (
        "The limit is for the whole batch, and each partition gets a share in proportion to what waits in it: 20 · 60 / 80.",
        "上限针对整个批次，每个分区按其积压的比例分得一份：20 · 60 / 80。",
    ),
    "mistakes": {
        20: (
            "Twenty of all partitions together, not of each.",
            "二十是所有分区合计，不是每个分区。",
        ),
        10: (
            "In equal parts the longer log would take longer and longer to be read. What else could be the measure?",
            "平分的话，较长的日志就越落越远。还能按什么来分？",
        ),
        60: ("There is a limit of 20.", "上限是 20。"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行

# %%
HERE = "localhost:9092"
CLUSTER = Cluster(executors=3, cores=2)


def shop(topic, count, every, since=1.0):
    """A producer: so many messages, one every so many seconds, to the partitions in turn."""
    load = Replay([(round(since + number * every, 4), f"{number} apples") for number in range(count)])
    return Producer(topic, load, partitioner="round-robin", acks="all", idempotent=True, name=topic)


def simulated(program, kafka, until, *faults):
    network = {HERE: kafka}
    return QuerySimulation(program, network=network, cluster=CLUSTER, faults=faults, seed=SEED).run(until)


def limited(spark):
    both = orders(spark.readStream, HERE).option("subscribe", "orders,returns")
    rows = both.option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 20).load()
    writer = rows.select("topic", "offset").writeStream.format("console")
    writer.trigger(processingTime="2 seconds").start()


backlog = [shop("orders", 60, 0.001), shop("returns", 20, 0.001)]
run = simulated(limited, KafkaCluster([Topic("orders"), Topic("returns")], backlog), 11)
for batch in run.triggers:
    topics = [row[0] for row in run.result_rows.where(batch=batch.batch).column("row")]
    print(f"batch {batch.batch}: {topics.count('orders'):>2} orders, {topics.count('returns')} returns")
first = [row.row[0] for row in run.result_rows.where(batch=1)]
confirm("orders in a limited batch", first.count("orders"))

# %% [markdown] lang="en"
# Both logs are empty after the same batch. A share is rounded down, but one below 1 is rounded up, so that a short log moves on too.
# The first batch of a query with a long topic and "earliest" is the reason for this option: without a limit it takes
# everything at once.
#
# **Partitions that come later.** The query below begins at the latest offset. While it runs, somebody gives the topic a third
# partition, and orders are in it before the query looks again.

# %% [markdown] lang="zh"
# 两个日志在同一批次后读空。份额向下取整，但小于 1 的份额向上取整，使短的日志也能前进。
# 这个选项的用处在于：主题很长、又从 "earliest" 开始的查询，若没有上限，第一个批次会一下子取走一切。
#
# **后来出现的分区。** 下面的查询从最新的偏移量开始。运行期间有人给主题加了第三个分区，在查询再次查看之前，里面已有订单。


# %%
def from_the_latest(spark):
    rows = orders(spark.readStream, HERE).option("startingOffsets", "latest").load()
    writer = rows.selectExpr("partition", "offset", "cast(value as string) as value").writeStream
    writer.format("console").trigger(processingTime="2 seconds").start()


growing = KafkaCluster(
    [Topic("orders", partitions=2)],
    [shop("orders", 18, 0.25)],
    changes=[AddPartitions("orders", 3, at=2.9)],
)
run = simulated(from_the_latest, growing, 7)
for planned in run.trace.of(QueryBatchPlanned):
    print(f"batch {planned.batch}: {planned.starts[0]} to before {planned.ends[0]}")
run.query_figure()

# %% [markdown] lang="en"
# The rows of the input table are raw: no key (NULL) and bytes. Partition 2 is read from offset 0: **a partition that is
# found later is read from its earliest message**, whatever `startingOffsets` says, for what is in a new partition is
# new. Which tasks read the batch that has all three:

# %% [markdown] lang="zh"
# 输入表的行是原始的：没有键（NULL），值是字节。分区 2 从偏移量 0 读起：**后来发现的分区从最早的消息读起**，
# 不管 `startingOffsets` 怎么说，因为新分区里的都是新消息。读取含全部三个分区的那个批次的任务：

# %%
batch = run.triggers.where(batch=2)[0]
for task in sorted(run.tasks, key=lambda task: task.index):
    if batch.start_ms <= task.start_ms <= batch.end_ms:
        print(f"task {task.index}: executor {task.executor_id}, {task.records_read} messages")

# %% [markdown] lang="en"
# Three tasks of six cores: one task per partition, as in lesson 18. (Versions after 2.3 may cut a partition into several
# tasks: option `minPartitions`.)
#
# ## Break it
#
# From Kafka to Kafka. Each order becomes a bill, and the key of the bill says where the order lies: partition/offset. In
# the end the program reads all bills back, as a table.

# %% [markdown] lang="zh"
# 六个核心只用了三个任务：每个分区一个任务，与第 18 课相同。（2.3 之后的版本可以用选项 `minPartitions` 把一个分区切给几个任务。）
#
# ## 弄坏它
#
# 从 Kafka 到 Kafka。每份订单变成一张账单（bill），账单的键说明订单所在的位置：分区/偏移量。最后程序把所有账单作为表读回来。


# %%
CHECKPOINT = "sim://checkpoint"


def made_of(orders):
    return orders.selectExpr(
        "concat(partition, '/', offset) as key",
        "concat('bill for ', cast(value as string)) as value",
    )


def bills(spark):
    stream = orders(spark.readStream, HERE).option("startingOffsets", "earliest").load()
    writer = made_of(stream).writeStream.format("kafka").option(SERVERS, HERE).option("topic", "bills")
    writer = writer.option("checkpointLocation", CHECKPOINT).trigger(processingTime="1 second")
    writer.start().awaitTermination(10)  # seconds of virtual time

    written = orders(spark.read, HERE).option("subscribe", "bills").load()
    written.createOrReplaceTempView("bills")
    spark.sql("select count(*) as bills, count(distinct key) as orders from bills").show()
    keys = written.selectExpr("cast(key as string) as of").groupBy("of").count()
    keys.where("count > 1").orderBy("of").show()


def two_topics():
    return KafkaCluster([Topic("orders", partitions=3), Topic("bills")], [shop("orders", 60, 0.1, 0.5)])


print(simulated(bills, two_topics(), 12).output)

# %% [markdown] lang="en"
# Sixty orders, sixty bills, none twice.
#
# Now the driver dies at 4.09 s and is back a second later. Batch 4 had begun at 4 s with 10 orders; its tasks had already
# written all their bills, but the batch was not committed yet. How many bills are in the topic in the end?

# %% [markdown] lang="zh"
# 六十份订单，六十张账单，没有重复。
#
# 现在驱动程序（driver）在 4.09 秒死亡，一秒后恢复。批次 4 在第 4 秒开始，有 10 份订单；它的任务已经写完全部账单，但批次还没有提交。
# 最后主题中有多少张账单？

# %% predict="bills after a crash"
{
    "answer": 70,
    "why": (
        "Batch 4 has a plan and no commit, so it is run again, with the same offsets: its ten bills are written again. "
        "The sink knows no transaction that would take the first ten back.",
        "批次 4 有计划、没有提交，所以用同样的偏移量重新运行：它的十张账单又写了一遍。接收端没有能撤回前十张的事务。",
    ),
    "mistakes": {
        60: (
            "The offsets of the batch are the same, so no order is missed. But are the bills that were written gone?",
            "批次的偏移量相同，所以不漏订单。但已写出的账单会消失吗？",
        ),
        50: (
            "The batch is run again, for it has not been committed: nothing is lost.",
            "批次没有提交，所以会重新运行：什么都不丢。",
        ),
        100: (
            "Batches 0 to 3 are committed. Only the last one is run again.",
            "批次 0 到 3 已经提交。只有最后一个会重新运行。",
        ),
    },
}

# %%
crash = DriverCrash(at=4.09, restart_after=1)
run = simulated(bills, two_topics(), 17, crash)
print(run.output)
[row] = [line for line in str(run.output).splitlines() if line.endswith("60|")]
confirm("bills after a crash", int(row.split("|")[1]))

for each in run.triggers.where(lambda each: 3 <= each.batch <= 5):
    print(f"batch {each.batch}: {each.rows_read} rows, {each.status}", "(again)" if each.again else "")

# %% [markdown] lang="en"
# That is *at least once*: nothing is missing, and the log of the topic shows ten keys twice. Kafka has transactions, but
# Spark's sink does not use them. Nor does an idempotent producer help: it knows its own repeated sending, and after the
# crash there is another producer.
#
# **The reader may remove the doubles**, because the key is made of what does not change when a batch is run again: the
# place of the order. In the first table, the count of different keys is 60.
# `dropDuplicates` of lesson 28 does it, for a batch as for a stream. A key with the time of writing
# or a random id in it would be useless.
#
# **Or the sink is idempotent**: a store in which writing the same key again changes nothing. The same program, into a
# table with `foreachBatch`:

# %% [markdown] lang="zh"
# 这就是*至少一次*（at least once）：什么都不缺，而主题的日志里有十个键出现了两次。Kafka 有事务，但 Spark 的接收端不用它。
# 幂等的（idempotent）生产者也没有帮助：它只认得自己的重发，而崩溃之后是另一个生产者。
#
# **读者可以去掉重复**，因为键由重新运行时不变的东西构成：订单的位置。上面第一张表中，不同的键有 60 个。第 28 课的 `dropDuplicates` 就能做到，对批和流都一样。
# 如果键里含有写入时间或随机编号，就没有用了。
#
# **或者让接收端幂等**：一个把同一个键再写一遍也不会改变什么的存储。同样的程序，用 `foreachBatch` 写入一张表：


# %%
def write(frame, batch):
    table = sink("bills")
    for row in frame.collect():
        table.upsert(row.key, row.value)


def into_a_table(spark):
    stream = orders(spark.readStream, HERE).option("startingOffsets", "earliest").load()
    writer = made_of(stream).writeStream.option("checkpointLocation", CHECKPOINT)
    writer.trigger(processingTime="1 second").foreachBatch(write).start()


rows = simulated(into_a_table, two_topics(), 10, crash).sink("bills").rows
print(len(rows), "bills, of which", len([row for row in rows if row.writes > 1]), "were written twice")

# %% [markdown] lang="en"
# ### The messages are gone
#
# The topic keeps messages for 4 seconds. The driver dies at 4.5 s, and this time it takes 8 seconds until it is back. The
# checkpoint says where to go on, but Kafka has deleted that part. The query says nothing about it: no option. What does
# it do: it "dies", it "skips" what is gone, or it begins at the "latest" message?

# %% [markdown] lang="zh"
# ### 消息已经没了
#
# 主题只把消息保留 4 秒。驱动程序在 4.5 秒死亡，这次过了 8 秒才恢复。检查点说明了从哪里继续，但那一部分 Kafka 已经删除。
# 查询对此没有任何选项。它会怎样：终止（"dies"）、跳过没了的部分（"skips"），还是从最新的消息开始（"latest"）？

# %% predict="what was deleted"
{
    "answer": "dies",
    "why": (
        "failOnDataLoss is true unless you say otherwise: a query that cannot read what its checkpoint promises ends "
        "with an error, rather than give wrong answers without a word.",
        "除非另有说明，failOnDataLoss 为 true：读不到检查点所承诺内容的查询会报错终止，而不是一声不响地给出错误的答案。",
    ),
    "mistakes": {
        "skips": (
            "That can be asked for. But what should be the default, if the answer would then be wrong?",
            "可以这样要求。但如果答案会因此出错，默认应该是什么？",
        ),
        "latest": (
            "startingOffsets, or its default, is only for a query without a checkpoint.",
            "startingOffsets 及其默认值只用于没有检查点的查询。",
        ),
    },
}


# %%
def watch(**options):
    def program(spark):
        stream = orders(spark.readStream, HERE).options(startingOffsets="earliest", **options)
        rows = stream.load().selectExpr("partition", "offset").writeStream.format("console")
        rows.option("checkpointLocation", CHECKPOINT).trigger(processingTime="1 second").start()

    return program


RETENTION = KafkaCluster([Topic("orders", partitions=2, retention=4)], [shop("orders", 70, 0.2, 0.55)])
pause = DriverCrash(at=4.5, restart_after=8)
run = simulated(watch(), RETENTION, 16, pause)
error = run.queries[-1].error
print(fill(error, 100))
confirm("what was deleted", "dies" if error else "skips")

# %% [markdown] lang="en"
# (The advice about auto.offset.reset is that of Kafka's client, and no use here: a query refuses that setting.)
#
# If it is started again, it dies again: the checkpoint does not change. There are two ways out. A new checkpoint, and the
# query forgets all it knew, its states included. Or `failOnDataLoss` = false: it goes on with what is left.

# %% [markdown] lang="zh"
# （关于 auto.offset.reset 的建议出自 Kafka 客户端，在这里没有用：查询拒绝这个设置。）
#
# 再次启动，它会再次终止：检查点没有变。有两条出路。一是换新的检查点，查询就忘掉它知道的一切，包括状态（state）。
# 二是 `failOnDataLoss` = false：用剩下的继续。

# %%
run = simulated(watch(failOnDataLoss=False), RETENTION, 16, pause)
losses = run.trace.of(RecordsLost)
for log, first, last in sorted(origin for event in losses for origin in event.origins):
    print(f"lost: {log}, offsets {first} to {last}")
lost = sum(event.count for event in losses)
print("read:", sum(run.triggers.column("rows_read")), " lost:", lost, " sent: 70")
run.query_figure()

# %% [markdown] lang="en"
# Those read and those lost are all seventy. The trace has an event for each loss; on a cluster there is a warning in the
# log of an executor, and that is all. Only the offsets of the rows jump, from 8 to 19. The same option decides when a topic or
# a partition is deleted, or when a topic is made anew and its offsets are smaller than those of the checkpoint.
#
# To lose nothing, the **retention** of the topic must be longer than the longest time that the query may be down, a
# weekend for example.

# %% [markdown] lang="zh"
# 读到的加上丢失的，正好七十条。模拟运行的事件记录（trace）里，每次丢失都是一个事件；在集群上，只有执行器（executor）日志里的一条警告，仅此而已。
# 行中只看得出偏移量从 8 跳到了 19。主题或分区被删除时，或者主题被重建、偏移量小于检查点中的偏移量时，也由这个选项决定。
#
# 要想不丢，主题的**保留期**（retention）必须长于查询可能停机的最长时间，例如一个周末。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Set group.id and auto.offset.reset."** Those are settings of the direct stream, and courses show them on the same page
# as the structured source. That one refuses them in Spark 2.3 (a `kafka.group.id` is allowed since 3.0, and still says
# nothing about where to read). Where a new query begins is `startingOffsets`; where an old one goes on is its checkpoint.
# So tools that watch the lag of consumer groups see nothing of it: look at the query's progress. *Source:
# `KafkaSourceProvider`.*
#
# **"`df.writeStream.format("kafka").option("topic", ...).start()` is a whole program."** Without `checkpointLocation` it
# does not start, as you saw. And what `start` returns is a `StreamingQuery`, not a Dataset. *Source:
# `StreamingQueryManager`.*
#
# **"Kafka to Kafka is exactly once, for the offsets are safe."** The offsets make sure that every order is read. They
# cannot take back what the tasks have written. *Source: "Output Sinks" in Spark's guide: the Kafka sink is at least
# once.*
#
# **"`startingOffsets` = earliest reads the topic again at each start."** It counts for a new checkpoint only. In the
# other direction too: a new checkpoint with the default "latest" skips what came while the query was down.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“设置 group.id 和 auto.offset.reset。”** 那是直连流的设置，课程把它们与结构化的数据源放在同一页上。后者在 Spark 2.3 中拒绝它们
# （`kafka.group.id` 从 3.0 起允许，但仍与从哪里读无关）。新查询从哪里开始由 `startingOffsets` 决定；旧查询从哪里继续由检查点决定。
# 因此监视消费组滞后量的工具看不到它：请看查询的进度（progress）。*来源：`KafkaSourceProvider`。*
#
# **“`df.writeStream.format("kafka").option("topic", ...).start()` 就是完整的程序。”** 如前所见，没有 `checkpointLocation` 它不会启动。
# 而且 `start` 返回的是 `StreamingQuery`，不是 Dataset。*来源：`StreamingQueryManager`。*
#
# **“Kafka 到 Kafka 是恰好一次（exactly once），因为偏移量是安全的。”** 偏移量保证每份订单都被读到，但不能收回任务已经写出的东西。
# *来源：Spark 指南的 “Output Sinks”：Kafka 接收端是至少一次。*
#
# **“`startingOffsets` = earliest 每次启动都会重读主题。”** 它只对新的检查点起作用。反过来也一样：新的检查点配上默认的 "latest"，
# 会跳过查询停机期间到来的消息。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Kafka deletes whole segments of a log, every five minutes by default; here it is record by record, every second. The broker inside the notebook
# keeps everything in memory and never deletes. The options of later versions that look for offsets by time or cut
# partitions (`startingTimestamp`, `minPartitions`, `minOffsetsPerTrigger`) are refused here with a message. What is
# missing between the offsets of a compacted topic counts as nothing lost, here and in Spark.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# Kafka 删除日志的整个段（segment），默认每五分钟检查一次；这里是逐条删除，每秒一次。笔记本里的 broker 把一切放在内存中，从不删除。
# 后来版本中按时间查找偏移量或切分分区的选项（`startingTimestamp`、`minPartitions`、`minOffsetsPerTrigger`）在这里会被拒绝并给出说明。
# 压缩（compacted）主题的偏移量之间缺少的部分不算丢失，这里与 Spark 相同。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. The checkpoint says `{"orders":{"0":40}}` and the log of partition 0 holds the offsets 0 to 44. How many messages wait?
#
# <details><summary>Answer</summary>
#
# Five: 40 to 44. The number is the next offset to read.
# </details>
#
# 2. Two queries with their own checkpoints read the same topic, with the same `kafka.group.id` or without. Do they share
#    the messages among them?
#
# <details><summary>Answer</summary>
#
# No. Each reads all of it: the driver of each query says which offsets its tasks read, and Kafka divides nothing.
# </details>
#
# 3. In `write` the key is partition/offset. What goes wrong if the table uses the customer as the key?
#
# <details><summary>Answer</summary>
#
# To write again still changes nothing, but two orders of one customer become one row: the second bill replaces the first.
# The key must be one per message, and the same each time.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 检查点中是 `{"orders":{"0":40}}`，分区 0 的日志中有偏移量 0 到 44。有多少条消息在等待？
#
# <details><summary>答案</summary>
#
# 五条：40 到 44。这个数是下一个要读的偏移量。
# </details>
#
# 2. 两个查询各有检查点，读同一个主题，`kafka.group.id` 相同或不设。它们会分摊消息吗？
#
# <details><summary>答案</summary>
#
# 不会。每个查询都读全部消息：由各自的驱动程序规定任务读哪些偏移量，Kafka 不做分配。
# </details>
#
# 3. 在 `write` 中，键是分区/偏移量。如果表用顾客作键，会出什么错？
#
# <details><summary>答案</summary>
#
# 再写一遍仍然不改变什么，但同一顾客的两份订单会变成一行：第二张账单覆盖第一张。键必须每条消息一个，而且每次都相同。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 30](../../exercises/en/ex30_kafka_in_and_out.ipynb): read and parse a topic, choose where to begin, write so
# that a crash doubles nothing, and find in a run what was lost. `sparksim grade 30` says how far you are. Next: lesson
# 31, DStreams or Structured Streaming.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 30](../../exercises/zh/ex30_kafka_in_and_out.ipynb)：读取并解析一个主题，选择从哪里开始，写出时做到崩溃也不重复，
# 并从一次运行中找出丢了什么。`sparksim grade 30` 会告诉你做到了哪一步。下一课是第 31 课：DStream 还是 Structured Streaming。
