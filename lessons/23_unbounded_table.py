# %% [markdown] lang="en"
# # 23. The unbounded table: what a query gives to its sink
#
# **The question.** In lesson 12 each batch was a table, and what lasts from batch to batch was your own affair. What if the
# whole stream is one table that grows, and your query is over all of it? What does a program then hand on, and when: the
# whole answer again and again, or only what is new?
#
# *About 45 minutes. You need lessons 7 (states), 12 (SQL) and 14 (checkpoints).*

# %% [markdown] lang="zh"
# # 23. 无界表：一个查询把什么交给接收端
#
# **问题。** 在第 12 课，每个批次（batch）是一张表，跨批次的东西要由你自己维护。如果整个流是一张不断增长的表，而你的查询针对它的全部内容，
# 会怎样？程序这时向外交出什么、何时交出：一次又一次的完整答案，还是只有新的部分？
#
# *约 45 分钟。需要第 7 课（状态）、第 12 课（SQL）和第 14 课（检查点）。*

# %%
import json
from textwrap import fill

from sparksim.course import batch_by_batch, confirm, lesson, predict
from sparksim.sim import Cluster, DriverCrash, ExecutorCrash, QuerySimulation, Replay, sink, work
from sparksim.sql import SparkSession
from sparksim.sql.functions import explode, max, split
from sparksim.sql.streaming.sources.memory import MemoryStream

SEED = 1
lesson("23", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#   trigger       input table               result table         the sink gets
#                 (grows for ever)          (the query's         complete     update
#                                            answer so far)
#                 ┌────────┐                ┌────────┐
#   second 2      │ to be  │ new            │ to  1  │           to 1, be 1   to 1, be 1
#                 └────────┘                │ be  1  │
#                                           └────────┘
#                 ┌────────┐                ┌────────┐
#   second 4      │ to be  │                │ to  2  │           to 2, be 1,  to 2, do 1
#                 │ to do  │ new            │ be  1  │           do 1
#                 └────────┘                │ do  1  │
#                                           └────────┘
# ```
#
# This is **Structured Streaming**, Spark's second engine for streams. You write a query over a table, as in SQL. The stream
# is the **input table**: every record that comes is a new row at its end. The answer is the **result table**. At each
# **trigger** the engine takes the rows that are new, brings the result table up to date, and gives a part of it to the
# **sink**. Which part, the **output mode** says:
#
# * **append**: the rows that are new in the result table, and will never change;
# * **update**: the rows that this batch has touched;
# * **complete**: all rows.
#
# The input table exists in your head only. Nobody stores it. What is kept is the **state**: of each group the numbers that
# the next batch needs, here one count for each word.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#   trigger       input table               result table         the sink gets
#                 (grows for ever)          (the query's         complete     update
#                                            answer so far)
#                 ┌────────┐                ┌────────┐
#   second 2      │ to be  │ new            │ to  1  │           to 1, be 1   to 1, be 1
#                 └────────┘                │ be  1  │
#                                           └────────┘
#                 ┌────────┐                ┌────────┐
#   second 4      │ to be  │                │ to  2  │           to 2, be 1,  to 2, do 1
#                 │ to do  │ new            │ be  1  │           do 1
#                 └────────┘                │ do  1  │
#                                           └────────┘
# ```
#
# 这就是 **Structured Streaming**，Spark 的第二个流处理引擎。你像写 SQL 一样，对一张表写查询。流就是**输入表**（input table）：
# 每条到来的记录是表末尾的一个新行。答案是**结果表**（result table）。每次**触发**（trigger）时，引擎取出新的行，更新结果表，
# 并把其中一部分交给**接收端**（sink）。交出哪一部分，由**输出模式**（output mode）决定：
#
# * **append**：结果表中新出现、且永远不会再变的行；
# * **update**：本批次触及的行；
# * **complete**：所有的行。
#
# 输入表只存在于你的想象中，没有人保存它。保存的是**状态**（state）：每个分组中下一个批次所需要的数，这里就是每个单词一个计数。

# %% [markdown] lang="en"
# ## The program, live
#
# First the query over an ordinary table. `word_count` does not know what kind of table it gets.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 先对一张普通的表查询。`word_count` 并不知道它得到的是哪种表。


# %%
def word_count(lines):
    words = lines.select(explode(split("value", " ")).alias("word"))
    return words.groupBy("word").count()


spark = SparkSession.builder.master("local[2]").appName("a table that grows").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)

word_count(spark.createDataFrame([("to be",), ("to do",)], "value string")).show()

# %% [markdown] lang="en"
# Now the same function over a stream. A `MemoryStream` is a source to which the program adds rows itself, so that you decide
# what comes when. `processAllAvailable` waits until all of it has been processed.

# %% [markdown] lang="zh"
# 现在把同一个函数用于流。`MemoryStream` 是由程序自己添加行的数据源，这样就由你决定何时到来什么。
# `processAllAvailable` 会等到已添加的全部处理完为止。

# %%
typed = MemoryStream(spark, "value string")
counts = word_count(typed.toDF())
print("isStreaming:", counts.isStreaming)

query = counts.writeStream.outputMode("complete").format("console").start()
typed.addData("to be")
query.processAllAvailable()
typed.addData("to do")
query.processAllAvailable()
query.stop()

# %% [markdown] lang="en"
# In complete mode the console has the whole answer after each batch. A streaming DataFrame has no rows of its own, so that
# `show` and `collect` are refused; only a query that was started (`writeStream ... start()`) gives any.
#
# ### The third mode
#
# Append is what a query does unless you say otherwise. For this one Spark refuses it, before anything runs:

# %% [markdown] lang="zh"
# 在 complete 模式下，每个批次之后控制台都得到完整的答案。流式 DataFrame 自己没有行，所以 `show` 和 `collect` 会被拒绝；
# 只有启动了的查询（`writeStream ... start()`）才给出行。
#
# ### 第三种模式
#
# 如果你不指定，查询就用 append。对这个查询，Spark 在运行之前就拒绝它：


# %%
def refused(attempt):
    try:
        attempt()
    except Exception as error:
        print(fill(f"{type(error).__name__}: {error}", 90), end="\n\n")


refused(counts.show)
refused(lambda: counts.writeStream.format("console").start())
refused(lambda: typed.toDF().writeStream.outputMode("complete").format("console").start())

# %% [markdown] lang="en"
# Append promises that a row, once given, never changes. A count of *to* may grow with every line, so no row of this result
# table is ever final. (Lesson 25 shows what makes a row final: a watermark.) A query without an aggregation has no such
# trouble: a row of the input becomes a row of the result, and stays as it is. There update means the same as append,
# and complete is refused, since for it the engine would have to keep the whole stream.

# %% [markdown] lang="zh"
# append 承诺：一行一旦交出，就不再改变。*to* 的计数可能随每一行输入而增长，所以这张结果表中没有哪一行是最终的。
# （第 25 课讲什么能让一行成为最终的：水位线（watermark）。）没有聚合的查询则没有这个麻烦：输入的一行成为结果的一行，从此不变。
# 这时 update 与 append 含义相同，而 complete 被拒绝，因为那样引擎就必须保存整个流。

# %%
query = typed.toDF().where("value like '%do'").writeStream.format("console").start()
query.processAllAvailable()
typed.addData("do it", "what to do")
query.processAllAvailable()
query.stop()

# %% [markdown] lang="en"
# ## Predict
#
# The words again, now on a cluster: lines of a socket, a trigger every 2 seconds. At 1.3 s comes *to be*, at 3.1 s
# *to do*, at 8.4 s *be*, at 12.5 s *to see*.
#
# In **update** mode, how many rows does the sink get at second 4?

# %% [markdown] lang="zh"
# ## 预测
#
# 还是这些单词，现在在集群上：来自套接字的行，每 2 秒触发一次。1.3 秒到来 *to be*，3.1 秒 *to do*，8.4 秒 *be*，12.5 秒 *to see*。
#
# 在 **update** 模式下，接收端在第 4 秒得到多少行？

# %% predict="rows at second 4"
{
    "answer": 2,
    "why": (
        "The batch touches to and do. Nothing came for be, so its row is not given again.",
        "这个批次触及 to 和 do。be 没有新数据，所以它的行不再交出。",
    ),
    "mistakes": {
        3: ("That is the whole result table: complete mode.", "那是整张结果表：complete 模式。"),
        1: (
            "do is new, and to has another number than before. Both rows were touched.",
            "do 是新的，而 to 的数变了。两行都被触及。",
        ),
    },
}

# %% [markdown] lang="en"
# Triggers fire at seconds 0, 2, 4, ... up to 14. How many batches are run?

# %% [markdown] lang="zh"
# 触发发生在第 0、2、4……14 秒。运行了多少个批次？

# %% predict="batches"
{
    "answer": 5,
    "why": (
        "A trigger that finds no new rows runs no batch. Four find some; the first one runs in any case.",
        "没有新行的触发不运行批次。有四次发现了新行；第一次则无论如何都会运行。",
    ),
    "mistakes": {
        8: (
            "So it was with DStreams: a batch for each interval. Here a trigger looks first whether there is anything.",
            "DStream 是这样：每个间隔一个批次。而这里，触发时先看有没有新东西。",
        ),
        4: (
            "Nearly: of a socket the very first batch is run at once, also without a row.",
            "差一点：对套接字，第一个批次会立即运行，即使没有行。",
        ),
    },
}

# %% [markdown] lang="en"
# And a query over points: the best of each player, `groupBy("player").agg(max("points"))`, in update mode. Ann has 7 points, the
# sink knows. Now comes one more row: Ann, 3 points. How many rows does the sink get?

# %% [markdown] lang="zh"
# 再看一个关于得分的查询：每个玩家的最高分，`groupBy("player").agg(max("points"))`，update 模式。Ann 得过 7 分，接收端已经知道。
# 现在又来一行：Ann，3 分。接收端得到多少行？

# %% predict="rows for a lower score"
{
    "answer": 1,
    "why": (
        "Touched is not changed: the group of Ann had a new row, so its result is given again, the same 7.",
        "触及不等于改变：Ann 的分组有了新行，所以它的结果再次交出，还是 7。",
    ),
    "mistakes": {
        0: (
            "The engine does not compare the new value with the old one.",
            "引擎不比较新值与旧值。",
        ),
        2: ("There is one group, and so one row.", "只有一个分组，所以只有一行。"),
    },
}

# %%
points = MemoryStream(spark, "player string, points long")
best = points.toDF().groupBy("player").agg(max("points").alias("best"))
query = best.writeStream.outputMode("update").queryName("best").format("memory").start()
points.addData(("Ann", 7))
query.processAllAvailable()
points.addData(("Ann", 3))
query.processAllAvailable()
spark.table("best").show()  # in update mode this sink keeps one row after another
confirm("rows for a lower score", spark.table("best").count() - 1)
query.stop()
spark.stop()

# %% [markdown] lang="en"
# ## The same program, simulated
#
# This is the usual first program of Structured Streaming, as it would be submitted to a cluster. `program(spark)` starts the
# query; `QuerySimulation` runs it in virtual time.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 这就是 Structured Streaming 通常的第一个程序，可以原样提交给集群。`program(spark)` 启动查询；`QuerySimulation` 在虚拟时间中运行它。

# %%
CLUSTER = Cluster(executors=2, cores=2)
LINES = [(1.3, "to be"), (3.1, "to do"), (8.4, "be"), (12.5, "to see")]


def from_socket(spark):
    reader = spark.readStream.format("socket")
    return reader.option("host", "localhost").option("port", 9999).load()


def counting(mode, **options):
    def program(spark):
        writer = word_count(from_socket(spark)).writeStream.outputMode(mode).format("console")
        writer.trigger(processingTime="2 seconds").options(**options).start()

    return program


def simulated(program, *, until=15, faults=(), lines=LINES):
    network = {"localhost:9999": Replay(lines)}
    simulation = QuerySimulation(program, network=network, cluster=CLUSTER, faults=faults, seed=SEED)
    return simulation.run(until=until)


run = simulated(counting("update"))
print(run.output)

# %%
run.query_figure()

# %% [markdown] lang="en"
# A column is a trigger that ran a batch. From top to bottom: the new rows of the input table; the states; what the sink
# got. A grey state was left alone, and in update mode its row is not given. The same as a table, and beside it the
# other mode:

# %% [markdown] lang="zh"
# 每一列是一次运行了批次的触发。从上到下：输入表的新行；状态；接收端得到的行。灰色的状态没有被触及，在 update 模式下，它的行不会交出。
# 下面是同样内容的表格，以及另一种模式：

# %%
print(batch_by_batch(run))
confirm("rows at second 4", run.triggers.where(batch_time_ms=4000)[0].rows_written)
confirm("batches", len(run.triggers))

# %%
complete = simulated(counting("complete"))
print(batch_by_batch(complete))
for each in (run, complete):
    print(f"{each.queries[0].mode}: {sum(each.triggers.column('rows_written'))} rows in all")

# %% [markdown] lang="en"
# ### What complete mode costs
#
# In the next run every second a word comes that nobody has used before.

# %% [markdown] lang="zh"
# ### complete 模式的代价
#
# 在下一次运行中，每秒到来一个从未出现过的单词。

# %%
new_words = [(second + 0.5, f"word{second}") for second in range(40)]
for mode in ("update", "complete"):
    run = simulated(counting(mode), lines=new_words, until=41)
    last = run.triggers[-1]
    written = sum(run.triggers.column("rows_written"))
    print(f"{mode}: {written} rows to the sink in all,", end=" ")
    print(f"{last.rows_written} of them in the last batch; {last.state_rows} states")

# %% [markdown] lang="en"
# The last batch reads 2 rows in both modes. Complete mode hands on everything again, and more each time. The states are as
# many in both: **an aggregation without a watermark keeps each group for ever**, whatever the mode.
#
# ### When a trigger fires
#
# | `trigger(...)` | fires |
# |---|---|
# | nothing | again as soon as the last batch is done; if there is nothing new, it looks again every 10 ms |
# | `processingTime="2 seconds"` | at once, then at multiples of 2 seconds; a batch that took longer is followed at once by the next |
# | `availableNow=True` | until all that was there at the start is done, in as many batches as the limits of the source ask for; then the query ends |
# | `once=True` | one batch with all that is there; then the query ends |
#
# Batches of one query never overlap. Here each needs 3 seconds, with a trigger every 2:

# %% [markdown] lang="zh"
# 两种模式的最后一个批次都只读取 2 行。complete 模式却把一切重新交出，而且一次比一次多。状态的数目则相同：
# **没有水位线的聚合永远保存每个分组**，与模式无关。
#
# ### 触发何时发生
#
# | `trigger(...)` | 触发时刻 |
# |---|---|
# | 不指定 | 上一个批次一完成就再次触发；没有新数据时每 10 毫秒看一次 |
# | `processingTime="2 seconds"` | 立即触发一次，之后在 2 秒的整数倍时刻；如果批次超时，下一个批次紧接着开始 |
# | `availableNow=True` | 直到启动时已有的数据全部处理完，批次数取决于数据源的限制；然后查询结束 |
# | `once=True` | 用一个批次处理已有的全部数据；然后查询结束 |
#
# 同一个查询的批次从不重叠。下面每个批次需要 3 秒，而每 2 秒触发一次：


# %%
def slow(spark):
    writer = word_count(from_socket(spark)).writeStream.outputMode("update")
    slow_sink = writer.foreachBatch(lambda rows, batch: work(3))
    slow_sink.trigger(processingTime="2 seconds").start()


for trigger in simulated(slow, until=20).triggers:
    print(f"batch {trigger.batch}: {trigger.start_ms / 1000:5.1f} s to {trigger.end_ms / 1000:5.1f} s")

# %% [markdown] lang="en"
# ## Break it
#
# **An executor dies** at second 9, another takes its place. The states lie in the memory of the executors, as in lesson 7.
# But each batch also writes what it changed to a file in the checkpoint: a version per batch and partition.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **一个执行器（executor）死亡**，在第 9 秒，随后另一个顶替它。与第 7 课一样，状态在执行器的内存中。
# 但每个批次还把所做的改动写入检查点（checkpoint）中的文件：每个批次、每个分区（partition）一个版本。

# %%
crash = ExecutorCrash("2", at=9.0, restart_after=1)
run = simulated(counting("update", checkpointLocation="sim://checkpoint"), until=17, faults=[crash])
print(batch_by_batch(run))
for executor in run.executors.where(lambda row: row.removed_ms is not None):
    print(f"executor {executor.executor_id} was lost at {executor.removed_ms / 1000:.1f} s")
print("the batches took", [round(ms) for ms in run.triggers.column("duration_ms")], "ms")

# %% [markdown] lang="en"
# Nothing is lost and nothing is counted twice: whoever gets a partition of states next reads the version of the last batch
# from the files, which takes a moment longer (the batch of second 10). No lineage is computed again, however long the
# program has run. The price is a file per partition and batch.
#
# **The driver dies** at second 11 and is started again a second later. The program says nothing of a checkpoint. What is the
# count of *to* in the batch that reads *to see*?

# %% [markdown] lang="zh"
# 没有丢失，也没有重复计数：接手某个状态分区的执行器从文件中读取上一个批次的版本，因此第 10 秒的批次稍慢一点。
# 无论程序运行了多久，都不必沿血缘（lineage）重新计算。代价是每个分区、每个批次一个文件。
#
# **驱动程序（driver）死亡**，在第 11 秒，一秒后重新启动。程序没有指定检查点。在读取 *to see* 的批次中，*to* 的计数是多少？

# %% predict="to without a checkpoint"
{
    "answer": 1,
    "why": (
        "Without a checkpointLocation the console's query keeps its states in a temporary folder, of which the next run "
        "knows nothing: a new query begins.",
        "没有 checkpointLocation 时，控制台查询把状态放在临时目录中，下一次运行对它一无所知：开始的是一个新查询。",
    ),
    "mistakes": {
        3: (
            "Where would the second driver find the counts of the first?",
            "第二个驱动程序到哪里去找第一个的计数？",
        ),
    },
}

# %%
crash = DriverCrash(at=11.0, restart_after=1)
run = simulated(counting("update"), faults=[crash])
print(batch_by_batch(run))
[last] = run.result_rows.where(lambda row: row.row[0] == "to")[-1:]
confirm("to without a checkpoint", int(last.row[1]))

# %% [markdown] lang="en"
# So we give a checkpoint:

# %% [markdown] lang="zh"
# 那就给出检查点：

# %%
program = counting("update", checkpointLocation="sim://checkpoint")
run = simulated(program, faults=[crash])
print(batch_by_batch(run))
print("states in batch 4:", run.triggers.where(batch=4)[0].state_rows)
print(fill(run.queries[-1].error, 90))

# %% [markdown] lang="en"
# The states came back, and the query died with the first new line. The checkpoint says "lines up to number 2 are done", and a
# socket cannot start at number 3: lines have no numbers there, and what was sent is gone. **A checkpoint is worth as much as
# the source behind it.** What is needed is a source that gives the same rows for the same offsets whenever it is asked:
# files, or Kafka. Here are the same lines as files in a folder, and a sink that may be written twice: it sets the
# count of a word, it does not add to it. The driver dies at 4.2 s: the sink has the batch, and the commit log has not.

# %% [markdown] lang="zh"
# 状态回来了，但查询在遇到第一个新行时终止了。检查点说“编号到 2 的行已完成”，而套接字无法从 3 号开始：那里的行没有编号，发送过的也已不在。
# **检查点的价值取决于它背后的数据源。** 需要这样的数据源：无论何时询问，相同的偏移量（offset）总给出相同的行，如文件或 Kafka。
# 下面把同样的行放在一个目录的文件中，并用一个可以重复写入的接收端：它设置单词的计数，而不是累加。
# 驱动程序在 4.2 秒死亡：接收端已有这个批次，而提交日志还没有。

# %%
FILES = {}
for number, (second, line) in enumerate(LINES):
    FILES[f"sim://in/{number}.json"] = (second, json.dumps({"value": line}))


def keep(rows, batch):
    print(f"batch {batch}:", [tuple(row) for row in rows.collect()])
    for word, count in rows.collect():
        sink("totals").upsert(word, count)


def lasting(spark):
    lines = spark.readStream.schema("value string").json("sim://in/*")
    writer = word_count(lines).writeStream.outputMode("update").foreachBatch(keep)
    writer = writer.option("checkpointLocation", "sim://checkpoint")
    writer.trigger(processingTime="2 seconds").start()


crash = DriverCrash(at=4.2, restart_after=1)
simulation = QuerySimulation(lasting, files=FILES, cluster=CLUSTER, faults=[crash], seed=SEED)
run = simulation.run(until=15)
print(run.output)
print(run.sink("totals"))

# %%
run.query_figure()

# %% [markdown] lang="en"
# The batch that was planned is run again: with the same number, the same rows, the same states. The column `writes` counts
# what the sink was told, and *to* has one more than it has batches. The values are right all the same. So *exactly once*
# is made of three parts, and each is somebody's duty:
#
# 1. a **replayable source**: the offset log says *which* rows batch 1 has, the source gives them again;
# 2. a **deterministic query** and states with versions: batch 1 starts from the states after batch 0;
# 3. an **idempotent sink**: a batch number that it knows, or a value that it sets, changes nothing the second time.

# %% [markdown] lang="zh"
# 计划过的批次会重新运行：相同的编号、相同的行、相同的状态。`writes` 一列统计接收端收到的写入，*to* 比含有它的批次数多一次。
# 值却仍然正确。所以*恰好一次*（exactly once）由三部分构成，各有人负责：
#
# 1. **可重放的数据源**：偏移量日志说明批次 1 有*哪些*行，数据源再次给出它们；
# 2. **确定的查询**以及带版本的状态：批次 1 从批次 0 之后的状态开始；
# 3. **幂等**（idempotent）**的接收端**：已知的批次编号，或者直接设置的值，第二次写入不会改变任何东西。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Structured Streaming is exactly-once, end to end."** Only with the three parts above. With a socket it loses lines, with the
# console or a Kafka sink a batch may come twice. *Source: Spark's guide, "Fault Tolerance Semantics": it asks for replayable
# sources and idempotent sinks.*
#
# **"Since Spark 2.3 Spark Streaming has a latency of 1 ms."** That is *continuous processing*, an experimental mode of
# Structured Streaming: queries without aggregations, a few sources and sinks, at least once. It has nothing to do with
# DStreams, and a micro-batch is never that fast: it writes two logs and schedules its tasks. Measure:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“Structured Streaming 端到端恰好一次。”** 只有具备上面三部分时才成立。用套接字会丢失行，用控制台或 Kafka 接收端，一个批次可能出现两次。
# *来源：Spark 指南的“Fault Tolerance Semantics”一节要求可重放的数据源和幂等的接收端。*
#
# **“从 2.3 起，Spark Streaming 的延迟为 1 毫秒。”** 那是 Structured Streaming 的实验性模式*连续处理*（continuous processing）：
# 只支持没有聚合的查询、少数数据源和接收端，至少一次（at least once）。它与 DStream 无关，而微批次永远不会那么快：
# 它要写两份日志，还要调度任务（task）。量一量：

# %%
run = simulated(counting("update"))
print([round(duration) for duration in run.triggers.column("duration_ms")], "ms")

# %% [markdown] lang="en"
# **"Append mode appends the new results."** Only final ones. A query that aggregates needs a watermark for it (lesson 25).
#
# **"Update gives what has changed."** It gives what was touched; you saw the same 7 twice. A sink that reacts to *changes*
# (say, by sending a mail) has to compare for itself.
#
# **"The whole input table has to fit into memory."** Only the states have to: one for each group. The rows of a batch are
# gone when it is done. *Source: the operators `StateStoreRestoreExec` and `StateStoreSaveExec`.*

# %% [markdown] lang="zh"
# **“append 模式追加新的结果。”** 只追加最终的结果。聚合查询为此需要水位线（第 25 课）。
#
# **“update 给出改变了的行。”** 它给出被触及的行；你看到同样的 7 出现了两次。如果接收端要对*改变*作出反应（例如发邮件），必须自己比较。
#
# **“整张输入表必须放得进内存。”** 只有状态需要：每个分组一个。批次完成后，它的行就不在了。
# *来源：算子 `StateStoreRestoreExec` 和 `StateStoreSaveExec`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Rules, logs, states and the numbers of batches are Spark's. Times are those of a small model cluster. Spark's default of
# `spark.sql.shuffle.partitions` is 200, here it is 2, so that figures can be read: 200 small tasks per batch and 200
# small files per checkpoint are a usual cause of slow first programs. The order of rows within a batch is not
# promised, here or there. Continuous processing is not there. In Spark 2.3 the first batch of a socket waits for the first line.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 规则、日志、状态和批次编号与 Spark 相同。时间则属于一个小型模型集群。`spark.sql.shuffle.partitions` 在 Spark 中默认为 200，
# 这里是 2，以便看清图：每个批次 200 个小任务、检查点中 200 个小文件，是初学者程序缓慢的常见原因。
# 同一批次内各行的次序没有保证，两边都是如此。这里没有连续处理。在 Spark 2.3 中，套接字的第一个批次要等到第一行到来。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A dashboard shows the ten most frequent words. Which output mode?
#    <details><summary>Answer</summary>
#
#    Complete: sorting and cutting need the whole result table, and only complete mode has it
#    (`orderBy(...).limit(10)` after an aggregation is refused in the others).
#    </details>
#
# 2. A table in a database holds a row per word. Which mode, and how does the sink write?
#    <details><summary>Answer</summary>
#
#    Update, with an upsert by word: few rows per batch, and a batch that comes twice changes nothing.
#    </details>
#
# 3. After a restart from its checkpoint a query runs batch 7, which the sink has already seen. New rows have arrived while it was
#    down. Are they in batch 7?
#    <details><summary>Answer</summary>
#
#    No. The offset log has fixed where batch 7 ends, before it ran for the first time. New rows come in batch 8.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 看板显示出现最多的十个单词。用哪种输出模式？
#    <details><summary>答案</summary>
#
#    complete：排序和截取需要整张结果表，而只有 complete 模式拥有它（聚合之后的 `orderBy(...).limit(10)` 在其他模式下会被拒绝）。
#    </details>
#
# 2. 数据库中的一张表为每个单词保存一行。用哪种模式？接收端怎样写？
#    <details><summary>答案</summary>
#
#    update，按单词做 upsert：每个批次只有少数行，而一个批次出现两次也不会改变什么。
#    </details>
#
# 3. 查询从检查点重新启动后，运行批次 7，而接收端已经见过它。停机期间又到来了新行。它们在批次 7 中吗？
#    <details><summary>答案</summary>
#
#    不在。偏移量日志在批次 7 第一次运行之前就确定了它的终点。新行在批次 8 中。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 23](../../exercises/en/ex23_unbounded_table.ipynb): say what a sink gets, count in update mode, and survive the
# driver's death. `sparksim grade 23` says how far you are. Next: lesson 24, where rows have a time of their own.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 23](../../exercises/zh/ex23_unbounded_table.ipynb)：说出接收端得到什么、用 update 模式计数，以及经受驱动程序的死亡。
# `sparksim grade 23` 会告诉你做到了哪一步。下一课是第 24 课：行有自己的时间。
