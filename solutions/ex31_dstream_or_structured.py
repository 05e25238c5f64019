# %% [markdown] lang="en"
# # Exercise 31: which engine, and how
#
# Count by both times, move a program from one engine to the other, and choose.

# %% [markdown] lang="zh"
# # 练习 31：用哪个引擎，怎样用
#
# 按两种时间计数，把一个程序从一个引擎迁移到另一个，并作出选择。

# %%
from sparksim.sim import DriverCrash, QuerySimulation, sink

# %% [markdown] lang="en"
# ## Task 1: counts (3 points)
#
# `rows` is a list of pairs: the second in which a row arrives, and the second in which it was measured. Count the rows of each ten
# seconds: return a dict from the start of a window (0, 10, 20, ...) to its count, without windows that have no rows. With `engine`
# "dstream" it is a DStream's `window(10, 10)`, whose windows are named by their start; with "structured" it is a query's
# `window("measured", "10 seconds")` in complete mode. No row arrives at a full ten seconds.

# %% [markdown] lang="zh"
# ## 任务 1：counts（3 分）
#
# `rows` 是二元组的列表：一行到达的秒数，以及它被测量的秒数。请统计每十秒的行数：返回字典，由窗口（window）的起点（0、10、20……）到行数，
# 没有行的窗口不出现。`engine` 为 "dstream" 时，是 DStream 的 `window(10, 10)`，窗口以其起点命名；为 "structured" 时，是查询的
# `window("measured", "10 seconds")`，complete 模式。没有行恰好在整十秒到达。


# %%
def counts(rows, engine):
    ### BEGIN SOLUTION
    found = {}
    for arrived, measured in rows:
        start = int((arrived if engine == "dstream" else measured) // 10 * 10)
        found[start] = found.get(start, 0) + 1
    return found
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: moved (4 points)
#
# This DStream program adds up what each user pays. Lines such as `ann 20` come in text files.
#
# ```python
# def total(new, old):
#     return sum(new) + (old or 0)
#
# def write(rdd):
#     for user, paid in rdd.collect():
#         sink("sums").upsert(user, paid)
#
# def old(ssc):
#     ssc.checkpoint("sim://checkpoint")
#     pairs = ssc.textFileStream("sim://in").map(lambda line: line.split(" "))
#     paid = pairs.map(lambda pair: (pair[0], int(pair[1])))
#     paid.updateStateByKey(total).foreachRDD(write)
# ```
#
# Write it as a query: batches every 2 seconds, the sum of each user in the sink `sums`, and only users with new lines are written. When
# the driver dies and comes back, the query goes on, with sim://checkpoint.

# %% [markdown] lang="zh"
# ## 任务 2：moved（4 分）
#
# 这个 DStream 程序累计每个用户的付款。形如 `ann 20` 的行以文本文件到来。
#
# ```python
# def total(new, old):
#     return sum(new) + (old or 0)
#
# def write(rdd):
#     for user, paid in rdd.collect():
#         sink("sums").upsert(user, paid)
#
# def old(ssc):
#     ssc.checkpoint("sim://checkpoint")
#     pairs = ssc.textFileStream("sim://in").map(lambda line: line.split(" "))
#     paid = pairs.map(lambda pair: (pair[0], int(pair[1])))
#     paid.updateStateByKey(total).foreachRDD(write)
# ```
#
# 请把它写成查询：每 2 秒一个批次（batch），每个用户的总和在接收端（sink）`sums` 中，且只写入有新行的用户。
# 驱动程序（driver）死亡又恢复后，查询继续进行，检查点（checkpoint）为 sim://checkpoint。


# %%
def moved(spark):
    ### BEGIN SOLUTION
    lines = spark.readStream.text("sim://in")
    pairs = lines.selectExpr("split(value, ' ')[0] as user", "cast(split(value, ' ')[1] as int) as paid")
    writer = pairs.groupBy("user").sum("paid").writeStream.outputMode("update").foreachBatch(save)
    writer.option("checkpointLocation", "sim://checkpoint").trigger(processingTime="2 seconds").start()
    ### END SOLUTION


def save(rows, batch):
    ### BEGIN SOLUTION
    for user, paid in rows.collect():
        sink("sums").upsert(user, paid)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: choice (4 points)
#
# Rows are measured every second and are to be counted in windows of ten seconds of the time of measuring, each window once. `need` is
# a dict:
#
# * `late`: rows arrive up to so many seconds late, and all must count;
# * `within`: so many seconds after its end, a window must be in the sink;
# * `pushed`: True if the rows come by a protocol of your own, whose server sends each row once, to a receiver; you may not put anything
#   between. Then rows are never late.
#
# Return a dict: `engine`, "dstream" or "structured"; for a query also `wait`, the watermark's delay in seconds, and `every`,
# its trigger in seconds, both whole numbers, `every` at least 1. If a need cannot be met by any choice, return None. The grader simulates
# your choice: each second a row comes at once, and some come besides that are as late as may be. A window comes out in the batch
# after the one that read a row which was measured `wait` seconds after the window's end. Count two triggers and one second for that.

# %% [markdown] lang="zh"
# ## 任务 3：choice（4 分）
#
# 每秒测量一行，要按测量时间以十秒的窗口计数，每个窗口只给出一次。`need` 是字典：
#
# * `late`：行最多迟到这么多秒，而且全部要计入；
# * `within`：窗口结束后，最迟这么多秒必须在接收端；
# * `pushed`：如果行来自你自己的协议，服务器只把每行发送一次给接收器（receiver），则为 True；中间不允许放任何东西。这时行从不迟到。
#
# 请返回字典：`engine`，"dstream" 或 "structured"；对查询还要有 `wait`（水位线（watermark）的延迟秒数）和 `every`（触发（trigger）的秒数），
# 都是整数，`every` 至少为 1。如果没有任何选择能满足要求，请返回 None。评分会模拟你的选择：每秒有一行立即到达，另外有些行迟到，
# 并且迟到得最久。读到窗口结束 `wait` 秒后测量的行的那个批次之后，下一个批次交出该窗口。请为此计入两次触发和一秒。


# %%
def choice(need):
    ### BEGIN SOLUTION
    if need["pushed"]:
        return {"engine": "dstream"}
    if need["within"] < need["late"] + 3:
        return None
    return {"engine": "structured", "wait": need["late"], "every": 1}
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    paid = {"sim://in/1.txt": (1.2, "ann 20\nbob 5\n"), "sim://in/2.txt": (8.1, "ann 1\n")}
    try:
        print(counts([(1.5, 1), (12.4, 9), (13.5, 13)], "structured"))
        run = QuerySimulation(moved, files=paid, faults=[DriverCrash(5, restart_after=1)]).run(until=12)
        print(run.sink("sums"))
        print(choice({"late": 5, "within": 30, "pushed": False}))
    except NotImplementedError as unfinished:
        print(unfinished)
