# %% [markdown] lang="en"
# # 31. DStream or Structured? One task, two engines
#
# **The question.** Spark has two engines for streams. Both count words, both survive a crash, both say "exactly once". What is
# really different, and which of the two does a given task ask for?
#
# *About 40 minutes. You need lessons 7 (states), 14 (checkpoints), 23 (the unbounded table) and 25 (watermarks).*

# %% [markdown] lang="zh"
# # 31. DStream 还是 Structured？一个任务，两个引擎
#
# **问题。** Spark 有两个流处理引擎。两者都能统计单词，都能经受崩溃，都声称“恰好一次”（exactly once）。真正的区别是什么？给定的任务需要哪一个？
#
# *约 40 分钟。需要第 7 课（状态）、第 14 课（检查点）、第 23 课（无界表）和第 25 课（水位线）。*

# %%
from datetime import datetime, timedelta

from sparksim.course import batch_by_batch, confirm, lesson, live, predict
from sparksim.sim import Cluster, Constant, DriverCrash, QuerySimulation, Replay, Simulation, sink
from sparksim.sql import SparkSession
from sparksim.sql.functions import explode, split, window
from sparksim.sql.streaming.sources.memory import MemoryStream

SEED = 1
lesson("31", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#   DStream                                   Structured Streaming
#   every 2 s an RDD                          one table, one plan
#
#   your code runs once and builds            your code runs at every start
#   a graph of RDD operations                 and describes a query
#           │                                         │
#   batch time 2, 4, 6 ...                    trigger: what is new? offsets 0..7
#           │                                         │
#   receivers push, or a range is read        sources are read by offsets
#           │                                         │
#   checkpoint: graph + data of states        checkpoint: offsets, commits, versions of states
# ```
#
# A DStream program says **how**: for every interval, which operations on which RDD. Time is the time of the batch. A query
# says **what**: the answer over all rows. Time is a column. Nearly all differences follow from these two.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#   DStream                                   Structured Streaming
#   every 2 s an RDD                          one table, one plan
#
#   your code runs once and builds            your code runs at every start
#   a graph of RDD operations                 and describes a query
#           │                                         │
#   batch time 2, 4, 6 ...                    trigger: what is new? offsets 0..7
#           │                                         │
#   receivers push, or a range is read        sources are read by offsets
#           │                                         │
#   checkpoint: graph + data of states        checkpoint: offsets, commits, versions of states
# ```
#
# DStream 程序说的是**怎样做**：每个间隔，对哪个 RDD 做哪些操作。时间是批次（batch）的时间。查询说的是**要什么**：对全部行的答案。
# 时间是一列。几乎所有的区别都由这两点而来。

# %% [markdown] lang="en"
# ## The program, live
#
# The same word count in both. First as a DStream:

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 两种写法的同一个单词计数。先用 DStream：


# %%
def words_of_a_batch(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split(" "))
    words.map(lambda word: (word, 1)).reduceByKey(lambda one, other: one + other).pprint()


TYPED = {"localhost:9999": Replay([(0.5, "to be"), (1.5, "to do")])}
run = live(words_of_a_batch, network=TYPED, batch=1.0, until=2.5)

# %% [markdown] lang="en"
# Then as a query:

# %% [markdown] lang="zh"
# 再写成查询：


# %%
def word_count(lines):
    return lines.select(explode(split("value", " ")).alias("word")).groupBy("word").count()


spark = SparkSession.builder.master("local[2]").appName("the same words").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)
typed = MemoryStream(spark, "value string")
query = word_count(typed.toDF()).writeStream.outputMode("update").format("console").start()
for line in ("to be", "to do"):
    typed.addData(line)
    query.processAllAvailable()
query.stop()
spark.stop()

# %% [markdown] lang="en"
# The same steps, and another answer: *to* is 1 and 1 in the one, 1 and 2 in the other. The DStream counts what is in each
# RDD, also in one that is empty. The query counts the table. To add up, a DStream needs a state of its own making
# (`updateStateByKey`, a function and a checkpoint), and from here on ours has one.

# %% [markdown] lang="zh"
# 步骤相同，答案不同：*to* 在一边是 1 和 1，在另一边是 1 和 2。DStream 统计的是每个 RDD 的内容，包括空的 RDD；查询统计的是整张表。
# 要累计，DStream 需要自己建立状态（state）：`updateStateByKey`、一个函数和一个检查点（checkpoint）。从现在起，我们的 DStream 就有状态。

# %% [markdown] lang="en"
# ## Predict
#
# Files with measurements come into a folder; a row is the time at which it was measured. Both programs count the rows of each ten
# seconds. One row, measured at second 9, arrives only at 12.4. Three rows were measured before second 10: at 1, 4 and 9. How many does
# the DStream's window have that ends at second 10?

# %% [markdown] lang="zh"
# ## 预测
#
# 带有测量值的文件到达一个目录；一行就是它被测量的时间。两个程序都统计每十秒的行数。有一行在第 9 秒测量，却到 12.4 秒才到达。
# 第 10 秒之前测量的有三行：第 1、4、9 秒。DStream 在第 10 秒结束的窗口（window）有多少行？

# %% predict="rows of the first ten seconds"
{
    "answer": 2,
    "why": (
        "Its windows are of batch times: what arrived in these ten seconds. The row of second 9 is counted in the next one.",
        "它的窗口是批次时间的窗口：这十秒内到达的行。第 9 秒的行被算入下一个窗口。",
    ),
    "mistakes": {
        3: ("A DStream does not look into the rows for a time.", "DStream 不会到行里去找时间。"),
        1: ("Two of the three had arrived by then.", "那时三行中已有两行到达。"),
    },
}

# %% [markdown] lang="en"
# Next, states. A hundred words came in the first two seconds, one of them again in the next two. How often is the function of
# `updateStateByKey` called in this second batch?

# %% [markdown] lang="zh"
# 再看状态。前两秒到来一百个单词，后两秒其中一个再次到来。在这第二个批次中，`updateStateByKey` 的函数被调用多少次？

# %% predict="calls for one word"
{
    "answer": 100,
    "why": (
        "It is called for each key that has a state, in every batch.",
        "每个批次都对每个有状态的键调用一次。",
    ),
    "mistakes": {
        1: (
            "So it is with mapWithState, and with a query's aggregation.",
            "mapWithState 和查询的聚合才是这样。",
        ),
        101: ("The word has a state already.", "这个单词已有状态。"),
    },
}

# %% [markdown] lang="en"
# And an upgrade. At 6.5 s the program is stopped, a new release is installed, and started with the checkpoint of the old one.
# Which release's code runs then in the DStream program, 1 or 2?

# %% [markdown] lang="zh"
# 最后是升级。6.5 秒时程序停止，安装新版本，并用旧版本的检查点启动。此后在 DStream 程序中运行的是哪个版本的代码，1 还是 2？

# %% predict="release after the upgrade"
{
    "answer": 1,
    "why": (
        "The checkpoint of a DStream holds the graph, with your functions in it. The new code is not called at all.",
        "DStream 的检查点中保存的是图，你的函数就在其中。新代码根本没有被调用。",
    ),
    "mistakes": {
        2: (
            "So it is with a query, whose checkpoint holds offsets and states and no code.",
            "查询才是这样：它的检查点只有偏移量和状态，没有代码。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# ### Whose time?
#
# Both programs on the same cluster, with the same files.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# ### 谁的时间？
#
# 两个程序在同样的集群上，读同样的文件。

# %%
CLUSTER = Cluster(executors=2, cores=2)
UTC = {"spark.sql.session.timeZone": "UTC"}
MEASURED = [(1.5, 1), (4.5, 4), (12.4, 9), (13.5, 13), (17.5, 17), (24.5, 24), (38.5, 38)]


def at(second):
    return str(datetime(2030, 1, 1) + timedelta(seconds=second))


ROWS = {f"sim://in/{n}.txt": (arrives, at(second) + "\n") for n, (arrives, second) in enumerate(MEASURED)}


def dstream(program, *, files=ROWS, until=42, **settings):
    settings = {"batch": 2, "cluster": CLUSTER, "seed": SEED, "checkpoint": "sim://checkpoint", **settings}
    return Simulation(program, files=files, **settings).run(until=until)


def structured(program, *, files=ROWS, until=42, **settings):
    settings = {"cluster": CLUSTER, "seed": SEED, "conf": UTC, **settings}
    return QuerySimulation(program, files=files, **settings).run(until=until)


def total(new, old):
    return sum(new) + (old or 0)


ARRIVED = []


def by_arrival(ssc):
    def note(time, rdd):
        ARRIVED.append(rdd.count())
        print(f"window up to second {time:%S}: {ARRIVED[-1]} rows")

    ssc.textFileStream("sim://in").window(10, 10).foreachRDD(note)


def by_event_time(spark):
    times = spark.readStream.text("sim://in").selectExpr("cast(value as timestamp) as time")
    late = times.withWatermark("time", "10 seconds")
    counts = late.groupBy(window("time", "10 seconds")).count().selectExpr("window.end", "count")
    counts.writeStream.trigger(processingTime="4 seconds").format("console").start()


print(dstream(by_arrival).output)
confirm("rows of the first ten seconds", ARRIVED[0])
run = structured(by_event_time)
print(batch_by_batch(run))

# %%
run.query_figure()

# %% [markdown] lang="en"
# The query counts three rows for the window up to second 10, and gives them at second 32: it waited until a row had come that
# was measured ten seconds or more after the window's end. **Right and late, or at once and wrong**: event time does not make this
# choice go away, it puts it into one number, the watermark. A DStream gives no choice. (You may of course key by the time in
# the row and keep states of your own. Then you write the watermark yourself.)
#
# ### Who is asked in a batch?

# %% [markdown] lang="zh"
# 查询对截至第 10 秒的窗口数出三行，在第 32 秒给出：它一直等到出现一行，其测量时间比窗口终点晚十秒以上。**正确但晚，或者立即但错**：
# 事件时间（event time）并不消除这个选择，而是把它变成一个数，即水位线（watermark）。DStream 不给选择。
# （当然，你可以以行中的时间为键，自己维护状态。那样你就得自己写水位线。）
#
# ### 一个批次中问到谁？

# %%
WORDS = {
    "sim://in/a.txt": (1.0, "".join(f"word{number}\n" for number in range(100))),
    "sim://in/b.txt": (3.0, "word1\n"),
}
CALLS = []


def states_of_dstream(ssc):
    calls = ssc.sparkContext.accumulator(0)

    def count(new, old):
        calls.add(1)
        return total(new, old)

    def show(time, rdd):
        before = calls.value
        words = rdd.count()
        CALLS.append(calls.value - before)
        print(f"second {time:%S}: {words} states, {CALLS[-1]} calls")

    ssc.textFileStream("sim://in").map(lambda word: (word, 1)).updateStateByKey(count).foreachRDD(show)


def states_of_query(spark):
    counts = spark.readStream.text("sim://in").groupBy("value").count().writeStream.outputMode("update")
    counts.trigger(processingTime="2 seconds").format("console").start()


print(dstream(states_of_dstream, files=WORDS, until=7).output)
confirm("calls for one word", CALLS[1])
run = structured(states_of_query, files=WORDS, until=7)
for trigger in run.triggers:
    changed = run.state_changes.where(batch=trigger.batch)
    print(f"batch {trigger.batch}: {trigger.state_rows} states, {len(changed)} changed")

# %% [markdown] lang="en"
# `updateStateByKey` makes a new RDD of all states in each batch, so the time of a batch grows with what was ever seen.
# `mapWithState` (lesson 8) and the query touch only the keys that came. The query also writes only what changed to its
# checkpoint, a file for each batch and partition, whereas a DStream writes all states every few batches.
#
# ### How soon?

# %% [markdown] lang="zh"
# `updateStateByKey` 在每个批次用全部状态建立新的 RDD，所以批次的时间随见过的键的总数增长。`mapWithState`（第 8 课）和查询只触及到来的键。
# 查询写入检查点的也只是改变的部分，每个批次、每个分区（partition）一个文件；而 DStream 每隔几个批次写出全部状态。
#
# ### 多快？


# %%
def soon(spark):
    lines = spark.readStream.text("sim://in")
    lines.writeStream.outputMode("append").format("console").start()


def delays(batches):
    found = [min(end for start, end in batches if start >= 1000 * arrives) for arrives, _ in MEASURED]
    return [round(end - 1000 * arrives) for end, (arrives, _) in zip(found, MEASURED, strict=True)]


run = dstream(lambda ssc: ssc.textFileStream("sim://in").foreachRDD(lambda rdd: print(rdd.count())))
batches = [(batch.batch_time_ms, batch.processing_end_ms) for batch in run.batches]
print("DStream, every 2 s:   ", delays(batches), "ms")
run = structured(soon)
batches = [(trigger.start_ms, trigger.end_ms) for trigger in run.triggers]
print("query, no trigger set:", delays(batches), "ms")

# %% [markdown] lang="en"
# A DStream waits for the end of its interval, whatever comes. A query without a trigger begins a batch as soon as there is a row, and
# then a batch costs what it costs: two entries in logs and a job. *Continuous processing* saves these: its tasks run on for ever
# and hand on each row. Here four numbers a second come:

# %% [markdown] lang="zh"
# DStream 无论来什么，都要等到间隔结束。没有设置触发（trigger）的查询，一有行就开始一个批次，批次的开销就是延迟：两条日志和一个作业（job）。
# *连续处理*（continuous processing）省去这些：任务（task）一直运行，逐行交出。下面每秒到来四个数：


# %%
def row_by_row(spark):
    numbers = spark.readStream.format("rate").option("rowsPerSecond", 4).option("numPartitions", 2).load()
    writer = numbers.writeStream.option("checkpointLocation", "sim://checkpoint").foreach(print)
    writer.trigger(continuous="1 second").start()


run = structured(row_by_row, files=None, until=6)
for epoch in run.epochs.where(lambda row: row.mean_latency_ms is not None):
    print(f"epoch {epoch.epoch}: {epoch.rows_written} rows, mean delay {epoch.mean_latency_ms:.1f} ms")

# %% [markdown] lang="en"
# The second in the trigger is not a delay. It says how often the query notes how far it is: an *epoch*. After a crash the
# rows of an epoch that was not noted come again: at least once. Only queries without aggregations and other states may run so, each
# partition keeps a core for ever, and it has been experimental since 2.3. (On PySpark 4.3 `foreach` dies in the second epoch of
# such a query; use Kafka as the sink there.)

# %% [markdown] lang="zh"
# 触发中的一秒不是延迟，而是查询多久记录一次进度：一个 *epoch*。崩溃之后，没有记录的 epoch 中的行会再次到来：至少一次（at least once）。
# 只有没有聚合和其他状态的查询可以这样运行，每个分区永远占用一个核心（core），而且它从 2.3 起一直是实验性的。
# （在 PySpark 4.3 上，`foreach` 在这种查询的第二个 epoch 就会终止；那里请用 Kafka 作接收端。）

# %% [markdown] lang="en"
# ## Break it
#
# **An upgrade.** The driver stops at 6.5 s. Each time that the program is called it is the next release; it writes its number
# into the sink beside the counts.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **升级。** 驱动程序（driver）在 6.5 秒停止。程序每被调用一次，就是下一个版本；它把版本号写在接收端（sink）的计数旁边。

# %%
STOP = DriverCrash(at=6.5, restart_after=1)
LINES = {f"sim://in/{second}.txt": (second + 0.3, "to be\n") for second in (1, 3, 8, 9)}


def release_of_dstream(ssc, release):
    ssc.checkpoint("sim://checkpoint")

    def save(rdd):
        sink("counts").upsert("release", release)
        for word, count in rdd.collect():
            sink("counts").upsert(word, count)

    words = ssc.textFileStream("sim://in").flatMap(lambda line: line.split(" "))
    words.map(lambda word: (word, 1)).updateStateByKey(total).foreachRDD(save)


def release_of_query(spark, release):
    def save(rows, batch):
        sink("counts").upsert("release", release)
        for word, count in rows.collect():
            sink("counts").upsert(word, count)

    writer = word_count(spark.readStream.text("sim://in")).writeStream.outputMode("update")
    writer = writer.foreachBatch(save).option("checkpointLocation", "sim://checkpoint")
    writer.trigger(processingTime="2 seconds").start()


def releases(program):
    numbers = iter((1, 2))
    return lambda context: program(context, next(numbers))


old = dstream(releases(release_of_dstream), files=LINES, until=15, faults=[STOP])
new = structured(releases(release_of_query), files=LINES, until=15, faults=[STOP])
for name, run in {"DStream": old, "query": new}.items():
    print(f"{name:<9}", {row.key: row.value for row in run.sink("counts").rows})
confirm("release after the upgrade", old.sink("counts").get("release"))

# %% [markdown] lang="en"
# Both count right: two lines before the stop, two after it. But the DStream program goes on with release 1, for ever, unless
# its checkpoint is deleted, and the states with it. The query runs the new code with the old states. There are limits:
# the number of sources, the keys and the kind of an aggregation must stay, since the states were written for them; filters, the sink
# and what is done with its rows may change. (Spark's guide, "Recovery Semantics after Changes in a Streaming Query".)
#
# **Data that nobody can give again.** Lines come from a socket, five a second, and the driver dies at 6.5 s.

# %% [markdown] lang="zh"
# 两者计数都正确：停止前两行，之后两行。但 DStream 程序永远以版本 1 继续，除非删除检查点，状态也随之消失。查询则以旧状态运行新代码。
# 这有限度：数据源的个数、聚合的键和种类不能变，因为状态是为它们写的；过滤条件、接收端以及对行的处理可以改。
# （Spark 指南“Recovery Semantics after Changes in a Streaming Query”一节。）
#
# **没有人能再次给出的数据。** 行来自套接字，每秒五行，驱动程序在 6.5 秒死亡。


# %%
def from_receiver(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.foreachRDD(lambda rdd: sink("rows").upsert("all", (sink("rows").get("all", 0) + rdd.count())))


def from_socket(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    writer = lines.writeStream.format("console").option("checkpointLocation", "sim://checkpoint")
    writer.trigger(processingTime="2 seconds").start()


NETWORK = {"localhost:9999": Constant(5)}
LOGGED = {"spark.streaming.receiver.writeAheadLog.enable": "true"}
for name, conf in {"without a log": {}, "with a write-ahead log": LOGGED}.items():
    run = dstream(from_receiver, files=None, network=NETWORK, until=15, faults=[STOP], conf=conf)
    print(f"DStream {name}: {run.sink('rows').get('all')} lines counted")
run = structured(from_socket, files=None, network=NETWORK, until=15, faults=[STOP])
print("query:", sum(run.triggers.column("rows_read")), "lines read;", run.queries[-1].error.split(". ")[0])

# %% [markdown] lang="en"
# A receiver holds data that the sender has forgotten, so Spark must keep a copy: the write-ahead log (lesson 15). It saves what had been
# received; what the socket sends while no receiver listens is gone in any case. Structured Streaming went another way: it has no
# receivers and no such log. Its checkpoint says *which* rows, and the source has to give them again: files and Kafka do. The socket,
# which cannot, is for trying things out only.

# %% [markdown] lang="zh"
# 接收器（receiver）持有发送方已经忘记的数据，所以 Spark 必须保留副本：预写日志（write-ahead log，第 15 课）。它保住已收到的数据；
# 没有接收器在听时套接字发出的数据，无论如何都没有了。Structured Streaming 走了另一条路：没有接收器，也没有这种日志。
# 它的检查点说的是*哪些*行，数据源必须能再次给出它们：文件和 Kafka 可以。套接字做不到，所以只用于试验。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Structured Streaming is DStreams with SQL."** It shares nothing with them but the scheduler below. There are no receivers, no graph of RDDs
# in a checkpoint, no batch interval. *Source: `MicroBatchExecution` on the one side, `JobGenerator` on the other.*
#
# **"DStreams are as good, only older."** They are deprecated since Spark 3.4: `StreamingContext` warns of it, and nothing new is
# built. What runs may run on; what is new should not begin there. *Source: Spark's release notes of 3.4.0, SPARK-42075.*
#
# **"Structured Streaming can do all that DStreams can."** Not quite. A receiver of your own becomes a data source, which must
# know offsets. `transform` with any RDD code becomes `foreachBatch`, which is an output and has no stream behind it. Two outputs of
# one DStream share its work; two queries read the source twice.
#
# **"Exactly once comes with the engine."** Both run a batch again after a crash. Each output must be able to take it twice: with
# DStreams by the batch time, here by the batch number (lessons 19, 23, 29).

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“Structured Streaming 就是带 SQL 的 DStream。”** 除了底层的调度器，两者没有共同之处。没有接收器，检查点中没有 RDD 的图，没有批次间隔。
# *来源：一边是 `MicroBatchExecution`，另一边是 `JobGenerator`。*
#
# **“DStream 同样好，只是旧一点。”** 从 Spark 3.4 起它已被弃用：`StreamingContext` 会发出警告，也不再增加新东西。
# 正在运行的可以继续运行；新的程序不应从那里开始。*来源：Spark 3.4.0 发布说明，SPARK-42075。*
#
# **“DStream 能做的，Structured Streaming 都能做。”** 并不完全。自己的接收器要变成数据源，而数据源必须有偏移量。用任意 RDD 代码的
# `transform` 变成 `foreachBatch`，那是输出，后面没有流。同一个 DStream 的两个输出共享计算；两个查询则把数据源读两遍。
#
# **“恰好一次由引擎提供。”** 两者在崩溃之后都会重新运行批次。每个输出都必须能承受两次：DStream 用批次时间，这里用批次编号（第 19、23、29 课）。

# %% [markdown] lang="en"
# ### Which one?
#
# | the task asks for | DStream | Structured Streaming |
# |---|---|---|
# | a new program | deprecated | **this one** |
# | time of the rows, late rows | by hand | **watermark, windows** |
# | joins of streams, deduplication | within one batch or a window of batches | **with states that expire** |
# | new releases with old states | delete the checkpoint, or states elsewhere | **within limits** |
# | a protocol of your own that pushes | **receiver and write-ahead log** | put Kafka between |
# | any RDD code in the middle of a stream | **transform** | only at the end, foreachBatch |
# | milliseconds, no states | no | **continuous, experimental** |
# | results at even times, also empty ones | **each interval** | a trigger without rows gives nothing |

# %% [markdown] lang="zh"
# ### 用哪一个？
#
# | 任务的要求 | DStream | Structured Streaming |
# |---|---|---|
# | 新程序 | 已弃用 | **用它** |
# | 行的时间、迟到的行 | 自己写 | **水位线、窗口** |
# | 流的连接、去重 | 同一批次，或若干批次的窗口之内 | **会过期的状态** |
# | 新版本沿用旧状态 | 删除检查点，或把状态放在别处 | **有限度地可以** |
# | 自定义的推送协议 | **接收器和预写日志** | 中间放 Kafka |
# | 流的中间使用任意 RDD 代码 | **transform** | 只能在末端，foreachBatch |
# | 毫秒级、无状态 | 不行 | **连续处理，实验性** |
# | 按固定时刻给出结果，包括空的 | **每个间隔** | 没有行的触发什么也不给 |

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Rules, checkpoints and numbers of batches are those of the two engines. Times are of a small model cluster, and only to be compared
# with each other. On a cluster a query is often faster for another reason too: its plan is compiled, and its rows are no
# Python objects. The times of the model come from a table of costs that knows nothing of that.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 规则、检查点和批次编号与两个引擎相同。时间属于一个小型模型集群，只能互相比较。在集群上，查询往往更快还有另一个原因：
# 它的计划经过编译，它的行不是 Python 对象。模型的时间来自一张成本表，不包含这一点。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A DStream program must get a new rule for filtering, and may not lose its states. What do you do?
#    <details><summary>Answer</summary>
#
#    Its checkpoint holds the old code. Stop it gracefully, with the states saved to a store of your own; start the new
#    program without the checkpoint, with these states as initial ones. Then move to a query.
#    </details>
#
# 2. A query gives no output for minutes, though rows come. A DStream of the same would have. Is it broken?
#    <details><summary>Answer</summary>
#
#    Not by that. In append mode a window comes out when the watermark has passed its end; if no newer rows come, it stays.
#    </details>
#
# 3. Somebody replaces `updateStateByKey` by a query because "batches get slower every day". Does that help?
#    <details><summary>Answer</summary>
#
#    Yes for the time of a batch: only touched keys are asked. The states still grow for ever without a watermark.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个 DStream 程序需要新的过滤规则，且不能丢失状态。怎么办？
#    <details><summary>答案</summary>
#
#    它的检查点中是旧代码。优雅地停止它，把状态存到自己的存储中；不用检查点启动新程序，以这些状态作为初始状态。然后再迁移到查询。
#    </details>
#
# 2. 一个查询几分钟没有输出，虽然行一直在来。同样的 DStream 早就有输出了。它坏了吗？
#    <details><summary>答案</summary>
#
#    不能由此断定。在 append 模式下，窗口要等水位线越过它的终点才交出；如果没有更新的行到来，它就一直留着。
#    </details>
#
# 3. 有人因为“批次一天比一天慢”，用查询取代 `updateStateByKey`。有帮助吗？
#    <details><summary>答案</summary>
#
#    对批次的时间有帮助：只问被触及的键。但没有水位线，状态仍会永远增长。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 31](../../exercises/en/ex31_dstream_or_structured.ipynb): count by both times, move a program from one engine to the
# other, and choose for given tasks; a simulation judges the choice. `sparksim grade 31` says how far you are. This was the last lesson.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 31](../../exercises/zh/ex31_dstream_or_structured.ipynb)：按两种时间计数，把一个程序从一个引擎迁移到另一个，并为给定的任务作出选择，
# 由模拟来评判。`sparksim grade 31` 会告诉你做到了哪一步。这是最后一课。
