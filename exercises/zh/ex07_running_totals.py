# 由 solutions/build.py 从 solutions/ex07_running_totals.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 7：能够存活的累计总数
#
# 每个批次都会忘掉上一个批次。要从程序启动起一直计数，Spark 必须为每个单词保存一个*状态*（state），
# 而且在驱动程序（driver）死亡后也要保住它。

# %%
from sparksim.sim import DriverCrash, Replay, Simulation

# %% [markdown]
# ## 任务 1：add（4 分）
#
# Spark 在每个批次中为每个已有状态或刚到达的单词调用这个函数。`new_counts` 是本批次到达的计数列表；
# `total` 是目前的状态，单词首次出现时为 None。请返回新的状态。

# %%
def add(new_counts, total):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：running_totals（6 分）
#
# 请从 localhost:9999 读取行，并在每个批次用 `pprint` 打印每个单词到目前为止的总数，形式为 `(word, total)`。
# 检查点（checkpoint）目录为 sim://checkpoint。驱动程序死亡并重新启动后，应从原来的数继续往下数。
#
# 注意：Spark 默认每 10 秒才保存一次状态，其间只知道如何从收到的行重新算出它们，而这些行会随驱动程序一起消失。
# 因此请让总数的流在每个批次都保存一次：`checkpoint(1)`。

# %%
def running_totals(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 07` 评分；用 `sparksim watch 07` 在每次保存时自动评分。
