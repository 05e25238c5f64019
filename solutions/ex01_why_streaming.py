# %% [markdown] lang="en"
# # Exercise 1: does the cluster keep up?
#
# A run has a table of its batches, `run.batches`, one row per batch. Times are in milliseconds:
#
# | column | meaning |
# |---|---|
# | `batch_time_ms` | when the batch was due |
# | `records` | how many records it got |
# | `scheduling_delay_ms` | how long it waited for the batch before; None while it waits |
# | `processing_time_ms` | how long its job ran; None while it is not done |
# | `total_delay_ms` | both together; None while it is not done |
# | `status` | `"completed"` when it is done, else `"queued"` or `"processing"` |
#
# Rows are read with `for batch in run.batches` and `batch.records`. You write four functions.

# %% [markdown] lang="zh"
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

# %% [markdown] lang="en"
# ## Task 1: keeps_up (2 points)
#
# `rate` records per second arrive at one receiver, and each keeps a core for `ms_per_record` milliseconds. The cluster
# has `cores` cores in all. Leave aside what it costs to start jobs and tasks. Return True if the cluster can process
# the records as fast as they come, else False.

# %% [markdown] lang="zh"
# ## 任务 1：keeps_up（2 分）
#
# 每秒有 `rate` 条记录到达一个接收器（receiver），每条占用一个核心（core）`ms_per_record` 毫秒。集群一共有 `cores` 个核心。
# 不考虑启动作业和任务（task）的代价。如果集群处理记录的速度跟得上它们到达的速度，返回 True，否则返回 False。


# %%
def keeps_up(rate, cores, ms_per_record):
    ### BEGIN SOLUTION
    free = cores - 1
    return rate * ms_per_record <= free * 1000
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: mean_total_delay (2 points)
#
# The mean total delay of all completed batches of the run, in seconds. 0.0 if there are none.

# %% [markdown] lang="zh"
# ## 任务 2：mean_total_delay（2 分）
#
# 运行中所有已完成批次的平均总延迟（delay），以秒为单位。如果没有已完成的批次，返回 0.0。


# %%
def mean_total_delay(run):
    ### BEGIN SOLUTION
    delays = [batch.total_delay_ms for batch in run.batches if batch.status == "completed"]
    return sum(delays) / len(delays) / 1000 if delays else 0.0
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: capacity (3 points)
#
# How many records per second the cluster gets done *while it works*: the records of all completed batches, divided by
# the seconds for which their jobs ran. 0.0 if no batch is completed.
#
# This says what the cluster can do, also when fewer records come.

# %% [markdown] lang="zh"
# ## 任务 3：capacity（3 分）
#
# 集群*工作时*每秒能完成多少条记录：所有已完成批次的记录数，除以它们的作业运行的秒数。如果没有已完成的批次，返回 0.0。
#
# 它说明集群的处理能力，即使到来的记录没有那么多。


# %%
def capacity(run):
    ### BEGIN SOLUTION
    done = [batch for batch in run.batches if batch.status == "completed"]
    seconds = sum(batch.processing_time_ms for batch in done) / 1000
    return sum(batch.records for batch in done) / seconds if done else 0.0
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: falls_behind (3 points)
#
# The diagnosis. Return True if the cluster cannot keep up, so that its batches would wait longer and longer, and False
# if it can. Mind two things: a run that keeps up may have a bad moment, after which batches wait for a while and then
# no more; and a batch with a long delay is no trouble if it did not have to wait.
#
# The runs are long: at the end of a run that keeps up, a bad moment is long over.

# %% [markdown] lang="zh"
# ## 任务 4：falls_behind（3 分）
#
# 诊断。如果集群跟不上，批次会越等越久，返回 True；如果跟得上，返回 False。注意两点：跟得上的运行也可能有一段糟糕的时候，
# 之后批次会等待一阵，然后不再等待；而延迟较长的批次，只要它不用等待，就不是问题。
#
# 这些运行都很长：对跟得上的运行来说，到结束时，糟糕的时候早已过去。


# %%
def falls_behind(run):
    ### BEGIN SOLUTION
    if any(batch.status == "queued" for batch in run.batches):
        return True
    return run.batches[-1].scheduling_delay_ms > 0
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it: the same program at two rates.

# %% [markdown] lang="zh"
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
