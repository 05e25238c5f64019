# %% [markdown] lang="en"
# # Exercise 7: running totals that survive
#
# A batch forgets the batch before. To count since the program started, Spark has to keep a *state* per word, and to
# keep it even when the driver dies.

# %% [markdown] lang="zh"
# # 练习 7：能够存活的累计总数
#
# 每个批次都会忘掉上一个批次。要从程序启动起一直计数，Spark 必须为每个单词保存一个*状态*（state），
# 而且在驱动程序（driver）死亡后也要保住它。

# %%
from sparksim.sim import DriverCrash, Replay, Simulation

# %% [markdown] lang="en"
# ## Task 1: add (4 points)
#
# Spark calls this function in every batch, for every word that has a state or has come. `new_counts` is the list of
# what came in this batch; `total` is the state so far, None when the word is new. Return the new state.

# %% [markdown] lang="zh"
# ## 任务 1：add（4 分）
#
# Spark 在每个批次中为每个已有状态或刚到达的单词调用这个函数。`new_counts` 是本批次到达的计数列表；
# `total` 是目前的状态，单词首次出现时为 None。请返回新的状态。


# %%
def add(new_counts, total):
    ### BEGIN SOLUTION
    return sum(new_counts) + (total or 0)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: running_totals (6 points)
#
# Read lines from localhost:9999 and print in every batch the total of each word so far, as pairs `(word, total)`, with
# `pprint`. The directory for checkpoints is sim://checkpoint. When the driver has died and starts again, counting goes
# on where it stood.
#
# Mind this: of itself Spark saves states every 10 seconds only. In between it knows how to compute them again from the
# lines received, and those die with the driver. So have the stream of totals saved in every batch: `checkpoint(1)`.

# %% [markdown] lang="zh"
# ## 任务 2：running_totals（6 分）
#
# 请从 localhost:9999 读取行，并在每个批次用 `pprint` 打印每个单词到目前为止的总数，形式为 `(word, total)`。
# 检查点（checkpoint）目录为 sim://checkpoint。驱动程序死亡并重新启动后，应从原来的数继续往下数。
#
# 注意：Spark 默认每 10 秒才保存一次状态，其间只知道如何从收到的行重新算出它们，而这些行会随驱动程序一起消失。
# 因此请让总数的流在每个批次都保存一次：`checkpoint(1)`。


# %%
def running_totals(ssc):
    ### BEGIN SOLUTION
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. The driver dies at 4.5 seconds and is back two seconds later.

# %% [markdown] lang="zh"
# 试一试。驱动程序在 4.5 秒死亡，两秒后恢复。

# %%
if __name__ == "__main__":
    typed = Replay([(1.3, "to be"), (1.5, "or not to be"), (9.3, "to be")])
    simulation = Simulation(
        running_totals,
        network={"localhost:9999": typed},
        checkpoint="sim://checkpoint",
        faults=[DriverCrash(4.5, restart_after=2)],
    )
    try:
        print(simulation.run(until=12).output)
    except NotImplementedError as unfinished:
        print(unfinished)
