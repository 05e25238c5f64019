# 由 solutions/build.py 从 solutions/ex11_outputs.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 11：保存每个批次，而且只保存一次
#
# 结果通过输出操作（output operation）离开程序。你要数连接、打印、从执行器（executor）写入，并使第二次尝试无害。
# *sink* 是所有进程之外的一张表：`sink("orders")`，有 `insert`、`upsert`、`get` 和 `transaction()`。

# %%
from sparksim.sim import Replay, Simulation, TaskFailure, sink

# %% [markdown]
# ## 任务 1：connections（2 分）
#
# 一个程序一共打开多少个连接？它运行 `batches` 个批次（batch），每批 `records` 条记录，分在 `partitions` 个分区（partition）中，
# 在一个进程里同时运行 `cores` 个任务（task）。`way` 为 `"record"`（每条记录一个连接）、`"partition"`（每个分区一个）
# 或 `"pool"`（进程内的连接池，打开与同时运行的任务数一样多的连接并保留它们）。

# %%
def connections(way, batches, partitions, records, cores):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：top_words（2 分）
#
# 批次为 1 秒，从 localhost:9999 读取行。请为每个批次打印出现最多的两个单词，形式为 `(word, n)`，每行一对，最多的在前
# （次数相同时按字母顺序）。没有单词的批次什么都不打印。

# %%
def top_words(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：save_orders（3 分）
#
# localhost:9999 的每一行是一个订单，例如 `order-17`。请为每个订单向名为 `"orders"` 的 sink 写一行：键是这一行文字，值是 `"paid"`。
# 由任务写入，每个分区各用一个事务（transaction）；中途失败的任务不能留下任何东西。

# %%
def save_orders(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：save_counts（3 分）
#
# localhost:9999 的每一行是若干单词。请把每个批次的计数写入名为 `"counts"` 的 sink：键是 `(batch_ms, word)`，
# 值是该单词在这个批次中出现的次数。`foreachRDD` 会把时间交给有两个参数的函数，`milliseconds(time)` 由它得到 `batch_ms`。
#
# 驱动程序（driver）死亡后，批次可能再次运行；那时每一行也只能有一份，而且正确。

# %%
def milliseconds(time):
    return round(time.timestamp() * 1000)


def save_counts(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。在 `save_orders` 的运行中有一个任务失败。

# %%
if __name__ == "__main__":
    typed = {"localhost:9999": Replay([(0.5, "to be or not to be"), (2.5, "that is the question")])}
    numbers = {"localhost:9999": Replay([(1.2 + 0.004 * n, f"order-{n}") for n in range(150)])}
    try:
        print(connections("partition", batches=3, partitions=4, records=20, cores=2))
        print(Simulation(top_words, network=typed).run(until=4).output)
        run = Simulation(save_orders, network=numbers, faults=[TaskFailure(2.1)]).run(until=5)
        print(len(run.sink("orders").rows), "rows of 150")
        print(Simulation(save_counts, network=typed).run(until=4).sink("counts"))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 11` 评分；用 `sparksim watch 11` 在每次保存时自动评分。
