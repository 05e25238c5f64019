# 由 solutions/build.py 从 solutions/ex16_stragglers.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 16：慢机器
#
# 写出 Spark 为慢任务（task）启动第二份副本的规则，在运行记录（trace）中找出慢机器，并选择既使延迟（delay）小、又不破坏结果的设置。

# %%
from statistics import mean, median

from sparksim.sim import Cluster, Constant, Simulation, SlowExecutor

# %% [markdown]
# ## 任务 1：should_speculate（3 分）
#
# 一个正在运行的任务会得到第二份副本吗？`durations` 是该阶段（stage）中成功的任务各花的毫秒数，`tasks` 是该阶段的任务数，
# `running_ms` 是这个任务已运行的时间。`quantile` 和 `multiplier` 是 Spark 的设置。请返回 True 或 False。
# 只有一个任务的阶段从不被查看。

# %%
def should_speculate(durations, tasks, running_ms, quantile=0.75, multiplier=1.5):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：slow_executor（3 分）
#
# 返回一次运行中慢执行器（executor）的标识；如果都正常，返回 None。要同类相比：对每个执行器，取读取了数据块（`task.blocks` 不为空）
# 且已结束（无论以何种方式）的任务，计算它们的 `duration_ms` 的平均值。如果一个执行器的平均值大于所有执行器平均值的中位数的两倍，它就是慢的。

# %%
def slow_executor(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：settings（4 分）
#
# 四个执行器，各两个核心（core）；批次（batch）2 秒，每批十个任务；每条记录成为表中的一行。请选择并返回一个字典：
#
# - "speculation"：True 或 False，
# - "quantile"：0 到 1 之间的数，"multiplier"：一个数；即推测执行（speculation）的设置，
# - "write"："insert"（每次一个新行）或 "upsert"（覆盖该记录编号对应的行）。
#
# 模拟中有一个执行器比其他的慢十倍，这使处理时间从 0.3 秒变成 1.5 秒。要求平均不超过 0.75 秒，而且表是正确的。
# 在同一个集群健康时，各任务的时长略有随机差异，此时被复制的任务不得超过三十分之一。

# %%
def settings():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试：一个执行器在第 3 秒变慢。

# %%
def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


if __name__ == "__main__":
    run = Simulation(
        count_lines,
        network={"localhost:9999": Constant(100, "line")},
        cluster=Cluster(executors=4, cores=2),
        faults=[SlowExecutor("other", at=3, factor=10)],
    ).run(until=8)
    try:
        print(should_speculate([100, 120, 110], 4, 200), slow_executor(run), settings())
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 16` 评分；用 `sparksim watch 16` 在每次保存时自动评分。
