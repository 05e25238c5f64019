# 由 solutions/build.py 从 solutions/ex26_dataframes_and_state.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 26：DataFrame、视图与带状态的函数
#
# 一座博物馆的门每进一位参观者，就向 localhost 的端口 9999 发送一行，内容是展厅的名字：`egypt`、`rome`……
# 请用 SQL 查询这个流，把每个批次交给一个写表的程序，并写一个会自己结束的计数器。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.streaming.state import GroupStateTimeout


def doors(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()

# %% [markdown]
# ## 任务 1：per_room（3 分）
#
# `doors(spark)` 给出一个只有 `value` 一列的流。把它做成名为 `visitors` 的视图，用 `spark.sql` 统计每个展厅的参观者，
# 列为 `room` 和 `visitors`。启动名为 `per_room` 的查询，写入接收端 `memory`，每秒触发一次。
# 每个批次（batch）只给出*计数有变化*的展厅，不给出其他展厅。

# %%
def per_room(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：busiest（3 分）
#
# 流不能排序，批次可以。用 `foreachBatch`，每秒触发一次，对每个有参观者的批次用 `print` 打印一行：*在这个批次中*进入人数最多的展厅及其人数，
# 如 `egypt 3`。人数相同时取名字排在前面的。没有参观者的批次什么都不打印。

# %%
def busiest(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：groups（4 分）
#
# 只要没有连续两秒无人进入，一个展厅的参观者就属于同一组。请在 `groups(spark)` 中写出函数 `group(room, rows, state)`，并用它启动一个名为 `groups` 的查询，
# 写入接收端 `memory`，追加（append）模式，每秒触发一次：
#
# - 用 `groupByKey(lambda row: row.value)` 和 `flatMapGroupsWithState(group, "append", "room string, visitors int", ...)`，
#   按处理时间（processing time）超时；
# - 每次有行的调用都计数，并把超时（timeout）设为 2000 毫秒；
# - 展厅超时后，输出一行 `(room, visitors)`，它的状态（state）随之消失：下一位参观者开始新的一组。

# %%
def groups(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    visitors = [(0.2, "egypt"), (0.4, "rome"), (0.6, "egypt"), (1.5, "rome"), (6.5, "egypt")]
    for program in (per_room, busiest, groups):
        try:
            run = QuerySimulation(program, network={"localhost:9999": Replay(visitors)}).run(until=10)
            print(program.__name__, [row.row for row in run.result_rows], run.output)
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# 用 `sparksim grade 26` 评分；用 `sparksim watch 26` 在每次保存时自动评分。
