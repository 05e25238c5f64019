# %% [markdown] lang="en"
# # Exercise 10: the last few seconds
#
# A window is the union of the last few batches, computed every few batches. You say which windows count a line, find
# what is trending, keep a moving average, and choose a window that the cluster can keep up with.

# %% [markdown] lang="zh"
# # 练习 10：最近几秒
#
# 窗口（window）是最近若干个批次（batch）的并集，每隔若干批次计算一次。你要说出哪些窗口会统计某一行，找出正在流行的标签，
# 维护移动平均，并选择一个集群跟得上的窗口。

# %%
from sparksim.sim import Poisson, Replay, Simulation

# %% [markdown] lang="en"
# ## Task 1: windows_of (2 points)
#
# A record is in the batch of second `batch`. Windows are `length` seconds long and slide by `slide` seconds; the program
# started at second 0, all numbers are whole multiples of the batch interval of 1 second. Return the list of the seconds
# of all windows that count the record, in order. A window of second `t` holds the batches after `t - length` up to `t`.

# %% [markdown] lang="zh"
# ## 任务 1：windows_of（2 分）
#
# 一条记录在第 `batch` 秒的批次中。窗口长 `length` 秒，每次滑动 `slide` 秒；程序在第 0 秒启动，所有数都是 1 秒批次间隔的整数倍。
# 请按顺序返回统计这条记录的所有窗口的秒数列表。第 `t` 秒的窗口包含 `t - length` 之后直到 `t` 的批次。


# %%
def windows_of(batch, length, slide):
    ### BEGIN SOLUTION
    return [end for end in range(slide, batch + length, slide) if end - length < batch <= end]
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: trending (3 points)
#
# Batches are 1 second long. Lines from localhost:9999 hold hashtags. Every 2 seconds, print the three hashtags that came
# most often in the last 6 seconds, as pairs `(tag, n)`, one a line, the most frequent first; of equal ones the first in
# the alphabet first.
#
# `pprint` does not sort. In `foreachRDD(show)` the function `show` gets the RDD of each window, on the driver, and
# `rdd.takeOrdered(3, key=...)` gives the three smallest by a key.

# %% [markdown] lang="zh"
# ## 任务 2：trending（3 分）
#
# 批次为 1 秒。localhost:9999 的每一行包含若干话题标签。请每 2 秒打印最近 6 秒内出现最多的三个标签，形式为 `(tag, n)`，
# 每行一对，最多的在前；次数相同时按字母顺序。
#
# `pprint` 不排序。在 `foreachRDD(show)` 中，函数 `show` 在驱动程序（driver）上得到每个窗口的 RDD，
# `rdd.takeOrdered(3, key=...)` 给出按键最小的三个。


# %%
def trending(ssc):
    ### BEGIN SOLUTION
    tags = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = tags.map(lambda tag: (tag, 1)).reduceByKeyAndWindow(lambda a, b: a + b, None, 6, 2)

    def show(rdd):
        for pair in rdd.takeOrdered(3, key=lambda pair: (-pair[1], pair[0])):
            print(pair)

    counts.foreachRDD(show)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: averages (3 points)
#
# Lines from localhost:9999 are readings, `"sensor value"`, such as `"s1 20"`; values are whole numbers. Every second,
# print the average of the last 10 seconds of each sensor, as pairs `(sensor, average)` with `pprint`.
#
# Do it incrementally, with an inverse function (checkpoint directory sim://checkpoint), and see to it that a sensor
# without a reading in the window is not printed any more.

# %% [markdown] lang="zh"
# ## 任务 3：averages（3 分）
#
# localhost:9999 的每一行是一个读数，格式为 `"sensor value"`，例如 `"s1 20"`；数值为整数。请每秒用 `pprint` 打印每个传感器最近 10 秒的平均值，
# 形式为 `(sensor, average)`。
#
# 请用逆函数增量计算（检查点目录为 sim://checkpoint），并且让窗口内没有读数的传感器不再被打印。


# %%
def averages(ssc):
    ### BEGIN SOLUTION
    ssc.checkpoint("sim://checkpoint")
    readings = ssc.socketTextStream("localhost", 9999).map(lambda line: line.split())
    sums = readings.map(lambda reading: (reading[0], (int(reading[1]), 1))).reduceByKeyAndWindow(
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        lambda a, b: (a[0] - b[0], a[1] - b[1]),
        10,
        1,
        filterFunc=lambda pair: pair[1][1] > 0,
    )
    sums.mapValues(lambda total: total[0] / total[1]).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them. Only the last lines of what they print are shown.

# %% [markdown] lang="zh"
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

# %% [markdown] lang="en"
# ## Task 4: design (2 points)
#
# Batches of 2 seconds, 25 hashtags a second, three executors with two cores. Somebody wants to see how often each hashtag
# came in the last 40 seconds, never older than 5 seconds; and the program has to keep up: from the batch time to the
# result (the total delay) at most half a second.
#
# Return your choice as a dict with three keys: `"form"`, one of `"window"` (`window` and then `reduceByKey`), `"reduce"`
# (`reduceByKeyAndWindow` without an inverse function) and `"inverse"` (with one); `"slide"` in seconds; and
# `"partitions"`, the number of partitions after the shuffle. It is simulated with several hidden loads. The program
# below is the one that is used, so you can try.

# %% [markdown] lang="zh"
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
    ### BEGIN SOLUTION
    return {"form": "inverse", "slide": 4, "partitions": 6}
    ### END SOLUTION


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
