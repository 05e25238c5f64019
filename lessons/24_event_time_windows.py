# %% [markdown] lang="en"
# # 24. Windows of event time: when did it happen?
#
# **The question.** A sensor saw a cat at 10:02. Its network was down, and the row arrives at 10:31. In which ten minutes
# does it count? And what does a row that says when it happened spare you, compared with the clock of the cluster?
#
# *About 40 minutes. You need lesson 23 (the unbounded table); lesson 10 shows the windows of DStreams.*

# %% [markdown] lang="zh"
# # 24. 事件时间窗口：它是什么时候发生的？
#
# **问题。** 一个传感器在 10:02 看到一只猫。当时网络不通，这一行在 10:31 才到达。它应计入哪个十分钟？
# 与集群的时钟相比，一个说明自己何时发生的行能为你省去什么？
#
# *约 40 分钟。需要第 23 课（无界表）；第 10 课讲 DStream 的窗口。*

# %%
from datetime import datetime

from sparksim.course import batch_by_batch, confirm, lesson, predict
from sparksim.sim import Cluster, QuerySimulation, Replay
from sparksim.sql import SparkSession
from sparksim.sql.functions import current_timestamp, date_format, window
from sparksim.sql.streaming.sources.memory import MemoryStream

SEED = 1
lesson("24", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#   event time     10:00                10:10                10:20
#                    │    ●10:02  ●10:07  ●10:10               │
#
#   window("time", "10 minutes")
#                    [─────────────────────)[────────────────────)
#
#   window("time", "10 minutes", "5 minutes")
#                    [─────────────────────)
#                               [─────────────────────)
#                                          [─────────────────────)
# ```
#
# **Event time** is when a thing happened: a column of the row. **Processing time** is when the engine sees the row. A
# window of event time is nothing but a key that is computed of that column: `window("time", "10 minutes")` gives 10:07 the
# key 10:00 to 10:10, today as well as in a year. So `groupBy(window(...))` is an ordinary aggregation, with one state for
# each window and whatever else you group by. **Tumbling** windows follow one another. **Sliding** windows overlap, and give
# a row several keys: one for each window that it falls into.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#   event time     10:00                10:10                10:20
#                    │    ●10:02  ●10:07  ●10:10               │
#
#   window("time", "10 minutes")
#                    [─────────────────────)[────────────────────)
#
#   window("time", "10 minutes", "5 minutes")
#                    [─────────────────────)
#                               [─────────────────────)
#                                          [─────────────────────)
# ```
#
# **事件时间**（event time）是事情发生的时间：行中的一列。**处理时间**（processing time）是引擎看到这一行的时间。
# 事件时间窗口（window）只是由这一列算出的一个键：`window("time", "10 minutes")` 给 10:07 的键是 10:00 到 10:10，
# 今天如此，一年后也如此。所以 `groupBy(window(...))` 是普通的聚合，每个窗口（以及其他分组列的每个组合）有一个状态（state）。
# **滚动窗口**（tumbling）互不重叠；**滑动窗口**（sliding）使一行得到多个键，它落入的每个窗口一个。

# %% [markdown] lang="en"
# ## The program, live
#
# Windows work on any table, so let us look at them first without a stream. One of the rows has no time.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 窗口可用于任何表，所以先不用流来看。其中一行没有时间。

# %%
spark = SparkSession.builder.master("local[2]").appName("windows").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)


def at(hour, minute):
    return datetime(2026, 3, 2, hour, minute)


SEEN = [(at(10, 2), "cat"), (at(10, 7), "dog"), (at(10, 10), "cat"), (None, "owl")]
seen = spark.createDataFrame(SEEN, "time timestamp, animal string")
seen.groupBy(window("time", "10 minutes"), "animal").count().show(truncate=False)

# %% [markdown] lang="en"
# Two things to remember. The row of 10:10 is in the window that *begins* at 10:10: a start belongs to its window, an end does
# not. And the owl is gone, without a word: no time, no window. `window` itself is a column with two fields, `window.start`
# and `window.end`.
#
# Now for one row alone, the windows that it falls into:

# %% [markdown] lang="zh"
# 记住两点。10:10 的行在*始于* 10:10 的窗口中：起点属于窗口，终点不属于。猫头鹰（owl）那一行无声地消失了：没有时间，就没有窗口。
# `window` 本身是一列，含两个字段：`window.start` 和 `window.end`。
#
# 现在只看一行，它落入哪些窗口：


# %%
def windows_of(moment, *how):
    one = spark.createDataFrame([(moment,)], "time timestamp").select(window("time", *how))
    rows = one.select("window.start", "window.end").orderBy("start").collect()
    return [f"{start:%d %b %H:%M} to {end:%d %b %H:%M}" for start, end in rows]


for how in [("10 minutes",), ("10 minutes", "5 minutes")]:
    print(", ".join(how), *windows_of(at(10, 7), *how), sep="\n   ")

# %% [markdown] lang="en"
# ## Predict
#
# Windows of 12 minutes, a new one every 5: they begin at 10:00, 10:05, 10:10 and so on. Into how many of them does 10:07 fall?

# %% [markdown] lang="zh"
# ## 预测
#
# 窗口长 12 分钟，每 5 分钟一个：分别始于 10:00、10:05、10:10 等等。10:07 落入其中几个？

# %% predict="windows of 10:07"
{
    "answer": 2,
    "why": (
        "Those of 10:00 and 10:05. The one of 09:55 ends at 10:07, and an end is not in its window.",
        "始于 10:00 和 10:05 的两个。始于 09:55 的窗口在 10:07 结束，而终点不属于窗口。",
    ),
    "mistakes": {
        3: ("Look at the end of the window that begins at 09:55.", "看看始于 09:55 的窗口在何时结束。"),
        2.4: ("On average, yes. For one row it is a whole number.", "平均是这样。对一行来说是整数。"),
        1: ("They overlap.", "它们有重叠。"),
    },
}

# %% [markdown] lang="en"
# Now a stream. Sightings are counted in windows of 10 seconds. The sensor is offline from second 5 to second 20; what it has seen
# meanwhile it sends afterwards, all at once. Counted by **processing time**, how many cats does the window get that
# begins at second 20? (Two were seen in these 10 seconds, three in the 15 seconds without network.)

# %% [markdown] lang="zh"
# 现在看一个流。目击记录按 10 秒的窗口计数。传感器从第 5 秒到第 20 秒离线，这段时间看到的随后一次性发送。
# 按**处理时间**计数时，始于第 20 秒的窗口得到几只猫？（这 10 秒内看到两只，离线的 15 秒内看到三只。）

# %% predict="cats of second 20"
{
    "answer": 5,
    "why": (
        "The clock of the cluster knows when rows came, and they all came then.",
        "集群的时钟只知道行何时到来，而它们都是那时到来的。",
    ),
    "mistakes": {
        2: ("That is by event time, and right.", "那是按事件时间，也是正确的结果。"),
        3: ("And those that were seen in these 10 seconds?", "那么这 10 秒内看到的呢？"),
    },
}

# %% [markdown] lang="en"
# And by event time, a cat every 3 seconds for 3 minutes, in windows of 10 seconds: how many states does the query keep in the end?

# %% [markdown] lang="zh"
# 再按事件时间：3 分钟内每 3 秒一只猫，窗口为 10 秒。查询最后保存几个状态？

# %% predict="states"
{
    "answer": 18,
    "why": (
        "One for each window. Nobody has told the query that the first of them are over.",
        "每个窗口一个。没有人告诉查询最早的那些已经结束。",
    ),
    "mistakes": {
        1: (
            "How should the query know that no row of an earlier window comes any more?",
            "查询怎么知道不会再来较早窗口的行？",
        ),
        60: ("A state is a count, whatever it has counted.", "一个状态是一个计数，无论它数了多少。"),
    },
}

# %%
print(*windows_of(at(10, 7), "12 minutes", "5 minutes"), sep="\n")
confirm("windows of 10:07", len(windows_of(at(10, 7), "12 minutes", "5 minutes")))
print(*windows_of(at(10, 6), "12 minutes", "5 minutes"), sep="\n")

# %% [markdown] lang="en"
# A minute earlier there are three. Where the length is a multiple of the slide, every row falls into the same number of windows:
# length / slide.
#
# ### Where windows begin
#
# Boundaries are counted from 1970-01-01 00:00 UTC, and the first row has no say in it. A third argument shifts them. Days are days of UTC:

# %% [markdown] lang="zh"
# 早一分钟就有三个。如果长度是滑动间隔的整数倍，每一行落入的窗口数都相同：长度 / 间隔。
#
# ### 窗口从哪里开始
#
# 边界从 1970-01-01 00:00 UTC 算起，与第一行何时到来无关。第三个参数使边界移动。一天是 UTC 的一天：

# %%
for how in [
    ("1 hour",),
    ("1 hour", "1 hour", "15 minutes"),
    ("1 day",),
    ("1 day", "1 day", "16 hours"),
    ("7 days",),
]:
    print(", ".join(how), *windows_of(at(10, 7), *how), sep="\n   ")

# %% [markdown] lang="en"
# The fourth is the day of Shanghai: 16:00 UTC is midnight there. (Where clocks are changed in summer no constant shift
# will do.) Weeks begin on Thursdays, since 1970-01-01 was one. Months have no fixed length and are refused.
#
# ### A stream
#
# The same aggregation over a stream, in update mode. The second batch has a row that is *older* than all others:

# %% [markdown] lang="zh"
# 第四种是上海的一天：那里的零点是 16:00 UTC。（在实行夏令时的地方，没有哪个固定的偏移能够适用。）
# 周从星期四开始，因为 1970-01-01 是星期四。月没有固定长度，会被拒绝。
#
# ### 流
#
# 对流做同样的聚合，用 update 模式。第二个批次（batch）中有一行比其他所有行都*旧*：


# %%
def counted(seen, *how):
    counts = seen.groupBy(window("time", *how), "animal").count()
    return counts.select(date_format("window.start", "HH:mm:ss").alias("start"), "animal", "count")


stream = MemoryStream(spark, "time timestamp, animal string")
query = counted(stream.toDF(), "10 minutes").writeStream.outputMode("update").format("console").start()
stream.addData((at(10, 12), "cat"), (at(10, 17), "dog"))
query.processAllAvailable()
stream.addData((at(10, 18), "cat"), (at(10, 4), "cat"))
query.processAllAvailable()
query.stop()
spark.stop()

# %% [markdown] lang="en"
# Nothing special happens: the row of 10:04 has the key 10:00, and that group is updated like any other. Out of order is
# no case of its own.

# %% [markdown] lang="zh"
# 没有发生什么特别的事：10:04 的行的键是 10:00，这个分组像别的分组一样被更新。乱序不是需要单独处理的情况。

# %% [markdown] lang="en"
# ## The same program, simulated
#
# A line is such as `00:07 cat`: minute and second after 10 o'clock at which the cat was seen. The simulation begins at that
# moment, so that a line which arrives at once arrives at second 7. `by_processing_time` does not read that time: it asks for the
# present, as many first programs do.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 一行形如 `00:07 cat`：看到猫的时刻，即 10 点之后的分和秒。模拟从那一刻开始，所以立即送达的行在第 7 秒到达。
# `by_processing_time` 不读取这个时间，而是询问当前时间，许多人的第一个程序就是这样。

# %%
CLUSTER = Cluster(executors=2, cores=2)
SIGHTINGS = [(1, "cat"), (4, "dog"), (7, "cat"), (11, "cat"), (13, "owl"), (16, "dog")]
SIGHTINGS += [(18, "cat"), (22, "cat"), (25, "dog"), (27, "cat")]
TIME = "cast(concat('2026-03-02 10:', split(value, ' ')[0]) as timestamp) as time"


def sightings(spark):
    reader = spark.readStream.format("socket")
    lines = reader.option("host", "localhost").option("port", 9999).load()
    return lines.selectExpr(TIME, "split(value, ' ')[1] as animal")


def start(counts):
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()


def by_event_time(spark):
    start(counted(sightings(spark), "10 seconds"))


def by_processing_time(spark):
    start(counted(sightings(spark).withColumn("time", current_timestamp()), "10 seconds"))


def line(second, animal):
    return f"{second // 60:02}:{second % 60:02} {animal}"


def simulated(program, arrivals, *, until=33):
    network = {"localhost:9999": Replay(arrivals)}
    simulation = QuerySimulation(program, network=network, cluster=CLUSTER, seed=SEED)
    return simulation.run(until=until)


at_once = [(second + 0.3, line(second, animal)) for second, animal in SIGHTINGS]
calm = simulated(by_event_time, at_once)
print(batch_by_batch(calm))

# %%
calm.query_figure()

# %% [markdown] lang="en"
# The states are windows, each with its animal. Look at the column of second 20: a row of 00:18 updates a window that began
# at 00:10, although it is 00:20 by now.
#
# ### The present
#
# What does `current_timestamp()` say? Not when each row was read:

# %% [markdown] lang="zh"
# 状态是窗口及其动物。看第 20 秒那一列：00:18 的行更新了始于 00:10 的窗口，尽管此时已是 00:20。
#
# ### 当前时间
#
# `current_timestamp()` 说的是什么？不是每一行被读取的时间：


# %%
def stamped(spark):
    now = date_format(current_timestamp(), "mm:ss").alias("now")
    writer = sightings(spark).select(date_format("time", "mm:ss").alias("time"), "animal", now)
    writer.writeStream.format("console").trigger(processingTime="5 seconds").start()


print(simulated(stamped, at_once, until=11).output)

# %% [markdown] lang="en"
# It is one value per batch, the time for which the trigger was planned; it is written to the offset log, so that a batch
# that is run again has the same present.

# %% [markdown] lang="zh"
# 它在每个批次中只有一个值，即计划触发的时间；它写在偏移量日志（offset log）中，这样重新运行的批次有同样的当前时间。

# %% [markdown] lang="en"
# ## Break it
#
# **The outage.** What the sensor saw from second 5 to second 20 arrives just after second 20, in any order.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **断网。** 传感器从第 5 秒到第 20 秒看到的，在第 20 秒之后不久到达，次序任意。


# %%
def arrival(second):
    return second + 0.3 if second < 5 or second > 20 else 20.5 + (second * 7 % 10) / 100


after_outage = sorted((arrival(second), line(second, animal)) for second, animal in SIGHTINGS)


def result(run):
    """The result table in the end: of each window and animal the count that the sink got last."""
    last = {row.row[:2]: int(row.row[2]) for row in run.result_rows}
    return {(start[-5:], animal): count for (start, animal), count in sorted(last.items())}


for program in (by_event_time, by_processing_time):
    calm, burst = (result(simulated(program, rows)) for rows in (at_once, after_outage))
    print(f"{program.__name__}: {'the same result' if calm == burst else 'another result'}")
    for key in sorted(calm.keys() | burst.keys()):
        print("  ", *key, f"at once: {calm.get(key, 0)}, after an outage: {burst.get(key, 0)}")
confirm("cats of second 20", burst["00:20", "cat"])

# %%
run = simulated(by_event_time, after_outage)
run.query_figure()

# %% [markdown] lang="en"
# By event time the burst costs one larger batch, and the result is what it would have been. By processing time there is a gap
# where the network was down and a crowd of animals when it came back: the result tells of the network, not of the animals.
# Look closely: even *without* an outage it is not right. The cat of 00:18 was counted in the window of 00:20, because the
# trigger came after it.
#
# The same holds for a restart, for a backlog in Kafka, and for a query that reads last year's files: by event time each row
# goes where it belongs, by processing time all of it goes into now.
#
# **States for ever.** A cat every 3 seconds, for 3 minutes:

# %% [markdown] lang="zh"
# 按事件时间，突发只是一个较大的批次，结果与没有断网时相同。按处理时间，断网处有一段空白，恢复时则挤满动物：
# 结果讲的是网络，而不是动物。仔细看：即使*没有*断网，它也不对。00:18 的猫计入了 00:20 的窗口，因为触发在它之后。
#
# 重新启动、Kafka 中的积压、读取去年文件的查询，都是同样的道理：按事件时间，每一行去它该去的地方；按处理时间，一切都计入现在。
#
# **永远保存的状态。** 3 分钟内每 3 秒一只猫：

# %%
cats = [(second + 0.3, line(second, "cat")) for second in range(0, 180, 3)]
run = simulated(by_event_time, cats, until=183)
for trigger in run.triggers[1::9]:
    second = trigger.batch_time_ms // 1000
    print(f"second {second:>3}: rows read: {trigger.rows_read}, states: {trigger.state_rows}")
confirm("states", run.triggers[-1].state_rows)

# %% [markdown] lang="en"
# A query that runs for a year keeps the windows of a year, in memory and in the checkpoint: a row of January might still come.
# The engine cannot know; you have to say how late is too late. That is the **watermark**, and the next lesson.

# %% [markdown] lang="zh"
# 运行一年的查询会在内存和检查点（checkpoint）中保存一年的窗口：一月的行也许还会到来。引擎无从知道，必须由你说明多晚算太晚。
# 这就是**水位线**（watermark），下一课的内容。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A column with `current_timestamp()` is my event time."** It is processing time, the same for all rows of a batch. Courses
# show it since a socket has no times; their results then depend on when batches run. (The socket's own option
# `includeTimestamp` is not better: it says when the driver read the line.) *Source: the class `MicroBatchExecution` puts
# `CurrentBatchTimestamp` in place of `CurrentTimestamp`.*
#
# **"A window ends, then its result comes out."** That is so of the windows of DStreams (lesson 10), which the clock opens and
# closes. Here a window is a key. In update mode its count comes out as often as rows for it come, also much later.
#
# **"Windows begin with the first row."** They begin at multiples of the slide since 1970, in UTC. *Source:
# `TimeWindow`, the argument `startTime`.*
#
# **"A row without a time stays, and is counted somewhere."** It falls into no window and disappears. If times may be
# missing or unreadable, count those rows in a query of their own.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“一列 `current_timestamp()` 就是我的事件时间。”** 那是处理时间，同一批次的所有行都相同。有些课程因为套接字没有时间而这样演示；
# 结果于是取决于批次何时运行。（套接字自己的选项 `includeTimestamp` 也好不了多少：它说的是驱动程序（driver）何时读到这一行。）
# *来源：类 `MicroBatchExecution` 用 `CurrentBatchTimestamp` 代替 `CurrentTimestamp`。*
#
# **“窗口结束，结果就出来。”** DStream 的窗口是这样（第 10 课），由时钟打开和关闭。而这里窗口是一个键。
# 在 update 模式下，只要有属于它的行到来，它的计数就会交出，哪怕过了很久。
#
# **“窗口从第一行开始。”** 窗口始于 1970 年以来滑动间隔的整数倍，按 UTC 计。*来源：`TimeWindow` 的参数 `startTime`。*
#
# **“没有时间的行会留下来，计在某处。”** 它不落入任何窗口，就此消失。如果时间可能缺失或无法解析，请用另一个查询统计这些行。

# %%
broken = [(0.3, "00:01 cat"), (0.6, "soon dog"), (0.9, "00:02 cat")]
print(batch_by_batch(simulated(by_event_time, broken, until=3)))

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Windows are computed by Spark's rule, in integer microseconds. The session's time zone is always UTC here; on a cluster
# `spark.sql.session.timeZone` says how times are shown and how texts without a zone are read, and does not change the window
# of a moment. A text that is no time becomes null here, as in Spark up to 3.5; since Spark 4 such a cast ends the query,
# and `try_to_timestamp` gives null. The simulated clock begins in 1970, so windows of processing time are of that year.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 窗口按 Spark 的规则计算，用整数微秒。这里会话的时区总是 UTC；在集群上，`spark.sql.session.timeZone` 决定时间怎样显示、
# 不带时区的文本怎样解析，而不会改变一个时刻所属的窗口。不是时间的文本在这里成为 null，与 3.5 及更早的 Spark 相同；
# 从 Spark 4 起，这样的转换会使查询终止，而 `try_to_timestamp` 给出 null。模拟时钟从 1970 年开始，所以处理时间的窗口属于那一年。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. `window("time", "1 hour", "10 minutes")`, and 1,000 rows a second. How many rows a second does the aggregation get?
#    <details><summary>Answer</summary>
#
#    6,000: each row falls into 60 / 10 = 6 windows. They are made in the task that reads the row, and mostly
#    counted together before the shuffle.
#    </details>
#
# 2. A query with windows of event time stands still for a night and goes on from its checkpoint, over Kafka. What is different
#    in its results?
#    <details><summary>Answer</summary>
#
#    Nothing but when they come. The rows of the night are read in the first batches, each into the window of its time.
#    </details>
#
# 3. Someone wants "the last 10 minutes, at any moment". Which window is that?
#    <details><summary>Answer</summary>
#
#    None exactly: windows begin at fixed times. A slide of 10 seconds comes within 10 seconds of it, and gives each row
#    to 60 windows.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. `window("time", "1 hour", "10 minutes")`，每秒 1,000 行。聚合每秒得到多少行？
#    <details><summary>答案</summary>
#
#    6,000：每行落入 60 / 10 = 6 个窗口。它们在读取该行的任务（task）中产生，大多在洗牌（shuffle）之前已合并计数。
#    </details>
#
# 2. 一个使用事件时间窗口的查询停了一夜，然后从检查点继续读取 Kafka。结果有什么不同？
#    <details><summary>答案</summary>
#
#    只有得出的时间不同。夜间的行在最初几个批次中读取，各自进入其时间所属的窗口。
#    </details>
#
# 3. 有人想要“任意时刻的最近 10 分钟”。那是哪种窗口？
#    <details><summary>答案</summary>
#
#    没有完全符合的：窗口始于固定的时刻。滑动间隔取 10 秒时，误差不超过 10 秒，而每一行进入 60 个窗口。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 24](../../exercises/en/ex24_event_time_windows.ipynb): compute windows yourself, count by event time, and add up
# shifts that begin at six. `sparksim grade 24` says how far you are. Next: lesson 25, where windows come to an end.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 24](../../exercises/zh/ex24_event_time_windows.ipynb)：自己计算窗口、按事件时间计数，以及对从六点开始的班次求和。
# `sparksim grade 24` 会告诉你做到了哪一步。下一课是第 25 课：窗口怎样结束。
