# 由 solutions/build.py 从 solutions/ex01_why_streaming.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 1：集群跟得上吗？
#
# 每次运行都有一张批次（batch）的表 `run.batches`，每个批次一行。时间以毫秒为单位：
#
# | 列 | 含义 |
# |---|---|
# | `batch_time_ms` | 批次到点的时刻 |
# | `records` | 分到的记录数 |
# | `scheduling_delay_ms` | 等待上一批次的时间；还在等待时为 None |
# | `processing_time_ms` | 作业（job）运行的时间；未完成时为 None |
# | `total_delay_ms` | 两者之和；未完成时为 None |
# | `status` | 完成后为 `"completed"`，否则为 `"queued"` 或 `"processing"` |
#
# 用 `for batch in run.batches` 逐行读取，用 `batch.records` 取列。请写出四个函数。

# %%
from sparksim.sim import Cluster, Constant, Simulation, work

# %% [markdown]
# ## 任务 1：keeps_up（2 分）
#
# 每秒有 `rate` 条记录到达一个接收器（receiver），每条占用一个核心（core）`ms_per_record` 毫秒。集群一共有 `cores` 个核心。
# 不考虑启动作业和任务（task）的代价。如果集群处理记录的速度跟得上它们到达的速度，返回 True，否则返回 False。

# %%
def keeps_up(rate, cores, ms_per_record):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：mean_total_delay（2 分）
#
# 运行中所有已完成批次的平均总延迟（delay），以秒为单位。如果没有已完成的批次，返回 0.0。

# %%
def mean_total_delay(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：capacity（3 分）
#
# 集群*工作时*每秒能完成多少条记录：所有已完成批次的记录数，除以它们的作业运行的秒数。如果没有已完成的批次，返回 0.0。
#
# 它说明集群的处理能力，即使到来的记录没有那么多。

# %%
def capacity(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：falls_behind（3 分）
#
# 诊断。如果集群跟不上，批次会越等越久，返回 True；如果跟得上，返回 False。注意两点：跟得上的运行也可能有一段糟糕的时候，
# 之后批次会等待一阵，然后不再等待；而延迟较长的批次，只要它不用等待，就不是问题。
#
# 这些运行都很长：对跟得上的运行来说，到结束时，糟糕的时候早已过去。

# %%
def falls_behind(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试：同一个程序，两种速率。

# %%
def slowly(line):
    work(0.05)
    return 1


def count_slowly(ssc):
    ssc.socketTextStream("localhost", 9999).map(slowly).reduce(lambda a, b: a + b).pprint()


if __name__ == "__main__":
    for rate in (10, 30):
        network = {"localhost:9999": Constant(rate)}
        run = Simulation(count_slowly, network=network, cluster=Cluster(1, 2), batch=2.0).run(until=40)
        try:
            print(f"{rate} records per second, should keep up: {keeps_up(rate, 2, 50)}")
            print(f"mean total delay {mean_total_delay(run):.2f} s")
            print(f"capacity {capacity(run):.1f} records per second")
            print(f"falls behind: {falls_behind(run)}")
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# 用 `sparksim grade 01` 评分；用 `sparksim watch 01` 在每次保存时自动评分。
