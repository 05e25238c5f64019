# %% [markdown] lang="en"
# # 26. DataFrames, SQL views and typed aggregation on streams
#
# **The question.** A stream is a DataFrame. So what of a DataFrame works on a stream as it is, what is refused, and what can
# be done when no built-in aggregation says what you want?
#
# *About 40 minutes. You need lessons 23 (output modes) and 25 (watermarks).*

# %% [markdown] lang="zh"
# # 26. 流上的 DataFrame、SQL 视图与类型化聚合
#
# **问题。** 流就是 DataFrame。那么 DataFrame 的哪些操作可以照样用在流上，哪些会被拒绝？当没有一个内置聚合能表达你的意思时，又该怎么办？
#
# *约 40 分钟。需要第 23 课（输出模式）和第 25 课（水位线）。*

# %%
from datetime import datetime

import pandas as pd

from sparksim.course import batch_by_batch, confirm, lesson, predict
from sparksim.sim import Cluster, ExecutorCrash, QuerySimulation, Replay
from sparksim.sql import SparkSession, typed
from sparksim.sql.functions import expr
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.streaming.state import GroupStateTimeout
from sparksim.sql.utils import AnalysisException

SEED = 1
lesson("26", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  frame.select(...)   frame.where(...)   spark.sql("...")   groupByKey(...).agg(...)
#        │                   │                  │                    │
#        └───────────────────┴─────── all make ─┴────────────────────┘
#                                          ▼
#                       a PLAN: nothing runs, nothing is printed, nothing is kept
#                                          │  writeStream ... start()
#                                          ▼
#                       a QUERY: the plan is run again and again, one batch each time
# ```
#
# A DataFrame is a description. Of a table it can be carried out at once, so `show()` and `count()` make sense. Of a stream
# there is no end to wait for: only a started query carries it out, batch after batch. Everything that *describes* works on
# both; everything that *wants rows now* is refused on a stream.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  frame.select(...)   frame.where(...)   spark.sql("...")   groupByKey(...).agg(...)
#        │                   │                  │                    │
#        └───────────────────┴─────── all make ─┴────────────────────┘
#                                          ▼
#                       a PLAN: nothing runs, nothing is printed, nothing is kept
#                                          │  writeStream ... start()
#                                          ▼
#                       a QUERY: the plan is run again and again, one batch each time
# ```
#
# DataFrame 是一份描述。描述的若是表，可以立即执行，所以 `show()` 和 `count()` 有意义。描述的若是流，就没有终点可等：
# 只有启动了的查询（query）才会一个批次（batch）接一个批次地执行它。凡是*描述*，两者都可用；凡是*现在就要行*，在流上都被拒绝。

# %% [markdown] lang="en"
# ## The program, live
#
# On two cores of your machine, a stream of words, each with how often it was counted somewhere.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 在你机器的两个核心上，一个由单词组成的流，每个单词带有在别处统计的次数。

# %%
local = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", 2)
spark = local.getOrCreate()
words = MemoryStream(spark, "word string, times int")
updates = words.toDF()
often = updates.where("times > 1").selectExpr("upper(word) as word", "times * 10 as tens")

print("a stream?", updates.isStreaming, often.isStreaming)
often.printSchema()
often.explain()

# %% [markdown] lang="en"
# Columns, types and plan are known before a single row has come. Which actions are refused?

# %% [markdown] lang="zh"
# 一行都还没有来，列、类型和计划就都已知道。哪些动作（action）会被拒绝？


# %%
def why_not(what, function):
    try:
        function()
    except AnalysisException as error:
        reason = str(error).split("] ")[-1].split(". Why: ")[0].split("; ")[0]
        print(f"{what:<10} {reason}")


why_not("show", updates.show)
why_not("collect", updates.collect)
why_not("count", updates.count)
why_not("toPandas", updates.toPandas)
why_not("cache", updates.cache)
why_not("write", lambda: updates.write)
why_not("a table", lambda: spark.range(3).writeStream)

# %% [markdown] lang="en"
# Now a view. Below the same sum is said three times: in SQL, with columns, and in the manner of Scala's typed Datasets.
# Scala writes `groupByKey(_.word.substring(0, 1)).agg(typed.sum(_.times))`. PySpark has no such thing, since Python has no
# Datasets; sparksim has it in plain Python, to show what it is: an ordinary aggregation by a key.

# %% [markdown] lang="zh"
# 下面用到视图。同一个求和说了三遍：用 SQL，用列，以及按 Scala 类型化 Dataset 的方式。
# Scala 写作 `groupByKey(_.word.substring(0, 1)).agg(typed.sum(_.times))`。PySpark 没有这个，因为 Python 没有 Dataset；
# sparksim 用普通 Python 提供它，好让人看清它是什么：一个普通的按键聚合。

# %%
updates.createOrReplaceTempView("updates")
by_sql = spark.sql("""
    select left(word, 1) as letter, sum(times) as total
    from updates
    group by left(word, 1)
""")

letter = expr("left(word, 1)").alias("letter")
by_columns = updates.groupBy(letter).agg(expr("sum(times)").alias("total"))

by_key = updates.groupByKey(lambda row: row.word.substr(1, 1))
by_type = by_key.agg(typed.sum(lambda row: row.times).name("total"))
running_before_start = len(spark.streams.active)

# %% [markdown] lang="en"
# ## Predict
#
# The cell above has said `spark.sql("select ...")`. How many queries are running now?

# %% [markdown] lang="zh"
# ## 预测
#
# 上面的单元格写了 `spark.sql("select ...")`。现在有几个查询在运行？

# %% predict="queries running"
{
    "answer": 0,
    "why": (
        "spark.sql over a view of a stream gives another streaming DataFrame. Nothing runs until it is started.",
        "对流的视图执行 spark.sql，得到的是另一个流式 DataFrame。在启动之前什么都不运行。",
    ),
    "mistakes": {
        1: (
            "On a table the answer could be shown at once. But who has started a query?",
            "对于表，答案可以立即显示。但有谁启动过查询？",
        ),
        3: ("Three were described. How many were started?", "描述了三个。启动了几个？"),
    },
}

# %% [markdown] lang="en"
# Three queries, started now, over the same three rows. In which of them do the totals end in `.0`: "sql", "columns" or
# "type"?

# %% [markdown] lang="zh"
# 现在启动三个查询，处理同样的三行。哪一个的总数以 `.0` 结尾："sql"、"columns" 还是 "type"？

# %% predict="sums that are doubles"
{
    "answer": "type",
    "why": (
        "typed.sum adds doubles, whatever it is given. SQL's sum of int is a bigint.",
        "typed.sum 无论给它什么都按 double 相加。SQL 对 int 求和得到 bigint。",
    ),
    "mistakes": {
        "sql": ("SQL's sum of whole numbers is a whole number.", "SQL 对整数求和仍是整数。"),
        "columns": (
            "Columns and SQL are two spellings of one thing.",
            "列和 SQL 是同一件事的两种写法。",
        ),
    },
}

# %%
confirm("queries running", running_before_start)
words.addData(("spark", 2), ("stream", 1), ("batch", 4))
with_doubles = []
for name, frame in (("sql", by_sql), ("columns", by_columns), ("type", by_type)):
    query = frame.writeStream.outputMode("complete").format("memory").queryName(f"by_{name}").start()
    query.processAllAvailable()
    print(name, [kind for _, kind in frame.dtypes])
    spark.table(f"by_{name}").orderBy(frame.columns[0]).show()
    with_doubles += [name] if frame.dtypes[1][1] == "double" else []
confirm("sums that are doubles", *with_doubles)
query.explain()

# %% [markdown] lang="en"
# The name of a query in the sink `memory` is a *table*: `spark.table("by_sql")` may be shown, sorted and counted at once.
#
# Not all that describes works on a stream either. Sorting needs all rows, and there are always more to come:

# %% [markdown] lang="zh"
# 写入接收端 `memory` 的查询，其名字是一张*表*：`spark.table("by_sql")` 可以立即显示、排序、计数。
#
# 也不是所有描述都能用在流上。排序需要全部的行，而总有新行要来：

# %%
why_not("sort", updates.sort("times").writeStream.format("memory").queryName("sorted").start)

# %% [markdown] lang="en"
# Spark advises to sort each batch in `foreachBatch`. There a batch is a table: any writer for tables that you have can be
# used again. This one "writes" into a dictionary, and by batch id, so that a batch that is run twice is written once:

# %% [markdown] lang="zh"
# Spark 建议在 `foreachBatch` 中给每个批次排序。在那里一个批次就是一张表：任何为表写好的写入程序都可以再用。
# 这一个“写”入字典，并且按批次编号写，因此运行了两次的批次只算写了一次：

# %%
written = {}


def save(frame, batch):  # an ordinary table comes in
    written[batch] = [tuple(row) for row in frame.orderBy("times").collect()]
    print("batch", batch, "a stream?", frame.isStreaming)


query = updates.writeStream.foreachBatch(save).start()
query.processAllAvailable()
print(written)
spark.stop()

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Sometimes no aggregation says what you want. A web site has visitors; a visit is over when a visitor has not come for 3
# seconds, and then one row should come out: who, and how many pages. For this you write a **function with a state**. Spark
# calls it once per batch for each key that has rows, and once more when the key's **timeout** has passed:
#
# - `state.getOption`, `state.update(value)`, `state.remove()`: what is kept for this key;
# - `state.setTimeoutDuration(ms)`: call me again when the batch time is later than now + ms, even without rows. Each call
#   clears the timeout, so it must be set anew.
#
# Scala has `mapGroupsWithState` (one row per call) and `flatMapGroupsWithState` (any number). Python has
# `applyInPandasWithState`, below. Here is Scala's form in plain Python:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 有时没有一个聚合能表达你的意思。一个网站有访客；访客 3 秒没有再来，这次访问就结束，此时应输出一行：谁，看了多少页。
# 为此要写一个**带状态的函数**（function with a state）。对每个有行的键，Spark 在每个批次调用它一次；当键的**超时**（timeout）过去时，再调用一次：
#
# - `state.getOption`、`state.update(value)`、`state.remove()`：为这个键保留的状态（state）；
# - `state.setTimeoutDuration(ms)`：当批次时间晚于现在加 ms 时再调用我，即使没有行。每次调用都会清除超时，所以必须重新设置。
#
# Scala 有 `mapGroupsWithState`（每次调用一行）和 `flatMapGroupsWithState`（任意多行）。Python 有 `applyInPandasWithState`，见下文。
# 这里是 Scala 的形式，用普通 Python 写出：


# %%
def visit(user, rows, state):
    pages = state.getOption or 0
    if state.hasTimedOut:
        state.remove()
        return [(user, pages)]
    print(user, "had", pages)
    pages += sum(1 for _ in rows)
    state.update(pages)
    state.setTimeoutDuration(3000)
    return []


def visits(spark):
    source = spark.readStream.format("socket").option("host", "localhost").option("port", 9999)
    by_user = source.load().groupByKey(lambda row: row.value)
    closed = by_user.flatMapGroupsWithState(
        visit, "append", "user string, pages int", GroupStateTimeout.ProcessingTimeTimeout
    )
    writer = closed.writeStream.format("memory").queryName("visits")
    writer.trigger(processingTime="1 second").start()


PAGES = [(0.3, "Ann"), (0.5, "Bob"), (1.2, "Ann"), (2.4, "Ann"), (3.1, "Cleo")]


def simulated(program, load=PAGES, until=12, **more):
    network = {"localhost:9999": Replay(load)}
    arguments = {"cluster": Cluster(executors=2, cores=2), "seed": SEED, **more}
    return QuerySimulation(program, network=network, **arguments).run(until=until)


# %% [markdown] lang="en"
# Triggers fire every second. Ann looks at pages at 0.3, 1.2 and 2.4 s; the last one is read by the batch of second 3. In the
# batch of which second is her visit closed?

# %% [markdown] lang="zh"
# 每秒触发一次。Ann 在 0.3、1.2 和 2.4 秒看了页面；最后一页由第 3 秒的批次读到。她的访问在第几秒的批次中结束？

# %% predict="second of the close"
{
    "answer": 7,
    "why": (
        "The timeout is set at batch time 3 s and so to 6 s. A batch ends it when its own time is strictly later: the "
        "batch of second 6 is not, the batch of second 7 is.",
        "超时在批次时间 3 秒时设置，即 6 秒。只有批次自身的时间严格更晚时才触发：第 6 秒的批次不是，第 7 秒的才是。",
    ),
    "mistakes": {
        5: (
            "Her last page was at 2.4 s; but the function is told the time of the batch, not that of the row.",
            "她的最后一页在 2.4 秒；但函数得到的是批次的时间，不是行的时间。",
        ),
        6: (
            "The timeout is at 6 s sharp, and the comparison is strict.",
            "超时恰在 6 秒，而比较是严格的。",
        ),
    },
}

# %%
run = simulated(visits)
[of_ann] = [row for row in run.result_rows if row.row[0] == "Ann"]
[trigger] = run.triggers.where(batch=of_ann.batch)
confirm("second of the close", trigger.batch_time_ms // 1000)
batch_by_batch(run)

# %%
run.query_figure()

# %% [markdown] lang="en"
# A batch runs at every trigger, also without data: a query with timeouts by processing time asks for it. (Spark 2.3 ran none
# without data, so the last visitors of the day were closed the next morning.)
#
# **Python's form, and event time.** `applyInPandasWithState` gets the key as a tuple, the rows as pandas DataFrames, and
# yields DataFrames; the state is a tuple with a schema. With `EventTimeTimeout` the *watermark* is the clock: a visit is over
# when the watermark is past the last page plus ten minutes, however slowly the rows come in.

# %% [markdown] lang="zh"
# 每次触发都运行一个批次，没有数据也一样：带处理时间（processing time）超时的查询要求如此。
# （Spark 2.3 没有数据就不运行批次，所以当天最后的访客要到第二天早上才结束。）
#
# **Python 的形式与事件时间（event time）。** `applyInPandasWithState` 得到的键是元组，行是 pandas DataFrame，产出也是 DataFrame；
# 状态是带模式的元组。使用 `EventTimeTimeout` 时，*水位线*（watermark）就是时钟：当水位线超过最后一页的时间加十分钟时，
# 访问结束，无论行来得多慢。


# %%
def visit_in_pandas(key, frames, state):
    if state.hasTimedOut:
        [pages, _] = state.get
        state.remove()
        yield pd.DataFrame({"user": [key[0]], "pages": [pages]})
        return
    pages, last_ms = state.getOption or (0, 0)
    for frame in frames:
        pages += len(frame)
        last_ms = max(last_ms, int(frame["at"].max().timestamp() * 1000))
    state.update((pages, last_ms))
    state.setTimeoutTimestamp(last_ms + 10 * 60 * 1000)


def visits_by_event_time(spark):
    pages = MemoryStream(spark, "user string, at timestamp")
    by_user = pages.toDF().withWatermark("at", "5 minutes").groupBy("user")
    closed = by_user.applyInPandasWithState(
        visit_in_pandas,
        outputStructType="user string, pages long",
        stateStructType="pages long, last_ms long",
        outputMode="append",
        timeoutConf=GroupStateTimeout.EventTimeTimeout,
    )
    query = closed.writeStream.format("memory").queryName("visits").start()
    for step in ("Ann 10:00, Ann 10:04, Bob 10:06", "Cleo 10:19", "Cleo 10:20"):
        for user, time in map(str.split, step.split(", ")):
            pages.addData((user, datetime.fromisoformat(f"2026-05-01 {time}")))
        query.processAllAvailable()


simulated(visits_by_event_time).query_timeline()

# %% [markdown] lang="en"
# Ann's visit is due at 10:14. A watermark of exactly 10:14 leaves it open, here too the comparison is strict; 10:15 closes it.
#
# ## Break it
#
# Back to the visits of the socket. At 3.095 s, while the batch of second 3 is at Ann's row, executor 2 dies, and the states
# in its memory with it. Ann had two pages before. How many pages has her visit when it is closed?

# %% [markdown] lang="zh"
# Ann 的访问在 10:14 到期。水位线恰好为 10:14 时它仍未结束，这里的比较同样是严格的；10:15 使它结束。
#
# ## 弄坏它
#
# 回到套接字的访问。在 3.095 秒，第 3 秒的批次正处理 Ann 的行时，执行器（executor）2 死了，它内存中的状态也随之消失。
# Ann 之前有两页。她的访问结束时有几页？

# %% predict="pages after the crash"
{
    "answer": 3,
    "why": (
        "The states of batch 2 lie in files of the checkpoint. The task runs again on the other executor, reads them, and "
        "calls the function as if nothing had happened.",
        "批次 2 的状态在检查点（checkpoint）的文件中。任务在另一个执行器上重新运行，读出这些状态，并像什么都没发生一样调用函数。",
    ),
    "mistakes": {
        1: (
            "The memory of the executor is gone. Was it the only place where the states were?",
            "执行器的内存没了。状态只存放在那里吗？",
        ),
        4: (
            "A page is counted twice only if the state of a half-done batch is kept. Each batch begins with the version "
            "of the last one that was committed.",
            "只有保留了做到一半的批次的状态，才会重复计数。每个批次都从上一个已提交的版本开始。",
        ),
    },
}

# %%
CRASH = ExecutorCrash("2", at=3.095)
run = simulated(visits, faults=[CRASH])
[pages_of_ann] = [row.row[1] for row in run.result_rows if row.row[0] == "Ann"]
confirm("pages after the crash", int(pages_of_ann))
print("calls for Ann with two pages before:", str(run.output).count("Ann had 2"))
for second in (2, 3):
    print(f"the batch of second {second} took {run.triggers[second].duration_ms / 1000:.1f} s")
batch_by_batch(run)

# %% [markdown] lang="en"
# The function was called twice for the same row, and its state counted it once: a batch reads version *n* of the states
# and writes version *n* + 1. That holds for what is in the state, and for nothing else that the function may do, such as
# sending a mail.

# %% [markdown] lang="zh"
# 函数对同一行被调用了两次，而它的状态只计了一次：一个批次读取状态的版本 *n*，写出版本 *n* + 1。
# 这只对状态中的东西成立，对函数可能做的其他事情（例如发邮件）不成立。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A dictionary of my own does as well."** The function below keeps its counts in a global dictionary. It travels to each
# task as a copy, and what the copy learns stays there:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“用我自己的字典也一样。”** 下面的函数把计数放在一个全局字典里。字典作为副本随函数到达每个任务（task），副本记住的东西就留在那里：

# %%
mine = {}


def pages_in_a_dictionary(user, rows, state):
    mine[user] = mine.get(user, 0) + sum(1 for _ in rows)
    return user, mine[user]


def forgetful(spark):
    source = spark.readStream.format("socket").option("host", "localhost").option("port", 9999)
    by_user = source.load().groupByKey(lambda row: row.value)
    counts = by_user.mapGroupsWithState(pages_in_a_dictionary, "user string, pages int")
    writer = counts.writeStream.outputMode("update").format("memory").queryName("pages")
    writer.trigger(processingTime="1 second").start()


print([row.row for row in simulated(forgetful, until=5).result_rows if row.row[0] == "Ann"])

# %% [markdown] lang="en"
# **"`spark.sql("select count(*) from updates")` counts."** On a view of a stream it only describes. The count has to be
# started, and in complete or update mode, for a count over everything is never final.
#
# **"`typed.sum` of whole numbers is whole."** It is a double; `typed.sumLong` is Scala's whole one. Both were deprecated in
# Spark 3.0, in favour of ordinary aggregate functions. *Source: `org.apache.spark.sql.expressions.scalalang.typed`.*
#
# **"A timeout rings like an alarm clock."** It is looked at when a batch runs, and never before. *Source:
# `FlatMapGroupsWithStateExec`: a key has timed out if its timestamp is less than the batch's time, or than the watermark.*

# %% [markdown] lang="zh"
# **“`spark.sql("select count(*) from updates")` 会计数。”** 对流的视图，它只是描述。这个计数必须启动，
# 而且要用完整（complete）或更新（update）模式，因为对全部行的计数永远不是最终的。
#
# **“`typed.sum` 对整数求和得到整数。”** 得到的是 double；Scala 的整数版本是 `typed.sumLong`。两者在 Spark 3.0 中都已弃用，
# 改用普通的聚合函数。*来源：`org.apache.spark.sql.expressions.scalalang.typed`。*
#
# **“超时像闹钟一样响。”** 只有在批次运行时才去查看它，绝不会更早。
# *来源：`FlatMapGroupsWithStateExec`：键的超时时间戳小于批次的时间或水位线时，才算超时。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Functions for keys and typed aggregates are called once, with columns, and become SQL; Scala calls them for each object. On
# a cluster, Python's function runs in processes of its own beside the executors, and rows travel there as Arrow batches, so a
# key with many rows may get several frames. Here it gets few. Spark 4 has a successor, `transformWithState`, with timers and
# several states per key; it is not part of this course. Durations come from the cost model.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里，取键的函数和类型化聚合只用列调用一次，变成 SQL；Scala 则对每个对象调用。在集群上，Python 函数在执行器旁边自己的进程中运行，
# 行以 Arrow 批的形式传过去，所以行多的键可能得到好几个 frame；这里得到的很少。Spark 4 有后继者 `transformWithState`，
# 带定时器，每个键可有多个状态；它不属于本课程。时长来自成本模型。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A visitor comes every 2 seconds all day. How often does his timeout of 3 seconds fire?
#
# <details><summary>Answer</summary>
#
# Never while he comes: each call clears the timeout and sets it anew, 3 seconds after that batch.
# </details>
#
# 2. `flatMapGroupsWithState` was told "append". May the query run in update mode?
#
# <details><summary>Answer</summary>
#
# No. Without an aggregation the mode of the function and that of the query have to be the same, and `start()` says so.
# </details>
#
# 3. The table `by_sql` of the sink `memory` is counted with `spark.table("by_sql").count()`. Why is that allowed?
#
# <details><summary>Answer</summary>
#
# The sink's rows lie in the driver as an ordinary table. It is what the query has given so far, not the stream.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一位访客整天每 2 秒来一次。他的 3 秒超时触发几次？
#
# <details><summary>答案</summary>
#
# 只要他还在来，就一次也不触发：每次调用都清除超时，并重新设置为那个批次之后 3 秒。
# </details>
#
# 2. `flatMapGroupsWithState` 被告知 "append"。查询可以用更新模式运行吗？
#
# <details><summary>答案</summary>
#
# 不可以。没有聚合时，函数的模式与查询的模式必须相同，`start()` 会指出这一点。
# </details>
#
# 3. 用 `spark.table("by_sql").count()` 统计接收端 `memory` 的表 `by_sql`。为什么允许？
#
# <details><summary>答案</summary>
#
# 接收端的行作为一张普通的表存放在驱动程序中。它是查询到目前为止给出的结果，不是流本身。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 26](../../exercises/en/ex26_dataframes_and_state.ipynb): a query on a view, a batch writer that is used again, and a
# counter that closes itself. Next: lesson 27, where two streams look for each other.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 26](../../exercises/zh/ex26_dataframes_and_state.ipynb)：对视图的查询、再次使用的批写入程序，以及会自己结束的计数器。
# 下一课是第 27 课，两个流在那里互相寻找。
