# %% [markdown] lang="en"
# # Exercise 11: save each batch, and save it once
#
# Results leave the program through output operations. You count connections, print, write from the executors, and write
# so that a second attempt does no harm. A *sink* is a table outside of all processes: `sink("orders")`, with `insert`,
# `upsert`, `get` and `transaction()`.

# %% [markdown] lang="zh"
# # 练习 11：保存每个批次，而且只保存一次
#
# 结果通过输出操作（output operation）离开程序。你要数连接、打印、从执行器（executor）写入，并使第二次尝试无害。
# *sink* 是所有进程之外的一张表：`sink("orders")`，有 `insert`、`upsert`、`get` 和 `transaction()`。

# %%
from sparksim.sim import Replay, Simulation, TaskFailure, sink

# %% [markdown] lang="en"
# ## Task 1: connections (2 points)
#
# How many connections does a program open in all? It runs `batches` batches of `records` records in `partitions`
# partitions, with `cores` tasks at once in one process. `way` is `"record"` (a connection per record), `"partition"` (one
# per partition) or `"pool"` (a pool in the process that opens as many as tasks run at once, and keeps them).

# %% [markdown] lang="zh"
# ## 任务 1：connections（2 分）
#
# 一个程序一共打开多少个连接？它运行 `batches` 个批次（batch），每批 `records` 条记录，分在 `partitions` 个分区（partition）中，
# 在一个进程里同时运行 `cores` 个任务（task）。`way` 为 `"record"`（每条记录一个连接）、`"partition"`（每个分区一个）
# 或 `"pool"`（进程内的连接池，打开与同时运行的任务数一样多的连接并保留它们）。


# %%
def connections(way, batches, partitions, records, cores):
    ### BEGIN SOLUTION
    return {"record": batches * records, "partition": batches * partitions, "pool": cores}[way]
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: top_words (2 points)
#
# Batches of 1 second, lines from localhost:9999. Print for each batch its two most frequent words as pairs `(word, n)`,
# one a line, the most frequent first (of equal ones the first in the alphabet). A batch without words prints nothing at
# all.

# %% [markdown] lang="zh"
# ## 任务 2：top_words（2 分）
#
# 批次为 1 秒，从 localhost:9999 读取行。请为每个批次打印出现最多的两个单词，形式为 `(word, n)`，每行一对，最多的在前
# （次数相同时按字母顺序）。没有单词的批次什么都不打印。


# %%
def top_words(ssc):
    ### BEGIN SOLUTION
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)

    def show(rdd):
        for pair in rdd.takeOrdered(2, key=lambda pair: (-pair[1], pair[0])):
            print(pair)

    counts.foreachRDD(show)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: save_orders (3 points)
#
# Each line from localhost:9999 is an order, such as `order-17`. Write a row per order to the sink `"orders"`: the key is the
# line, the value is `"paid"`. The tasks write, each partition in one transaction of its own; a task that fails in the
# middle must leave nothing behind.

# %% [markdown] lang="zh"
# ## 任务 3：save_orders（3 分）
#
# localhost:9999 的每一行是一个订单，例如 `order-17`。请为每个订单向名为 `"orders"` 的 sink 写一行：键是这一行文字，值是 `"paid"`。
# 由任务写入，每个分区各用一个事务（transaction）；中途失败的任务不能留下任何东西。


# %%
def save_orders(ssc):
    ### BEGIN SOLUTION
    table = sink("orders")

    def save(orders):
        with table.transaction():
            for order in orders:
                table.insert(order, "paid")

    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreachPartition(save))
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: save_counts (3 points)
#
# Lines of words come from localhost:9999. Write the counts of each batch to the sink `"counts"`: the key is
# `(batch_ms, word)`, the value how often the word came in that batch. `milliseconds(time)` makes `batch_ms` of the time
# that `foreachRDD` gives to a function of two arguments.
#
# When the driver dies, the batch may run again; then the rows must be there once, and right.

# %% [markdown] lang="zh"
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
    ### BEGIN SOLUTION
    table = sink("counts")

    def save(time, rdd):
        batch_ms = milliseconds(time)

        def write(counts):
            for word, n in counts:
                table.upsert((batch_ms, word), n)

        rdd.foreachPartition(write)

    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).foreachRDD(save)
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them. In the run of `save_orders` a task fails.

# %% [markdown] lang="zh"
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
