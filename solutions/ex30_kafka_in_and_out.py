# %% [markdown] lang="en"
# # Exercise 30: Kafka in and out
#
# A topic as rows, where to begin, a table in which a crash doubles nothing, and what was lost.
#
# SQL comes with `pip install 'sparksim[sql]'`. Brokers are at localhost:9092 throughout.

# %% [markdown] lang="zh"
# # 练习 30：Kafka 的读入与写出
#
# 把主题变成行、从哪里开始、崩溃也不重复的表，以及丢了什么。
#
# SQL 需要 `pip install 'sparksim[sql]'`。broker 一律在 localhost:9092。

# %%
import json

from sparksim.sim import Cluster, DriverCrash, KafkaCluster, Producer, QuerySimulation, Replay, Topic, sink
from sparksim.sim.kafka import DeleteRecords
from sparksim.trace.events import OffsetsSkipped, RecordsLost

# %% [markdown] lang="en"
# ## Task 1: order_rows (3 points)
#
# The topic `orders`: the key is a customer, the value an amount and an article, such as `3 apples`. Give each message to
# the console as a row with the columns who (string), amount (int) and what (string). Messages that were in the topic
# before the query started belong to it. In no batch shall there be more than 10 messages.

# %% [markdown] lang="zh"
# ## 任务 1：order_rows（3 分）
#
# 主题 `orders`：键是顾客，值是数量和商品，例如 `3 apples`。把每条消息作为一行输出到控制台（console），列为
# who（string）、amount（int）和 what（string）。查询启动之前已在主题里的消息也要算上。任何批次（batch）都不得超过 10 条消息。


# %%
def order_rows(spark):
    ### BEGIN SOLUTION
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    stream = stream.option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 10)
    texts = (
        stream.option("subscribe", "orders").load().selectExpr("cast(key as string) who", "cast(value as string) text")
    )
    rows = texts.selectExpr("who", "cast(split(text, ' ')[0] as int) as amount", "split(text, ' ')[1] as what")
    rows.writeStream.format("console").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: starting_offsets (2 points)
#
# A job of another kind has read the topic `topic` so far. A query with a new checkpoint is to go on where it ended, so
# that no message is missed or read twice. `last` is a dict of partition to the offset of the *last message that was
# read*; `partitions` is how many partitions the topic has now. Of those that are not in `last` nothing has been read.
# Return the text for the option `startingOffsets`.

# %% [markdown] lang="zh"
# ## 任务 2：starting_offsets（2 分）
#
# 主题 `topic` 至今由另一种作业读取。一个检查点（checkpoint）全新的查询要从它结束的地方继续，使消息既不漏读也不重读。
# `last` 是从分区（partition）到*最后一条已读消息*的偏移量（offset）的字典；`partitions` 是主题现在有几个分区。
# 不在 `last` 中的分区还没有读过任何消息。请返回选项 `startingOffsets` 的文本。


# %%
def starting_offsets(topic, last, partitions):
    ### BEGIN SOLUTION
    offsets = {number: last[number] + 1 if number in last else -2 for number in range(partitions)}
    return json.dumps({topic: offsets})
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: bills (3 points)
#
# Every message of the topic `orders`, from the earliest, becomes one row of the table `sink("bills")`, its value as text.
# The driver may die at any moment and run your program again: there must be one row for each message in the end, neither
# more nor fewer, and what is done must not be read again. Two messages may be equal. The checkpoint goes to
# `sim://checkpoint`; `sink("bills")` has `insert(key, value)` and `upsert(key, value)`. Messages of one batch are few: they
# may be collected.

# %% [markdown] lang="zh"
# ## 任务 3：bills（3 分）
#
# 主题 `orders` 从最早开始的每条消息，变成表 `sink("bills")` 的一行，值为文本。驱动程序（driver）随时可能死亡并重新运行你的程序：
# 最后每条消息必须恰好有一行，不多不少，而且已完成的不得重读。两条消息可能相同。检查点放在 `sim://checkpoint`；
# `sink("bills")` 有 `insert(key, value)` 和 `upsert(key, value)`。一个批次的消息不多，可以 collect。


# %%
def bills(spark):
    ### BEGIN SOLUTION
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    orders = stream.option("subscribe", "orders").option("startingOffsets", "earliest").load()

    def write(rows, batch):
        for row in rows.collect():
            sink("bills").upsert((row.partition, row.offset), row.value.decode())

    orders.writeStream.foreachBatch(write).option("checkpointLocation", "sim://checkpoint").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: missing (2 points)
#
# A run of somebody's query. Some messages it never read, for one of two reasons: they lay before the place where the
# query began (events `OffsetsSkipped`); or they were deleted before it came to them, and it had `failOnDataLoss` = false
# (events `RecordsLost`). Return a dict: `"skipped"` and `"lost"`, how many messages each. `run.trace.of(Kind)` gives the events;
# `event.origins` are triples `(log, first offset, last offset)`, and both ends were missed.

# %% [markdown] lang="zh"
# ## 任务 4：missing（2 分）
#
# 某人的查询的一次运行。有些消息它从未读到，原因有两种：它们位于查询开始处之前（事件 `OffsetsSkipped`）；
# 或者它们在查询读到之前就被删除，而查询设了 `failOnDataLoss` = false（事件 `RecordsLost`）。
# 请返回一个字典：`"skipped"` 和 `"lost"`，各是多少条消息。`run.trace.of(种类)` 给出事件；
# `event.origins` 是三元组 `(日志, 第一个偏移量, 最后一个偏移量)`，两端都没有读到。


# %%
def missing(run):
    ### BEGIN SOLUTION
    def count(kind):
        return sum(last - first + 1 for event in run.trace.of(kind) for _, first, last in event.origins)

    return {"skipped": count(OffsetsSkipped), "lost": count(RecordsLost)}
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them.

# %% [markdown] lang="zh"
# 试一试。


# %%
def somebodys(spark):
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    stream = stream.option("subscribe", "orders").option("startingOffsets", "latest")
    rows = stream.option("failOnDataLoss", "false").load().select("offset")
    rows.writeStream.format("console").trigger(processingTime="2 seconds").start()


if __name__ == "__main__":
    load = Replay([(number / 10 if number > 4 else 0, ("ann", f"{number} apples")) for number in range(35)])
    deleted = DeleteRecords("orders", 0, at=3.5, before=25)
    kafka = {"localhost:9092": KafkaCluster([Topic("orders")], [Producer("orders", load)])}
    aged = {"localhost:9092": KafkaCluster([Topic("orders")], [Producer("orders", load)], changes=[deleted])}
    crash = DriverCrash(at=1.5, restart_after=1)
    try:
        print(QuerySimulation(order_rows, network=kafka).run(until=5).result_rows[:7])
        print(starting_offsets("orders", {0: 41, 1: 7}, 3))
        run = QuerySimulation(bills, network=kafka, cluster=Cluster(2, 2), faults=[crash]).run(until=8)
        print(len(run.sink("bills").rows), "rows in the table")
        print(missing(QuerySimulation(somebodys, network=aged).run(until=7)))
    except NotImplementedError as unfinished:
        print(unfinished)
