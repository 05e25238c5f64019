# %% [markdown] lang="en"
# # 25. Watermarks: how long to wait for those who come late
#
# **The question.** A window of event time is counted from ten to ten past ten. When is its count final? A row of five
# past ten may still be on its way, for a minute or for a day, and until then somebody has to remember the window.
#
# *About 40 minutes. You need lesson 24 (windows of event time), and from lesson 23 the output modes.*

# %% [markdown] lang="zh"
# # 25. 水位线：要等迟到者多久
#
# **问题。** 一个事件时间（event time）窗口统计十点到十点十分。它的计数什么时候算最终结果？一条十点零五分的行可能还在路上，
# 也许一分钟后到，也许一天后到；在此之前，总得有人记着这个窗口。
#
# *约 40 分钟。需要第 24 课（事件时间的窗口），以及第 23 课的输出模式。*

# %%
from datetime import datetime, timedelta
from random import Random

import matplotlib.pyplot as plt

from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, QuerySimulation, Replay
from sparksim.sql import SparkSession
from sparksim.sql.functions import window
from sparksim.sql.streaming.sources.memory import MemoryStream

SEED = 1
lesson("25", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  event time
#  10:20 ┤                        ● 10:22
#  10:15 ┤
#  10:10 ┤                                ━━━━ watermark 10:12 = 10:22 − 10 minutes
#  10:05 ┤                                     ✗ 10:05: too late, dropped
#  10:00 ┤  ● 10:04   ● 10:01
#        └─────────────────────────────────────────────────▶ batches
#            counts 10:00–10:10           given out, forgotten
# ```
#
# A **watermark** is a promise about the data: *no row older than this is to be waited for any more*. You give a
# delay, and Spark keeps the watermark at **the latest event time it has seen, less the delay**. It is moved at the
# end of each batch, and never back.
#
# Both things that follow from it are comparisons with ≤. A window whose **end ≤ watermark** is over: in append mode
# it is given out, once and for ever, and its state is removed. A row that comes after that is **late**: it is
# dropped.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  event time
#  10:20 ┤                        ● 10:22
#  10:15 ┤
#  10:10 ┤                                ━━━━ watermark 10:12 = 10:22 − 10 minutes
#  10:05 ┤                                     ✗ 10:05: too late, dropped
#  10:00 ┤  ● 10:04   ● 10:01
#        └─────────────────────────────────────────────────▶ batches
#            counts 10:00–10:10           given out, forgotten
# ```
#
# **水位线**（watermark）是关于数据的一个承诺：*比它更早的行不必再等了*。你给出一个延迟（delay），Spark 让水位线等于
# **见过的最大事件时间减去这个延迟**。它在每个批次（batch）结束时移动，从不后退。
#
# 由它得出的两件事都是用 ≤ 比较。**结束时间 ≤ 水位线**的窗口（window）已经结束：在追加（append）模式下，它被输出，仅此一次、
# 不再更改，它的状态（state）随即删除。在那之后才来的行就是**迟到**的：被丢弃。

# %% [markdown] lang="en"
# ## The program, live
#
# Vans deliver parcels, and a scanner in each notes the time of every delivery. It sends its scans when it finds a
# network: mostly at once, in a valley much later. How many parcels were delivered in each ten minutes?
#
# A `MemoryStream` is a source that we fill ourselves; `processAllAvailable` waits until the query has nothing left to
# do.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 送货车送包裹，车上的扫描器记下每次送达的时间。扫描器有网络时才发送：大多立刻发出，在山谷里则要晚得多。
# 每十分钟送达了多少包裹？
#
# `MemoryStream` 是由我们自己填充的数据源；`processAllAvailable` 一直等到查询无事可做为止。


# %%
def scan(clock, van="van 1"):
    return datetime.fromisoformat(f"2026-03-01 {clock}:00"), van


def per_ten_minutes(scans, delay="10 minutes"):
    return scans.withWatermark("time", delay).groupBy(window("time", "10 minutes")).count()


spark = (
    SparkSession.builder.master("local[2]").appName("parcels").config("spark.sql.shuffle.partitions", 2)
).getOrCreate()
scans = MemoryStream(spark, "time timestamp, van string")
query = per_ten_minutes(scans.toDF()).writeStream.format("memory").queryName("parcels").start()

# %% [markdown] lang="en"
# The mode is append, the default. Scans come one by one, each in a batch of its own: 10:03, 10:07, 10:18, 10:19, 10:20,
# 10:22. After the scan of which minute is the window from 10:00 to 10:10 given out? (Write the minute, such as 7.)

# %% [markdown] lang="zh"
# 模式是默认的追加（append）。扫描记录逐条到来，每条自成一个批次：10:03、10:07、10:18、10:19、10:20、10:22。
# 在第几分钟的记录之后，10:00 到 10:10 的窗口被输出？（写分钟数，例如 7。）

# %% predict="given out after"
{
    "answer": 20,
    "why": (
        "The window ends at 10:10, and end ≤ watermark asks for a watermark of 10:10: the latest event time has to be "
        "10:20. Equal is enough.",
        "窗口在 10:10 结束；要使 结束 ≤ 水位线，水位线须为 10:10：最大事件时间须达到 10:20。相等就够了。",
    ),
    "mistakes": {
        18: (
            "10:18 lies in the next window; but the watermark is only at 10:08.",
            "10:18 在下一个窗口中；但水位线才到 10:08。",
        ),
        19: ("The watermark is 10:09 then. The window ends at 10:10.", "这时水位线是 10:09，而窗口在 10:10 结束。"),
        22: (
            "The watermark passes the end of the window then. Does it have to pass it?",
            "这时水位线越过了窗口的结束。需要越过吗？",
        ),
    },
}


# %%
def told(query):
    """What each batch did, from the progress that every query keeps of itself."""
    print("batch  rows  watermark  late  windows kept  given out")
    for batch in query.recentProgress:
        state, watermark = batch["stateOperators"][0], batch["eventTime"]["watermark"][11:16]
        late, kept = state["numRowsDroppedByWatermark"], state["numRowsTotal"]
        print(f"{batch['batchId']:>5}  {batch['numInputRows']:>4}  {watermark:>9}", end="")
        print(f"  {late:>4}  {kept:>12}  {batch['sink']['numOutputRows']:>9}")


given_out_after = []
for clock in ("10:03", "10:07", "10:18", "10:19", "10:20", "10:22"):
    scans.addData(scan(clock))
    query.processAllAvailable()
    if spark.table("parcels").count() == 1:
        given_out_after.append(clock)

confirm("given out after", int(given_out_after[0][3:]))
told(query)
spark.table("parcels").show(truncate=False)

# %% [markdown] lang="en"
# Each line shows the watermark that the batch *works with*: the one that the batch before it left behind. (Batch 0
# works with 0, the beginning of 1970, which is shown as 00:00.) Every second batch has no rows. Who asked for it? The
# aggregation did: the watermark has moved, a window may be over, and its count shall not have to wait for the next
# scan. That is a **batch without data**. (Spark 2.3 has none: there the window waits until the next row comes.)
#
# The watermark is now at 10:12. Four more scans come, of 10:05, 10:09, 10:11 and 10:13. How many are dropped?

# %% [markdown] lang="zh"
# 每一行显示该批次*所用*的水位线：即前一个批次留下的那个。（批次 0 用的是 0，即 1970 年的开头，这里显示为 00:00。）每隔一个批次就有一个没有行的批次。是谁要求的？是聚合：水位线移动了，
# 可能有窗口已经结束，它的计数不该等到下一条记录才输出。这就是**无数据批次**（no-data batch）。（Spark 2.3 没有它：那里的窗口要等到下一行到来。）
#
# 现在水位线在 10:12。又来了四条记录：10:05、10:09、10:11 和 10:13。有几条被丢弃？

# %% predict="late of four"
{
    "answer": 2,
    "why": (
        "A row is judged by the end of its window: 10:10 ≤ 10:12 is over, 10:20 is not. The scan of 10:11 is older than "
        "the watermark, and counted.",
        "判断一行要看它所在窗口的结束时间：10:10 ≤ 10:12，已结束；10:20 则没有。10:11 的记录比水位线早，仍被统计。",
    ),
    "mistakes": {
        3: (
            "10:11 is before the watermark. But what is compared with it, the row's time or the end of its window?",
            "10:11 早于水位线。但与水位线比较的是行的时间，还是窗口的结束时间？",
        ),
        4: (
            "The scan of 10:13 is after the watermark: nobody can call it late.",
            "10:13 的记录在水位线之后：不能算迟到。",
        ),
        0: (
            "The window from 10:00 to 10:10 has been given out. Its state is gone.",
            "10:00 到 10:10 的窗口已经输出，它的状态已经没有了。",
        ),
    },
}

# %%
before = len(query.recentProgress)
for clock in ("10:05", "10:09", "10:11", "10:13"):
    scans.addData(scan(clock))
    query.processAllAvailable()
dropped = [p["stateOperators"][0]["numRowsDroppedByWatermark"] for p in query.recentProgress[before:]]
confirm("late of four", sum(dropped))
query.stop()

# %% [markdown] lang="en"
# The number of late rows in the progress is the only trace of them: no error, no log, no row of output. Watch it.
#
# The same ten scans, in each output mode, and in a query without any state:

# %% [markdown] lang="zh"
# 进度中迟到行的数目是它们留下的唯一痕迹：没有错误，没有日志，也没有输出行。请监视它。
#
# 同样的十条记录，用各种输出模式，以及一个没有状态的查询：

# %%
TEN = ["10:03", "10:07", "10:18", "10:19", "10:20", "10:22", "10:05", "10:09", "10:11", "10:13"]


def ran(build, mode):
    """How many rows were late, how many states were kept at the end, how many rows were given out."""
    scans, rows = MemoryStream(spark, "time timestamp, van string"), []
    writer = build(scans.toDF()).writeStream.outputMode(mode)
    query = writer.foreachBatch(lambda frame, _: rows.extend(frame.collect())).start()
    for clock in TEN:
        scans.addData(scan(clock))
        query.processAllAvailable()
    query.stop()
    states = [p["stateOperators"][0] for p in query.recentProgress if p["stateOperators"]]
    late = sum(state["numRowsDroppedByWatermark"] for state in states)
    return late, states[-1]["numRowsTotal"] if states else 0, len(rows)


def of_one_van(scans):
    return scans.withWatermark("time", "10 minutes").where("van = 'van 1'")


print("             late   kept at the end   given out")
for mode in ("append", "update", "complete"):
    print("{:<9} {:>7} {:>17} {:>11}".format(mode, *ran(per_ten_minutes, mode)))
print("{:<9} {:>7} {:>17} {:>11}".format("no state", *ran(of_one_van, "append")))
spark.stop()

# %% [markdown] lang="en"
# - **append** gives each window once, when it is over. It has given one; two wait.
# - **update** gives a window each time a scan has touched it, and removes it, without a word, when it is over.
# - **complete** has to give the whole result each time, so it can forget nothing: three windows are kept, no row is ever
#   late. In this mode a watermark does nothing.
# - **Without state** nothing is late either: a filter or a projection has no window that could be over, and lets all ten
#   scans pass. Only operators with a state drop rows.

# %% [markdown] lang="zh"
# - **追加**（append）：每个窗口在结束时输出一次。它输出了一个，还有两个在等。
# - **更新**（update）：每当有记录触及一个窗口就输出它；窗口结束时悄悄删除。
# - **完整**（complete）：每次都要输出全部结果，所以什么都不能忘：三个窗口都留着，没有哪一行算迟到。在这种模式下水位线不起作用。
# - **没有状态**时也没有迟到：过滤或投影没有会结束的窗口，十条记录全部通过。只有带状态的算子才会丢弃行。

# %% [markdown] lang="en"
# ## Predict
#
# Scans come all the time, and a batch runs every second, so there is no pause for batches without data. Batch 0 reads
# 10:03 and 10:07, batch 1 reads 10:21, batch 2 reads 10:05, batch 3 reads 10:08, batch 4 reads 10:31. Which count
# does the window from 10:00 to 10:10 have when it is given out?

# %% [markdown] lang="zh"
# ## 预测
#
# 记录不断到来，每秒运行一个批次，所以没有空隙留给无数据批次。批次 0 读到 10:03 和 10:07，批次 1 读到 10:21，批次 2 读到 10:05，
# 批次 3 读到 10:08，批次 4 读到 10:31。10:00 到 10:10 的窗口输出时，计数是多少？

# %% predict="count of the busy window"
{
    "answer": 3,
    "why": (
        "Batch 1 leaves the watermark 10:11. Batch 2 gives out and forgets with it, but it drops late rows by the one "
        "before, 9:57: so 10:05 still comes in, and goes out with the window in the same batch. Batch 3 drops 10:08.",
        "批次 1 留下水位线 10:11。批次 2 按它来输出和删除，但丢弃迟到行用的是再前一个水位线 9:57：所以 10:05 仍被统计，"
        "并在同一批次中随窗口输出。批次 3 丢弃 10:08。",
    ),
    "mistakes": {
        2: (
            "The window is given out in batch 2. Which comes first there, reading its row or closing the window?",
            "窗口在批次 2 中输出。在这个批次里，先读入它的行，还是先关闭窗口？",
        ),
        4: (
            "10:08 comes one batch after the window was given out.",
            "10:08 在窗口输出之后的下一个批次才来。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# The scans of the live run, on two executors. The program fills its `MemoryStream` itself, here too.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 真实运行的那些记录，运行在两个执行器（executor）上。这里也由程序自己填充它的 `MemoryStream`。

# %%
CLUSTER = Cluster(executors=2, cores=2)


def simulated(batches):
    """Each batch is a text of clock times; the next one comes when the query is idle."""

    def parcels(spark):
        scans = MemoryStream(spark, "time timestamp, van string")
        query = per_ten_minutes(scans.toDF()).writeStream.format("console").queryName("parcels").start()
        for clocks in batches:
            scans.addData([scan(clock) for clock in clocks.split()])
            query.processAllAvailable()

    return QuerySimulation(parcels, cluster=CLUSTER, seed=SEED).run(until=5)


run = simulated(["10:03 10:07", "10:19", "10:20", "10:22", "10:05 10:09 10:11 10:13"])
run.query_figure()

# %% [markdown] lang="en"
# Time of the events goes upwards, batches to the right. The dashed line is the latest event time less 10 minutes, at
# the end of each batch; the solid one is the watermark that a batch works with: the same line, one batch later. A
# window is drawn as long as it has a state. The crosses say why a scan was dropped. (In the progress the two count as
# one: rows of a batch are added up by window before they meet the state, and it is that sum which is dropped.)
#
# The same run, to step through, batch by batch:

# %% [markdown] lang="zh"
# 事件时间向上，批次向右。虚线是每个批次结束时的最大事件时间减 10 分钟；实线是批次所用的水位线：同一条线，晚一个批次。
# 窗口只在它有状态时画出。叉号说明一条记录为什么被丢弃。（在进度中这两条只算一条：一个批次的行在遇到状态之前先按窗口合并，
# 被丢弃的是合并后的结果。）
#
# 同一次运行，可以逐个批次地走一遍：

# %%
run.query_timeline()

# %% [markdown] lang="en"
# Now without pauses:

# %% [markdown] lang="zh"
# 现在不留空隙：


# %%
def busy(spark):
    scans = MemoryStream(spark, "time timestamp, van string")
    writer = per_ten_minutes(scans.toDF()).writeStream.format("console").queryName("busy")
    query = writer.option("truncate", False).trigger(processingTime="1 second").start()
    query.awaitTermination(0.5)  # batches are due at each full second; scans come in between
    for clocks in ("10:03 10:07", "10:21", "10:05", "10:08", "10:31"):
        scans.addData([scan(clock) for clock in clocks.split()])
        query.awaitTermination(1)


run = QuerySimulation(busy, cluster=CLUSTER, seed=SEED).run(until=6)
[given_out] = [line for line in str(run.output).splitlines() if "10:10:00}" in line]
print(given_out)
confirm("count of the busy window", int(given_out.split("|")[2]))
run.query_figure()

# %% [markdown] lang="en"
# So exactly, for batch *n*, with W(*n*) the watermark that batch *n* − 1 left behind:
#
# | | compares the end of the window with |
# |---|---|
# | a row of batch *n* is dropped | ≤ W(*n* − 1), what the batch *before* worked with |
# | a window is given out, and its state removed | ≤ W(*n*), what this batch works with |
#
# Where the query is idle between two rows, a batch without data lies between them, and both are the same number. The
# rule errs on the good side: who is late by one batch is still counted, and never is a window given out twice.

# %% [markdown] lang="zh"
# 精确地说，对批次 *n*，设 W(*n*) 为批次 *n* − 1 留下的水位线：
#
# | | 窗口的结束时间与谁比较 |
# |---|---|
# | 批次 *n* 的一行被丢弃 | ≤ W(*n* − 1)，即*前一个*批次所用的 |
# | 窗口被输出，状态被删除 | ≤ W(*n*)，即本批次所用的 |
#
# 如果两行之间查询空闲过，其间就有一个无数据批次，两者是同一个数。这条规则偏向好的一侧：只晚一个批次的行仍被统计，
# 而窗口绝不会输出两次。

# %% [markdown] lang="en"
# ### Two streams: the slower one decides
#
# Two depots, each with a stream and a watermark, in one query. The query has **one** watermark, by default the
# *smallest* of the two. The second depot sends nothing before the end:

# %% [markdown] lang="zh"
# ### 两个流：慢的那个说了算
#
# 两个配送站，各有一个流和一个水位线，合在一个查询里。查询只有**一个**水位线，默认取两者中*最小*的。第二个站直到最后才发来数据：


# %%
def two_depots(policy):
    def parcels(spark):
        spark.conf.set("spark.sql.streaming.multipleWatermarkPolicy", policy)
        east, west = (MemoryStream(spark, "time timestamp, van string") for _ in range(2))
        eastern, western = (each.toDF().withWatermark("time", "10 minutes") for each in (east, west))
        counts = eastern.union(western).groupBy(window("time", "10 minutes")).count()
        query = counts.writeStream.format("console").queryName(policy).start()
        for clock in ("10:03", "10:23", "10:43"):
            east.addData(scan(clock))
            query.processAllAvailable()
        west.addData(scan("10:25", "van 2"))
        query.processAllAvailable()

    return QuerySimulation(parcels, cluster=CLUSTER, seed=SEED).run(until=4)


run = two_depots("min")
run.query_figure()

# %% [markdown] lang="en"
# As long as the second stream has never sent a row, its own watermark is 0, and so is that of the query: nothing is
# given out, and windows pile up. A stream that falls silent later freezes the watermark where its own one stands.
# With the policy `max` the faster one decides:

# %% [markdown] lang="zh"
# 只要第二个流从未发来一行，它自己的水位线就是 0，整个查询的也是 0：什么都不输出，窗口越积越多。后来才沉默的流，
# 会把水位线冻结在它自己的位置。用 `max` 策略则由快的那个说了算：

# %%
run = two_depots("max")
run.query_figure()

# %% [markdown] lang="en"
# Windows are given out at once, and the scan of 10:25 is dropped, though it is the first that its depot sends. `max`
# is for those who would rather lose the rows of the slow stream than wait for them.
#
# ### After a restart
#
# The commit log of a checkpoint holds the watermark that the batch left behind. A query that is stopped and started
# again goes on with it:

# %% [markdown] lang="zh"
# 窗口立刻输出，而 10:25 的记录被丢弃，尽管它是那个站发来的第一条。`max` 适合宁可丢掉慢流的行也不愿等待的人。
#
# ### 重启之后
#
# 检查点（checkpoint）的提交日志记着批次留下的水位线。停止后再启动的查询从它继续：


# %%
def restarted(spark):
    scans = MemoryStream(spark, "time timestamp, van string")
    writer = per_ten_minutes(scans.toDF()).writeStream.format("console").queryName("restarted")
    query = writer.option("checkpointLocation", "sim://checkpoint").start()
    scans.addData(scan("10:03"), scan("10:21"))
    query.processAllAvailable()
    query.stop()
    query = writer.option("checkpointLocation", "sim://checkpoint").start()
    for clock in ("10:05", "10:12"):
        scans.addData(scan(clock))
        query.processAllAvailable()


QuerySimulation(restarted, cluster=CLUSTER, seed=SEED).run(until=3).query_figure()

# %% [markdown] lang="en"
# The scan of 10:05 comes after the restart, into a new run that has seen no scan at all, and is late all the same:
# batch 2 begins with 10:11.
#
# ### What a delay costs
#
# Five scans a second for eighty seconds, of windows of ten seconds and three vans. Nineteen of twenty arrive within a
# few seconds; the others, from the valley, up to half a minute late. Without a watermark, and with three delays, how
# many states are kept?

# %% [markdown] lang="zh"
# 10:05 的记录在重启之后才来，新的运行还没见过任何记录，它却照样迟到：批次 2 一开始水位线就是 10:11。
#
# ### 延迟的代价
#
# 八十秒，每秒五条记录，窗口为十秒，三辆车。二十条中有十九条在几秒内到达；其余来自山谷，最多晚半分钟。
# 不用水位线，以及用三种不同的延迟，各保留多少个状态？


# %%
def valley(seed):
    """400 scans: when each arrives, and its line."""
    random, sent = Random(seed), []
    for number in range(400):
        made = number * 0.2
        way = random.expovariate(1.0) if random.random() < 0.95 else random.uniform(5, 30)
        clock = datetime(2026, 3, 1, 10) + timedelta(seconds=int(made))
        sent.append((made + way + 0.1, f"{clock},van {number % 3}"))
    return Replay(sorted(sent))


def delayed(delay):
    def parcels(spark):
        source = spark.readStream.format("socket").option("host", "localhost").option("port", 9999)
        scans = source.load().selectExpr(
            "cast(split(value, ',')[0] as timestamp) as time", "split(value, ',')[1] as van"
        )
        if delay is not None:
            scans = scans.withWatermark("time", f"{delay} seconds")
        counts = scans.groupBy(window("time", "10 seconds"), "van").count()
        mode = "update" if delay is None else "append"
        writer = counts.writeStream.outputMode(mode).format("console")
        writer.trigger(processingTime="4 seconds").start()

    network = {"localhost:9999": valley(SEED)}
    return QuerySimulation(parcels, network=network, cluster=CLUSTER, seed=SEED).run(until=80)


runs = {delay: delayed(delay) for delay in (None, 40, 15, 5)}
figure, axes = plt.subplots(figsize=(8, 3.6))
for delay, run in runs.items():
    label = "no watermark" if delay is None else f"{delay} s"
    axes.plot([row.start_ms / 1000 for row in run.triggers], run.triggers.column("state_rows"), label=label)
axes.set_xlabel("seconds")
axes.set_ylabel("states kept")
axes.legend(title="delay")
plt.show()

# %%
print("delay   late groups   most states   rows given out")
for delay, run in runs.items():
    late, states = sum(run.triggers.column("rows_late")), max(run.triggers.column("state_rows"))
    print(f"{delay or 'none':>5} {late:>13} {states:>13} {sum(run.triggers.column('rows_written')):>16}")

# %% [markdown] lang="en"
# Without a watermark the states grow with the stream, for ever. With one they level off: each van has about *(delay +
# window) ÷ window* windows, and one that has just begun. A longer delay saves rows and costs memory and patience: a
# window is given out that much later. There is no right value, only one that fits how late *your* rows are. The
# exercise is about that.

# %% [markdown] lang="zh"
# 不用水位线，状态随流无限增长。用了水位线，状态就趋于平稳：每辆车大约有（延迟 + 窗口）÷ 窗口 个窗口，再加一个刚开始的。延迟越长，救回的行越多，
# 占用的内存也越多，结果也越晚：窗口要晚同样长的时间才输出。没有绝对正确的值，只有适合*你的*数据迟到情况的值。练习就是关于这一点。

# %% [markdown] lang="en"
# ## Break it
#
# One scanner was set wrong: its clock is an hour ahead, and it reports a parcel of 10:05 as one of 11:05. Eight right
# scans follow: 10:06, 10:18, 10:31, 10:44, 10:52, 11:01, 11:16, 11:22. How many of the eight are dropped?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 有一个扫描器设置错了：它的时钟快一小时，把 10:05 的包裹报成 11:05。随后来了八条正确的记录：10:06、10:18、10:31、10:44、10:52、11:01、
# 11:16、11:22。八条中有几条被丢弃？

# %% predict="lost to the future"
{
    "answer": 4,
    "why": (
        "The watermark jumps to 10:55 and never goes back. All windows that end by then are over: 10:06, 10:18, 10:31 and "
        "10:44 fall into such. 10:52 belongs to one that ends at 11:00.",
        "水位线跳到 10:55，再也不后退。到那时为止结束的窗口都已结束：10:06、10:18、10:31 和 10:44 属于这样的窗口。"
        "10:52 所在的窗口到 11:00 才结束。",
    ),
    "mistakes": {
        0: (
            "The watermark follows the latest event time, whoever sent it.",
            "水位线跟随最大的事件时间，不管是谁发来的。",
        ),
        1: ("The watermark does not come back with the next row.", "水位线不会随下一行回来。"),
        5: (
            "10:52 is before 10:55. When does its window end?",
            "10:52 早于 10:55。但它的窗口什么时候结束？",
        ),
        8: ("From 10:55 on windows are open again.", "10:55 之后的窗口仍然开着。"),
    },
}

# %%
run = simulated(["10:03", "11:05", *["10:06", "10:18", "10:31", "10:44", "10:52", "11:01", "11:16", "11:22"]])
confirm("lost to the future", sum(run.triggers.column("rows_late")))
print("late rows by batch:", [row.batch for row in run.triggers.where(lambda row: row.rows_late)])
late_in_vain = simulated(["10:03", "11:05", "10:06", "10:18 10:31", "10:44 10:52"])
late_in_vain.query_figure()

# %% [markdown] lang="en"
# One row of one scanner has cost all others their scans of most of an hour, and no error says so. Had the clock been
# wrong by a year, it would be a year. A restart does not help, for the watermark is in the checkpoint.
#
# So do not believe such rows: leave them out *before* `withWatermark`. Live, with a scan of the year 2062, without
# and with a filter:

# %% [markdown] lang="zh"
# 一个扫描器的一行，让其他所有人丢掉了将近一小时的记录，而且没有任何报错。如果时钟错了一年，那就是一年。重启也没有用，因为水位线在检查点里。
#
# 所以不要相信这样的行：在 `withWatermark` *之前*就排除它们。真实运行，一条 2062 年的记录，不过滤与过滤：

# %%
spark = (
    SparkSession.builder.master("local[2]").appName("future").config("spark.sql.shuffle.partitions", 2)
).getOrCreate()


def believed(scans):
    return scans.where("time <= current_timestamp() + interval 1 hour")


for name, check in (("all", lambda scans: scans), ("believed", believed)):
    scans = MemoryStream(spark, "time timestamp, van string")
    writer = per_ten_minutes(check(scans.toDF())).writeStream.format("memory")
    query = writer.queryName(name).start()
    for row in (scan("10:03"), (datetime(2062, 3, 1), "van 2"), scan("10:06"), scan("10:21"), scan("10:34")):
        scans.addData(row)
        query.processAllAvailable()
    query.stop()
    dropped = sum(p["stateOperators"][0]["numRowsDroppedByWatermark"] for p in query.recentProgress)
    print(f"{name}: watermark {query.lastProgress['eventTime']['watermark'][:16]}, {dropped} scans dropped")
    spark.table(name).orderBy("window").show(truncate=False)
spark.stop()

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A watermark cleans up old windows."** Only in append and update mode, only if `withWatermark` stands *before* the
# aggregation, and only if the column, or a window over it, is one of the grouping keys. Else append is refused, and
# update keeps every group for ever. *Source: `UnsupportedOperationChecker`, `StateStoreSaveExec`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“水位线会清理旧窗口。”** 只在追加和更新模式下，只在 `withWatermark` 位于聚合*之前*时，并且只在该列或其上的窗口是分组键之一时才如此。
# 否则追加模式被拒绝，更新模式则永远保留每个分组。*来源：`UnsupportedOperationChecker`、`StateStoreSaveExec`。*


# %%
def by_van(scans):
    return scans.withWatermark("time", "10 minutes").groupBy("van").count()


def too_late(scans):
    return scans.groupBy("time").count().withWatermark("time", "10 minutes")


def in_mode(build, mode):
    """How many states are left of scans in five hours, or why the query may not start."""

    def parcels(spark):
        scans = MemoryStream(spark, "time timestamp, van string")
        query = build(scans.toDF()).writeStream.outputMode(mode).format("console").start()
        for hour in range(10, 15):
            scans.addData(scan(f"{hour}:00", f"van {hour}"))
            query.processAllAvailable()

    run = QuerySimulation(parcels, cluster=CLUSTER, seed=SEED).run(until=10, raises=False)
    if run.error is not None:
        return "refused: " + str(run.error).split("] ")[1].split(". ")[0]
    return f"states left of 5 scans: {run.triggers[-1].state_rows}"


for build in (per_ten_minutes, by_van, too_late):
    for mode in ("append", "update"):
        print(f"{build.__name__}, {mode}:\n    {in_mode(build, mode)}")

# %% [markdown] lang="en"
# **"A row older than the watermark is dropped."** Not if its window is still open, not in complete mode, not by a
# query without state, and with batches back to back not for one batch more. The promise goes one way only: a row
# within the delay is *never* dropped; an older one *may* be. *Source: the guide's "semantic guarantees of aggregation
# with watermarking".*
#
# **"With `current_timestamp()` as the event time I have no late rows."** True, and no event time either: it is the
# moment of the batch, the same for all its rows. A row that waited an hour in a valley is counted in the wrong
# window. *Source: `MicroBatchExecution`, which puts the time of the batch in its place.*

# %% [markdown] lang="zh"
# **“比水位线早的行会被丢弃。”** 如果它的窗口还开着，不会；在完整模式下，不会；没有状态的查询，不会；批次一个接一个时，还能再宽限一个批次。
# 承诺只是单向的：在延迟之内的行*绝不*丢弃；更早的行*可能*被丢弃。*来源：官方指南中关于带水位线的聚合的语义保证一节。*
#
# **“用 `current_timestamp()` 作事件时间就没有迟到的行。”** 的确没有，但也就没有事件时间了：它是批次的时刻，对批次的所有行都相同。
# 在山谷里等了一小时的行会被算进错误的窗口。*来源：`MicroBatchExecution`，它用批次的时间替换这个函数。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# The rules of watermarks, late rows, states and batches without data are those of Spark 4; they were compared with
# recorded runs of it, batch by batch. Durations come from the cost model. A real cluster keeps states in memory or in
# RocksDB, and what a state takes there depends on its row; here states are counted. Event times are UTC in all that
# is shown.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 水位线、迟到行、状态和无数据批次的规则都是 Spark 4 的；它们与记录下来的 Spark 真实运行逐批次对比过。时长来自成本模型。
# 真实集群把状态放在内存或 RocksDB 中，每个状态占多少取决于它的行；这里只数状态的个数。显示的事件时间都是 UTC。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Windows of 10 minutes every 5 minutes, delay 10 minutes, watermark at 10:12. A scan of 10:08 comes. Where is it counted?
#
# <details><summary>Answer</summary>
#
# In one of its two windows. The window from 10:00 to 10:10 is over; the one from 10:05 to 10:15 is still open.
# </details>
#
# 2. The shop closes at 20:00, the last scan is of 19:58. When is the window from 19:50 to 20:00 given out, with a delay of
#    10 minutes?
#
# <details><summary>Answer</summary>
#
# The next morning, with the first scan that moves the watermark to 20:00 or later. A watermark moves with the data, not
# with the clock.
# </details>
#
# 3. A delay of 0 seconds: are all rows dropped that are not the newest?
#
# <details><summary>Answer</summary>
#
# No. Within a batch order does not matter, and a row is dropped only when its whole window has ended before the latest
# event time of earlier batches.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 窗口长 10 分钟、每 5 分钟一个，延迟 10 分钟，水位线在 10:12。来了一条 10:08 的记录。它在哪里被统计？
#
# <details><summary>答案</summary>
#
# 在它的两个窗口之一。10:00 到 10:10 的窗口已经结束；10:05 到 10:15 的还开着。
# </details>
#
# 2. 20:00 打烊，最后一条记录是 19:58 的。延迟为 10 分钟，19:50 到 20:00 的窗口什么时候输出？
#
# <details><summary>答案</summary>
#
# 第二天早上，第一条把水位线推到 20:00 或更晚的记录到来时。水位线随数据移动，不随时钟移动。
# </details>
#
# 3. 延迟为 0 秒：是不是所有不是最新的行都被丢弃？
#
# <details><summary>答案</summary>
#
# 不是。在一个批次之内顺序无关紧要；只有当一行的整个窗口在此前批次的最大事件时间之前（或恰好那时）已经结束，它才被丢弃。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 25](../../exercises/en/ex25_watermarks.ipynb): say where the watermark stands, write a query that forgets,
# and choose a delay for a day that you have not seen. `sparksim grade 25` says how far you are. Next: lesson 26, the
# same queries in three languages.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 25](../../exercises/zh/ex25_watermarks.ipynb)：说出水位线在哪里，写一个会忘记的查询，并为你没见过的一天选择延迟。
# `sparksim grade 25` 会告诉你做到了哪一步。下一课是第 26 课：同样的查询，三种写法。
