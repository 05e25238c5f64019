# 由 solutions/build.py 从 solutions/ex23_unbounded_table.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 23：接收端得到什么
#
# 流是一张不断增长的表，查询使其答案保持最新，输出模式（output mode）决定交出答案中的哪些行。先自己说出来，再让 Spark 去做。

# %%
import json

from sparksim.sim import DriverCrash, QuerySimulation, Replay, sink
from sparksim.sql.functions import explode, split

# %% [markdown]
# ## 任务 1：given（3 分）
#
# 一个查询从启动起统计单词：`groupBy("word").count()`。`batches` 是单词列表的列表，每个已运行的批次（batch）一个。
# 请返回接收端（sink）在每个批次得到的内容：字典的列表，由单词到计数。`mode` 为 "update"、"complete" 或 "append"。
# 如果 Spark 在该模式下拒绝这个查询，请返回 None。

# %%
def given(batches, mode):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：levels（3 分）
#
# 日志的行来自 localhost:9999 的套接字，例如 `ERROR disk full`；第一个单词是级别。请启动一个查询，从启动起统计每个级别的行数，
# 列为 `level` 和 `count`。每 2 秒，控制台得到有新行的级别，且没有别的级别。

# %%
def levels(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：lasting（4 分）
#
# 行以 JSON 文件的形式到达 sim://in，每行形如 `{"value": "to be"}`。请从启动起统计单词，每 2 秒触发一次。无论发生什么，
# 名为 `totals` 的接收端为每个单词保存一行，其值为计数：在 `foreachBatch` 的函数中使用 `sink("totals")`。
# 驱动程序（driver）会死亡并重新启动；检查点（checkpoint）为 sim://checkpoint。任何一行都不能丢失，也不能被统计两次，
# 即使一个批次第二次到来。

# %%
def lasting(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def keep(rows, batch):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。驱动程序死亡时，接收端已有第一个批次，而提交日志还没有。

# %%
if __name__ == "__main__":
    typed = [(1.3, "to be"), (3.1, "to do"), (8.4, "be")]
    log = Replay([(1.3, "INFO start"), (2.4, "ERROR disk full"), (2.8, "INFO retry"), (5.1, "INFO done")])
    files = {f"sim://in/{n}.json": (second, json.dumps({"value": line})) for n, (second, line) in enumerate(typed)}
    try:
        print(given([["to", "be"], ["to", "do"]], "update"))
        print(QuerySimulation(levels, network={"localhost:9999": log}).run(until=7).output)
        crash = DriverCrash(2.2, restart_after=1)
        print(QuerySimulation(lasting, files=files, faults=[crash]).run(until=11).sink("totals"))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 23` 评分；用 `sparksim watch 23` 在每次保存时自动评分。
