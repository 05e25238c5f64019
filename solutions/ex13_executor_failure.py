# %% [markdown] lang="en"
# # Exercise 13: what went with the executors
#
# You get the trace of a run in which executors may have died: tables, as in the lessons. Find out what happened. `run` has
# the tables `run.executors`, `run.blocks`, `run.batches`, `run.tasks`, `run.receivers`; times in them are milliseconds.

# %% [markdown] lang="zh"
# # 练习 13：随执行器一起消失的是什么
#
# 给你一次运行的记录（trace），其中可能有执行器（executor）死亡：内容是课程里见过的那些表。请找出发生了什么。`run` 有
# `run.executors`、`run.blocks`、`run.batches`、`run.tasks`、`run.receivers` 等表；表中的时间以毫秒计。

# %%
from sparksim import StorageLevel
from sparksim.sim import Constant, ExecutorCrash, Simulation

# %% [markdown] lang="en"
# ## Task 1: deaths (2 points)
#
# A list of pairs `(executor_id, second)`: which executors were lost, and when the driver noticed, in order of time. An
# empty list if all lived to the end.

# %% [markdown] lang="zh"
# ## 任务 1：deaths（2 分）
#
# 由 `(executor_id, second)` 组成的列表：失去了哪些执行器、驱动程序（driver）在第几秒发现，按时间排序。
# 如果全都活到最后，返回空列表。


# %%
def deaths(run):
    ### BEGIN SOLUTION
    gone = [row for row in run.executors if row.removed_ms is not None]
    gone.sort(key=lambda row: row.removed_ms)
    return [(row.executor_id, row.removed_ms / 1000) for row in gone]
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: lost_blocks (3 points)
#
# The sorted ids of the received blocks that nobody has any more, although they were still needed: they were stored, every
# executor that held a copy (`holders`) is dead, and they were not processed (`fate` is something else than "processed").

# %% [markdown] lang="zh"
# ## 任务 2：lost_blocks（3 分）
#
# 已经没有人持有、但仍然需要的数据块（block）的标识，排好序：它们曾被存储，每个持有副本（replica）的执行器（`holders`）都已死亡，
# 而且它们没有被处理（`fate` 不是 "processed"）。


# %%
def lost_blocks(run):
    ### BEGIN SOLUTION
    dead = {executor for executor, _ in deaths(run)}
    return sorted(
        block.block_id
        for block in run.blocks
        if block.holders and dead.issuperset(block.holders) and block.fate != "processed"
    )
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: lost_records (3 points)
#
# How many *stored* records were lost in which way, as a dict with two numbers. "failed": all records of the batches
# that failed, for a batch succeeds or fails as a whole. "silently": records of the blocks that `lost_blocks` finds and
# whose batch (`batch_time_ms`) is not among the failed ones.

# %% [markdown] lang="zh"
# ## 任务 3：lost_records（3 分）
#
# *已存储的*记录以哪种方式丢失了多少，用含两个数的字典表示。"failed"：失败的批次（batch）的全部记录，因为一个批次要么整体成功，
# 要么整体失败。"silently"：`lost_blocks` 找到的、而且所属批次（`batch_time_ms`）不在失败批次之中的数据块的记录。


# %%
def lost_records(run):
    ### BEGIN SOLUTION
    failed = run.batches.where(failed=True).column("batch_time_ms")
    gone = lost_blocks(run)
    return {
        "failed": sum(block.records for block in run.blocks if block.batch_time_ms in failed),
        "silently": sum(
            block.records for block in run.blocks if block.block_id in gone and block.batch_time_ms not in failed
        ),
    }
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: storage_level (2 points)
#
# The name of the storage level (of PySpark's `StorageLevel`, such as "MEMORY_ONLY") with which no stored block is lost when
# so many executors die at once: `deaths_at_once` is 0, 1 or 2. No more copies than needed. There are four executors.
# `dir(StorageLevel)` lists the names (one of them is newer than Spark 2.3).

# %% [markdown] lang="zh"
# ## 任务 4：storage_level（2 分）
#
# 存储级别（storage level）的名字（PySpark 的 `StorageLevel` 中的一个，如 "MEMORY_ONLY"）：用它时，即使同时有
# `deaths_at_once` 个（0、1 或 2）执行器死亡，也不会丢失任何已存储的数据块。副本不多于所需。一共有四个执行器。
# `dir(StorageLevel)` 列出所有名字（其中一个在 Spark 2.3 之后才有）。


# %%
def storage_level(deaths_at_once):
    ### BEGIN SOLUTION
    return ("MEMORY_AND_DISK", "MEMORY_AND_DISK_2", "DISK_ONLY_3")[deaths_at_once]
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it: blocks with one copy, and the executor that runs the receiver dies while batch 4 is being processed.

# %% [markdown] lang="zh"
# 试一试：数据块只有一份副本，运行接收器（receiver）的执行器在第 4 秒的批次处理期间死亡。


# %%
def one_copy(ssc):
    lines = ssc.socketTextStream("localhost", 9999, StorageLevel.MEMORY_AND_DISK)
    lines.map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b).pprint()


if __name__ == "__main__":
    run = Simulation(
        one_copy,
        network={"localhost:9999": Constant(20, "line")},
        faults=[ExecutorCrash("receiver", at=4.05)],
    ).run(until=7)
    try:
        print(deaths(run), lost_blocks(run), lost_records(run))
        print([storage_level(count) for count in range(3)])
    except NotImplementedError as unfinished:
        print(unfinished)
