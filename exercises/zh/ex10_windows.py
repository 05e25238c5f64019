# 由 solutions/build.py 从 solutions/ex10_windows.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 10：最近几秒
#
# 窗口（window）是最近若干个批次（batch）的并集，每隔若干批次计算一次。你要说出哪些窗口会统计某一行，找出正在流行的标签，
# 维护移动平均，并选择一个集群跟得上的窗口。

# %%
from sparksim.sim import Poisson, Replay, Simulation

# %% [markdown]
# ## 任务 1：windows_of（2 分）
#
# 一条记录在第 `batch` 秒的批次中。窗口长 `length` 秒，每次滑动 `slide` 秒；程序在第 0 秒启动，所有数都是 1 秒批次间隔的整数倍。
# 请按顺序返回统计这条记录的所有窗口的秒数列表。第 `t` 秒的窗口包含 `t - length` 之后直到 `t` 的批次。

# %%
def windows_of(batch, length, slide):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：trending（3 分）
#
# 批次为 1 秒。localhost:9999 的每一行包含若干话题标签。请每 2 秒打印最近 6 秒内出现最多的三个标签，形式为 `(tag, n)`，
# 每行一对，最多的在前；次数相同时按字母顺序。
#
# `pprint` 不排序。在 `foreachRDD(show)` 中，函数 `show` 在驱动程序（driver）上得到每个窗口的 RDD，
# `rdd.takeOrdered(3, key=...)` 给出按键最小的三个。

# %%
def trending(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：averages（3 分）
#
# localhost:9999 的每一行是一个读数，格式为 `"sensor value"`，例如 `"s1 20"`；数值为整数。请每秒用 `pprint` 打印每个传感器最近 10 秒的平均值，
# 形式为 `(sensor, average)`。
#
# 请用逆函数增量计算（检查点目录为 sim://checkpoint），并且让窗口内没有读数的传感器不再被打印。

# %%
def averages(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。只显示打印内容的最后几行。

# %%
if __name__ == "__main__":
    tags = Replay([(0.5, "#a #b #a"), (2.5, "#c #b"), (5.5, "#b #d")])
    readings = Replay([(0.5, "s1 20"), (0.6, "s2 30"), (4.5, "s1 40")])
    try:
        print(windows_of(4, 6, 2))
        for program, load in ((trending, tags), (averages, readings)):
            print(str(Simulation(program, network={"localhost:9999": load}).run(until=13).output)[-300:])
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## 任务 4：design（2 分）
#
# 批次为 2 秒，每秒 25 个标签，三个执行器（executor），每个两个核心（core）。有人想看到最近 40 秒内每个标签出现的次数，
# 结果不能比 5 秒更旧；而且程序必须跟得上：从批次时间到得出结果（总延迟）最多半秒。
#
# 请以字典返回你的选择，包含三个键：`"form"`，取 `"window"`（先 `window` 再 `reduceByKey`）、`"reduce"`
# （不带逆函数的 `reduceByKeyAndWindow`）或 `"inverse"`（带逆函数）之一；`"slide"`，单位为秒；`"partitions"`，洗牌（shuffle）之后的分区（partition）数。
# 你的选择会用多个隐藏的负载进行模拟。所用程序就是下面这个，你可以先试。

# %%
def design():
    raise NotImplementedError("not started yet · 尚未完成")

# %%
def count_all(rdd):
    rdd.count()


def drawn_tag(random):
    return f"#{int(random.random() ** 2 * 80)}"


def counted(form, slide, partitions):
    def program(ssc):
        ssc.checkpoint("sim://checkpoint")
        pairs = ssc.socketTextStream("localhost", 9999).map(lambda tag: (tag, 1))
        add, subtract = lambda a, b: a + b, lambda a, b: a - b
        if form == "window":
            counts = pairs.window(40, slide).reduceByKey(add, partitions)
        else:
            inverse = subtract if form == "inverse" else None
            counts = pairs.reduceByKeyAndWindow(add, inverse, 40, slide, partitions)
        counts.foreachRDD(count_all)

    return program


if __name__ == "__main__":
    try:
        load = {"localhost:9999": Poisson(25, drawn_tag)}
        run = Simulation(counted(**design()), network=load, batch=2.0).run(until=60)
        print("longest delay:", max(run.batches.where(status="completed").column("total_delay_ms")), "ms")
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 10` 评分；用 `sparksim watch 10` 在每次保存时自动评分。
