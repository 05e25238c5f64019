# %% [markdown] lang="en"
# # Exercise 24: windows of event time
#
# A window is a key that is computed of a row's own time. First compute it yourself, then let Spark count by it, whenever
# the rows come.

# %% [markdown] lang="zh"
# # 练习 24：事件时间窗口
#
# 窗口（window）是由行自身的时间算出的键。先自己计算，再让 Spark 按它计数，无论行何时到来。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import split, sum, window

# %% [markdown] lang="en"
# ## Task 1: windows_of (3 points)
#
# The windows that a moment falls into, as Spark's `window` has them: windows last `width` seconds, and one begins every
# `slide` seconds, at multiples of `slide` (shifted by `start`). All arguments are whole numbers of seconds since
# 1970, `moment` may be negative. Return a list of pairs `(start, end)`, earliest first. A window contains its start and
# not its end.

# %% [markdown] lang="zh"
# ## 任务 1：windows_of（3 分）
#
# 一个时刻落入的窗口，与 Spark 的 `window` 相同：窗口持续 `width` 秒，每 `slide` 秒开始一个，始于 `slide` 的整数倍（再平移 `start`）。
# 所有参数都是整数秒，从 1970 年算起，`moment` 可以为负。请返回键值对 `(start, end)` 的列表，最早的在前。窗口包含起点，不包含终点。


# %%
def windows_of(moment, width, slide, start=0):
    ### BEGIN SOLUTION
    begin = moment - (moment - start) % slide
    found = []
    while begin > moment - width:
        found.append((begin, begin + width))
        begin -= slide
    return found[::-1]
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: sales (4 points)
#
# Lines such as `2026-03-02 10:00:07,tea` come from localhost:9999: when something was sold, and what. Count by the time of
# the sale, in windows of 20 seconds, one of which begins every 10 seconds. Every 2 seconds the console gets the counts that
# have new sales, with the columns `start` (of the window), `item` and `count`. Lines may arrive late.

# %% [markdown] lang="zh"
# ## 任务 2：sales（4 分）
#
# 形如 `2026-03-02 10:00:07,tea` 的行来自 localhost:9999：何时售出、售出什么。请按售出的时间计数，窗口为 20 秒，每 10 秒开始一个。
# 每 2 秒，控制台得到有新销售的计数，列为 `start`（窗口的起点）、`item` 和 `count`。行可能迟到。


# %%
def sales(spark):
    ### BEGIN SOLUTION
    parts = split("value", ",")
    sold = lines(spark).select(parts[0].cast("timestamp").alias("time"), parts[1].alias("item"))
    counts = sold.groupBy(window("time", "20 seconds", "10 seconds"), "item").count()
    show(counts.select("window.start", "item", "count"))
    ### END SOLUTION


def lines(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def show(counts):
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()


# %% [markdown] lang="en"
# ## Task 3: shifts (3 points)
#
# Lines such as `2026-03-02 13:20:00,5` say how many parts a machine had made, and when. A shift lasts 8 hours; shifts begin at
# 6, 14 and 22 o'clock (UTC). Give the sum of each shift in the same way, with the columns `start` and `parts`.

# %% [markdown] lang="zh"
# ## 任务 3：shifts（3 分）
#
# 形如 `2026-03-02 13:20:00,5` 的行说明一台机器在何时做出了多少个零件。一个班次为 8 小时，班次始于 6、14 和 22 点（UTC）。
# 请以同样的方式给出每个班次的总和，列为 `start` 和 `parts`。


# %%
def shifts(spark):
    ### BEGIN SOLUTION
    parts = split("value", ",")
    made = lines(spark).select(parts[0].cast("timestamp").alias("time"), parts[1].cast("long").alias("parts"))
    sums = made.groupBy(window("time", "8 hours", "8 hours", "6 hours")).agg(sum("parts").alias("parts"))
    show(sums.select("window.start", "parts"))
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. One sale arrives half a minute late.

# %% [markdown] lang="zh"
# 试一试。有一笔销售迟到半分钟。

# %%
if __name__ == "__main__":
    sold = [(1.3, "2026-03-02 10:00:07,tea"), (5.1, "2026-03-02 10:00:35,tea"), (5.4, "2026-03-02 10:00:09,cake")]
    made = [(1.3, "2026-03-02 13:20:00,5"), (3.3, "2026-03-02 14:00:00,4"), (3.4, "2026-03-02 06:00:00,2")]
    try:
        print(windows_of(607, 720, 300))
        print(QuerySimulation(sales, network={"localhost:9999": Replay(sold)}).run(until=7).output)
        print(QuerySimulation(shifts, network={"localhost:9999": Replay(made)}).run(until=5).output)
    except NotImplementedError as unfinished:
        print(unfinished)
