# 由 solutions/build.py 从 solutions/ex24_event_time_windows.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 24：事件时间窗口
#
# 窗口（window）是由行自身的时间算出的键。先自己计算，再让 Spark 按它计数，无论行何时到来。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import split, sum, window

# %% [markdown]
# ## 任务 1：windows_of（3 分）
#
# 一个时刻落入的窗口，与 Spark 的 `window` 相同：窗口持续 `width` 秒，每 `slide` 秒开始一个，始于 `slide` 的整数倍（再平移 `start`）。
# 所有参数都是整数秒，从 1970 年算起，`moment` 可以为负。请返回键值对 `(start, end)` 的列表，最早的在前。窗口包含起点，不包含终点。

# %%
def windows_of(moment, width, slide, start=0):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：sales（4 分）
#
# 形如 `2026-03-02 10:00:07,tea` 的行来自 localhost:9999：何时售出、售出什么。请按售出的时间计数，窗口为 20 秒，每 10 秒开始一个。
# 每 2 秒，控制台得到有新销售的计数，列为 `start`（窗口的起点）、`item` 和 `count`。行可能迟到。

# %%
def sales(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def lines(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def show(counts):
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()

# %% [markdown]
# ## 任务 3：shifts（3 分）
#
# 形如 `2026-03-02 13:20:00,5` 的行说明一台机器在何时做出了多少个零件。一个班次为 8 小时，班次始于 6、14 和 22 点（UTC）。
# 请以同样的方式给出每个班次的总和，列为 `start` 和 `parts`。

# %%
def shifts(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 24` 评分；用 `sparksim watch 24` 在每次保存时自动评分。
