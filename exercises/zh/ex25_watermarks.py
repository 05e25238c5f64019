# 由 solutions/build.py 从 solutions/ex25_watermarks.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 25：要等多久
#
# 水位线（watermark）在哪里，查询会忘记什么，对迟到的行用多长的延迟合适？
#
# SQL 需要 `pip install 'sparksim[sql]'`。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import window

# %% [markdown]
# ## 任务 1：watermarks（2 分）
#
# `batches` 是批次（batch）的列表，每个批次是事件时间（分钟）的列表，例如 `[[3, 7], [25], [], [4]]`；`delay` 也以分钟计。
# 返回每个批次*所用*的水位线，列表长度相同；例如延迟为 10 时返回 `[0, 0, 15, 15]`。第一个批次用 0。

# %%
def watermarks(batches, delay):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 25` 评分；用 `sparksim watch 25` 在每次保存时自动评分。
