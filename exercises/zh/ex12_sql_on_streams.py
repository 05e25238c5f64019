# 由 solutions/build.py 从 solutions/ex12_sql_on_streams.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 12：一个批次就是一张表
#
# 在 `foreachRDD` 中，每个批次（batch）成为一张表，由 SQL 来统计、连接和排序。请把结果按键值对打印，每行一对：
# `for row in spark.sql("...").collect(): print((row.word, row.total))`。
#
# SQL 需要 `pip install 'sparksim[sql]'`。

# %%
from sparksim.sim import Replay, Simulation
from sparksim.sql import Row, SparkSession


def session(rdd):
    """The one session of the program, on the driver."""
    return SparkSession.builder.config(conf=rdd.context.getConf()).getOrCreate()

# %% [markdown]
# ## 任务 1：sql_word_count（4 分）
#
# 从 localhost:9999 读取行。请用 SQL 为每个批次打印每个单词出现的次数，形式为 `(word, n)`。任何批次都不能失败，空批次也不例外。

# %%
def sql_word_count(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：revenue（3 分）
#
# localhost:9999 的每一行是一件卖出的商品。`PRICES` 是一张不变的表。请用连接（join）为每个批次打印每种商品的收入，形式为 `(item, revenue)`。
# 没有价格的商品打印为 0。

# %%
PRICES = [("tea", 3), ("coffee", 4), ("cake", 5), ("juice", 6)]


def revenue(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：best_of_all（3 分）
#
# 从 localhost:9999 读取行。请在每个批次打印*自程序启动以来*出现最多的两个单词，形式为 `(word, total)`，多的在前；次数相同时按字母顺序。
# SQL 只知道自己的批次：请把总数放在状态里（`updateStateByKey`，检查点目录为 sim://checkpoint），并用 `order by` 和 `limit` 查询。
# 任何批次都不能失败，还没有任何单词到来的第一个批次也不例外。

# %%
def best_of_all(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    typed = {"localhost:9999": Replay([(0.5, "to be or not to be"), (2.5, "tea time"), (3.5, "tea")])}
    sold = {"localhost:9999": Replay([(0.5, "tea"), (0.7, "cake"), (0.8, "tea"), (0.85, "water")])}
    try:
        for program, load in ((sql_word_count, typed), (revenue, sold), (best_of_all, typed)):
            run = Simulation(program, network=load).run(until=4.5)
            print(program.__name__, run.output, f"{len(run.batches.where(failed=True))} batches failed", sep="\n")
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 12` 评分；用 `sparksim watch 12` 在每次保存时自动评分。
