# %% [markdown] lang="en"
# # Exercise 12: a batch is a table
#
# In `foreachRDD` each batch becomes a table, and SQL counts, joins and sorts it. Print the result as pairs, one a line:
# `for row in spark.sql("...").collect(): print((row.word, row.total))`.
#
# SQL comes with `pip install 'sparksim[sql]'`.

# %% [markdown] lang="zh"
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


# %% [markdown] lang="en"
# ## Task 1: sql_word_count (4 points)
#
# Lines from localhost:9999. Print for each batch how often each word came, as pairs `(word, n)`, with SQL. No batch may
# fail, not even an empty one.

# %% [markdown] lang="zh"
# ## 任务 1：sql_word_count（4 分）
#
# 从 localhost:9999 读取行。请用 SQL 为每个批次打印每个单词出现的次数，形式为 `(word, n)`。任何批次都不能失败，空批次也不例外。


# %%
def sql_word_count(ssc):
    ### BEGIN SOLUTION
    def count(rdd):
        if rdd.isEmpty():
            return
        spark = session(rdd)
        spark.createDataFrame(rdd.map(lambda word: Row(word=word))).createOrReplaceTempView("words")
        for row in spark.sql("select word, count(*) as n from words group by word").collect():
            print((row.word, row.n))

    ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split()).foreachRDD(count)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: revenue (3 points)
#
# Each line from localhost:9999 is an item that was sold. `PRICES` is a table that does not change. Print for each batch,
# with a join, what each item brought in, as pairs `(item, revenue)`. An item without a price is printed with 0.

# %% [markdown] lang="zh"
# ## 任务 2：revenue（3 分）
#
# localhost:9999 的每一行是一件卖出的商品。`PRICES` 是一张不变的表。请用连接（join）为每个批次打印每种商品的收入，形式为 `(item, revenue)`。
# 没有价格的商品打印为 0。


# %%
PRICES = [("tea", 3), ("coffee", 4), ("cake", 5), ("juice", 6)]


def revenue(ssc):
    ### BEGIN SOLUTION
    def sell(rdd):
        spark = session(rdd)
        spark.createDataFrame(PRICES, "item string, price int").createOrReplaceTempView("prices")
        rows = rdd.map(lambda item: (item,))
        spark.createDataFrame(rows, "item string").createOrReplaceTempView("sold")
        query = """
            select sold.item, coalesce(sum(price), 0) as revenue
            from sold left join prices on sold.item = prices.item
            group by sold.item
        """
        for row in spark.sql(query).collect():
            print((row.item, row.revenue))

    ssc.socketTextStream("localhost", 9999).foreachRDD(sell)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: best_of_all (3 points)
#
# Lines from localhost:9999. Print in every batch the two words with the most occurrences *since the program started*, as
# pairs `(word, total)`, the first one first; of equal ones the first in the alphabet. SQL knows only its batch: keep the
# totals in a state (`updateStateByKey`, checkpoint directory sim://checkpoint), and query them with `order by` and
# `limit`. No batch may fail, not even the first, in which no word has come yet.

# %% [markdown] lang="zh"
# ## 任务 3：best_of_all（3 分）
#
# 从 localhost:9999 读取行。请在每个批次打印*自程序启动以来*出现最多的两个单词，形式为 `(word, total)`，多的在前；次数相同时按字母顺序。
# SQL 只知道自己的批次：请把总数放在状态里（`updateStateByKey`，检查点目录为 sim://checkpoint），并用 `order by` 和 `limit` 查询。
# 任何批次都不能失败，还没有任何单词到来的第一个批次也不例外。


# %%
def best_of_all(ssc):
    ### BEGIN SOLUTION
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))

    def show(rdd):
        spark = session(rdd)
        spark.createDataFrame(rdd, "word string, total long").createOrReplaceTempView("totals")
        for row in spark.sql("select * from totals order by total desc, word limit 2").collect():
            print((row.word, row.total))

    totals.foreachRDD(show)
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them.

# %% [markdown] lang="zh"
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
