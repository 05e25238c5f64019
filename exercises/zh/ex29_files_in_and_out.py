# 由 solutions/build.py 从 solutions/ex29_files_in_and_out.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 29：文件的读入与写出
#
# 说出批次含有哪些文件，去掉不合格的行，并用一个目录连接两个查询。

# %%
from sparksim.sim import DriverCrash, QuerySimulation

# %% [markdown]
# ## 任务 1：batches（3 分）
#
# 查询启动时，所有文件都已存在。`files` 是二元组的列表：文件名，以及最后修改的秒数（各不相同）。`most` 为 `maxFilesPerTrigger`，
# 没有设置时为 None。请返回每个批次（batch）中的文件名，即列表的列表，次序与文件数据源取走它们的次序相同。没有文件，就没有批次。

# %%
def batches(files, most):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：spending（3 分）
#
# CSV 文件到达 sim://in，没有表头：事件编号（int）、用户（string）、金额（int）。有些行不合格：金额缺失或者不是数。请启动一个查询：
# 每 2 秒，对每个有新的合格行的用户，控制台得到从启动起合格行的数目及其金额之和，列为 `user`、`events`、`amount`。

# %%
def spending(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：pipeline（4 分）
#
# JSON 文件到达 sim://in，每行形如 `{"user": "ann", "city": "Ulm"}`。请启动两个查询，都是每 2 秒触发一次：
#
# * `ulm`（它的 `queryName`）把城市为 Ulm 的行以 JSON 写到 sim://out；
# * `visits` 以流的方式读取 sim://out，用 complete 模式向控制台给出每个用户的行数。
#
# 驱动程序（driver）可能在任何时刻死亡，一秒后恢复：Ulm 的每一行都必须恰好一次计入。需要持久保存的内容可以写在 sim://checkpoint 之下。

# %%
def pipeline(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def started(writer, name, path=None):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。`started` 只是给你的帮助；评分只调用三个任务的函数。

# %%
if __name__ == "__main__":
    bought = {"sim://in/1.csv": (1.2, "1,ann,20\n2,bob,ten\n"), "sim://in/2.csv": (3.1, "3,ann,5\n4,bob\n")}
    ann, bob = '{"user": "ann", "city": "Ulm"}\n', '{"user": "bob", "city": "Bonn"}\n'
    visited = {"sim://in/1.json": (1.2, ann + bob), "sim://in/2.json": (3.1, ann)}
    try:
        print(batches([("b", 1), ("_c", 2), ("a", 3)], 1))
        print(QuerySimulation(spending, files=bought).run(until=5).output)
        print(
            QuerySimulation(pipeline, files=visited, faults=[DriverCrash(4.09, restart_after=1)]).run(until=11).output
        )
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 29` 评分；用 `sparksim watch 29` 在每次保存时自动评分。
