# 由 solutions/build.py 从 solutions/ex02_micro_batches.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 2：数据块、批次与任务
#
# 两个函数预测一条流的两个时钟会做什么，另外两个从一次运行中读出它。所有时间以毫秒为单位。
# 接收器（receiver）的缓冲区在数据块间隔（block interval）的整数倍时刻被切下，批次（batch）在批次间隔（batch interval）的整数倍时刻到点。

# %%
from sparksim.sim import Constant, Replay, Simulation

# %% [markdown]
# ## 任务 1：tasks_of（2 分）
#
# 同一批次的记录在 `arrivals_ms` 所列的时刻到达，这个列表没有排序，也可能为空。如果数据块间隔是 `block_ms`，
# 由多少个任务（task）读取它们？没有记录恰好在切块的时刻到达。

# %%
def tasks_of(arrivals_ms, block_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：batch_of（3 分）
#
# 一条记录在 `arrival_ms` 到达。它的数据块（block）在 `block_ms` 的下一个整数倍时刻被切下，再过 `report_ms`，
# 驱动程序（driver）听说了它。请返回它进入的批次的时刻，即 `batch_ms` 的一个整数倍。驱动程序不会恰好在批次到点的时刻听说一个数据块。

# %%
def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：block_interval（2 分）
#
# 诊断。有人问为什么任务这么少。请找出一次运行的数据块间隔，以毫秒为单位。
#
# `run.blocks` 每个数据块一行：`block_id`，例如 `"input-0-3800"`，即 0 号流，以及其间隔开始的毫秒；`generated_ms`，何时切下；
# `added_ms`，驱动程序何时听说；`batch_time_ms`，进入的批次，还在等待时为 None。注意，没有数据的间隔不产生数据块。

# %%
def block_interval(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：slipped（3 分）
#
# 如果在数据块被切下的时刻或之后有一个批次到点，而它进入的却是更晚的批次，它就*滑*走了：报告来得太晚。
# 请返回所有滑走的数据块的 `block_id` 列表，按 `run.blocks` 的顺序。还在等待的数据块不算。
# `run.batches` 每个批次一行，其中有 `batch_time_ms`。

# %%
def slipped(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试：先是四行，然后是一次不断有行到来的运行。

# %%
def lengths(ssc):
    ssc.socketTextStream("localhost", 9999).map(len).pprint()


if __name__ == "__main__":
    typed = Replay([(0.5, "to"), (0.55, "be"), (1.1, "or"), (1.9, "not")])
    for load in (typed, Constant(rate=20)):
        run = Simulation(lengths, network={"localhost:9999": load}, batch=2.0).run(until=7)
        try:
            print(f"should be 3: {tasks_of([500, 550, 1100, 1900], 200)}")
            print(f"should be 2000: {batch_of(1100, 200, 10, 2000)}")
            print(f"should be 4000: {batch_of(1900, 200, 10, 2000)}")
            print(f"should be 200: {block_interval(run)}")
            print(f"slipped: {slipped(run)}")
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# 用 `sparksim grade 02` 评分；用 `sparksim watch 02` 在每次保存时自动评分。
