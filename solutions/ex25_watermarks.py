# %% [markdown] lang="en"
# # Exercise 25: how long to wait
#
# Where does the watermark stand, what does a query forget, and which delay fits rows that come late?
#
# SQL comes with `pip install 'sparksim[sql]'`.

# %% [markdown] lang="zh"
# # 练习 25：要等多久
#
# 水位线（watermark）在哪里，查询会忘记什么，对迟到的行用多长的延迟合适？
#
# SQL 需要 `pip install 'sparksim[sql]'`。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import window

# %% [markdown] lang="en"
# ## Task 1: watermarks (2 points)
#
# `batches` is a list of batches, each a list of event times in minutes, such as `[[3, 7], [25], [], [4]]`; `delay` is
# in minutes too. Return the watermark that each batch *works with*, as a list of the same length, such as `[0, 0, 15,
# 15]` for a delay of 10. The first batch works with 0.

# %% [markdown] lang="zh"
# ## 任务 1：watermarks（2 分）
#
# `batches` 是批次（batch）的列表，每个批次是事件时间（分钟）的列表，例如 `[[3, 7], [25], [], [4]]`；`delay` 也以分钟计。
# 返回每个批次*所用*的水位线，列表长度相同；例如延迟为 10 时返回 `[0, 0, 15, 15]`。第一个批次用 0。


# %%
def watermarks(batches, delay):
    ### BEGIN SOLUTION
    used, latest = [], 0
    for batch in batches:
        used.append(max(0, latest - delay))
        latest = max([latest, *batch])
    return used
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: parcels_per_depot (4 points)
#
# Lines from localhost:9999 such as `2026-03-01 10:02:30,east`: when a parcel was delivered, and its depot. Count the
# parcels of each depot in each ten minutes. Rows may be ten minutes late. The result goes to the console, and each
# count only once, when it is final; windows that are over shall not be remembered. Give three columns: window, depot,
# count.

# %% [markdown] lang="zh"
# ## 任务 2：parcels_per_depot（4 分）
#
# localhost:9999 的行形如 `2026-03-01 10:02:30,east`：包裹送达的时间和它的配送站。请统计每个配送站每十分钟的包裹数。行最多可以晚十分钟。
# 结果输出到控制台（console），每个计数只在成为最终结果时输出一次；已结束的窗口（window）不应再被记住。输出三列：window、depot、count。


# %%
def parcels_per_depot(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    parcels = lines.selectExpr(
        "cast(split(value, ',')[0] as timestamp) as time",
        "split(value, ',')[1] as depot",
    )
    ### BEGIN SOLUTION
    ten_minutes = window("time", "10 minutes")
    counts = parcels.withWatermark("time", "10 minutes").groupBy(ten_minutes, "depot").count()
    counts.writeStream.outputMode("append").format("console").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: choose_delay (4 points)
#
# Yesterday's scans of one depot are given: a list of pairs `(arrived, made)` in seconds, in the order of arrival;
# `made` is the event time. Return a delay for today, in whole seconds. Today's scans come from the same vans, as late
# as yesterday's were, but in another random order. A query counts them per ten seconds, in a batch every six seconds.
# It shall drop *less than 2 %* of today's scans, and keep hardly more states than that takes: one or two more are
# tolerated.
#
# One state is one window of ten seconds. Depots differ: what is right for one in a town is wrong for one in a valley,
# so compute the delay from what you are given. And now and then a scanner is switched on that lay in a drawer.

# %% [markdown] lang="zh"
# ## 任务 3：choose_delay（4 分）
#
# 给出一个配送站昨天的扫描记录：`(arrived, made)` 对的列表，以秒计，按到达顺序排列；`made` 是事件时间。请返回今天要用的延迟，整数秒。
# 今天的记录来自同样的车，迟到的程度与昨天一样，但随机顺序不同。查询每十秒一个窗口地统计它们，每六秒运行一个批次。
# 它丢弃的记录应*少于 2 %*，并且保留的状态（state）几乎不多于为此所需的：多一两个是允许的。
#
# 一个状态就是一个十秒的窗口。各站不同：对城里的站合适的延迟，对山谷里的站就不合适，所以请根据给出的数据计算。
# 偶尔还会有一个在抽屉里放了很久的扫描器被打开。


# %%
def choose_delay(yesterday):
    ### BEGIN SOLUTION
    latest, behind = 0, []
    for _, made in yesterday:
        latest = max(latest, made)
        behind.append(latest - made)
    return int(sorted(behind)[int(len(behind) * 0.99)]) + 1
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    sent = ["10:02:30,east", "10:04:00,west", "10:21:00,east", "10:05:00,east", "10:33:00,west"]
    load = Replay([(1.3 + number, f"2026-03-01 {line}") for number, line in enumerate(sent)])
    try:
        print(watermarks([[3, 7], [25], [], [4]], 10))
        run = QuerySimulation(parcels_per_depot, network={"localhost:9999": load}).run(until=8)
        print(run.output, [row.state_rows for row in run.triggers])
        print(choose_delay([(1, 0), (2, 1), (3, 2), (9, 3), (10, 9)]))
    except NotImplementedError as unfinished:
        print(unfinished)
