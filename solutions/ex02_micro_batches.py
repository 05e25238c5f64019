# %% [markdown] lang="en"
# # Exercise 2: blocks, batches and tasks
#
# Two functions predict what the two clocks of a stream do, two more read it from a run. All times are in milliseconds.
# The buffer of the receiver is cut at multiples of the block interval, batches are due at multiples of the batch
# interval.

# %% [markdown] lang="zh"
# # 练习 2：数据块、批次与任务
#
# 两个函数预测一条流的两个时钟会做什么，另外两个从一次运行中读出它。所有时间以毫秒为单位。
# 接收器（receiver）的缓冲区在数据块间隔（block interval）的整数倍时刻被切下，批次（batch）在批次间隔（batch interval）的整数倍时刻到点。

# %%
from sparksim.sim import Constant, Replay, Simulation

# %% [markdown] lang="en"
# ## Task 1: tasks_of (2 points)
#
# Records of one batch arrive at the moments `arrivals_ms`, a list that is not sorted and may be empty. How many tasks
# read them, if the block interval is `block_ms`? No record arrives at the very moment of a cut.

# %% [markdown] lang="zh"
# ## 任务 1：tasks_of（2 分）
#
# 同一批次的记录在 `arrivals_ms` 所列的时刻到达，这个列表没有排序，也可能为空。如果数据块间隔是 `block_ms`，
# 由多少个任务（task）读取它们？没有记录恰好在切块的时刻到达。


# %%
def tasks_of(arrivals_ms, block_ms):
    ### BEGIN SOLUTION
    return len({arrival // block_ms for arrival in arrivals_ms})
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: batch_of (3 points)
#
# A record arrives at `arrival_ms`. Its block is cut at the next multiple of `block_ms`, and `report_ms` later the driver
# hears of it. Return the time of the batch that it joins, a multiple of `batch_ms`. The driver never hears of a block at
# the very moment when a batch is due.

# %% [markdown] lang="zh"
# ## 任务 2：batch_of（3 分）
#
# 一条记录在 `arrival_ms` 到达。它的数据块（block）在 `block_ms` 的下一个整数倍时刻被切下，再过 `report_ms`，
# 驱动程序（driver）听说了它。请返回它进入的批次的时刻，即 `batch_ms` 的一个整数倍。驱动程序不会恰好在批次到点的时刻听说一个数据块。


# %%
def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    ### BEGIN SOLUTION
    cut_ms = (arrival_ms // block_ms + 1) * block_ms
    known_ms = cut_ms + report_ms
    return (known_ms // batch_ms + 1) * batch_ms
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: block_interval (2 points)
#
# The diagnosis. Somebody asks why there are so few tasks. Find out the block interval of a run, in milliseconds.
#
# `run.blocks` has a row per block, with `block_id`, such as `"input-0-3800"`: stream 0, and the millisecond in which its
# interval began; with `generated_ms`, when it was cut; `added_ms`, when the driver heard of it; and `batch_time_ms`, the
# batch it joined, which is None as long as it waits. Mind that silent intervals make no blocks.

# %% [markdown] lang="zh"
# ## 任务 3：block_interval（2 分）
#
# 诊断。有人问为什么任务这么少。请找出一次运行的数据块间隔，以毫秒为单位。
#
# `run.blocks` 每个数据块一行：`block_id`，例如 `"input-0-3800"`，即 0 号流，以及其间隔开始的毫秒；`generated_ms`，何时切下；
# `added_ms`，驱动程序何时听说；`batch_time_ms`，进入的批次，还在等待时为 None。注意，没有数据的间隔不产生数据块。


# %%
def block_interval(run):
    ### BEGIN SOLUTION
    block = run.blocks[0]
    return int(block.generated_ms) - int(block.block_id.split("-")[-1])
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: slipped (3 points)
#
# A block has *slipped* if a batch was due at the moment when it was cut or after it, and it joined a later one: its
# report came too late. Return the list of the `block_id`s that have slipped, in the order of `run.blocks`. Leave out
# blocks that still wait. `run.batches` has a row per batch, with its `batch_time_ms`.

# %% [markdown] lang="zh"
# ## 任务 4：slipped（3 分）
#
# 如果在数据块被切下的时刻或之后有一个批次到点，而它进入的却是更晚的批次，它就*滑*走了：报告来得太晚。
# 请返回所有滑走的数据块的 `block_id` 列表，按 `run.blocks` 的顺序。还在等待的数据块不算。
# `run.batches` 每个批次一行，其中有 `batch_time_ms`。


# %%
def slipped(run):
    ### BEGIN SOLUTION
    times = run.batches.column("batch_time_ms")
    return [
        block.block_id
        for block in run.blocks
        if block.batch_time_ms is not None and any(block.generated_ms <= time < block.batch_time_ms for time in times)
    ]
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it: four lines, and then a run with lines all the time.

# %% [markdown] lang="zh"
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
