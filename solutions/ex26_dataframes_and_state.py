# %% [markdown] lang="en"
# # Exercise 26: DataFrames, views and functions with a state
#
# The doors of a museum send a line to port 9999 of localhost for each visitor, with the name of the room: `egypt`, `rome`, ...
# You ask the stream in SQL, hand each batch to a writer for tables, and write a counter that closes itself.

# %% [markdown] lang="zh"
# # 练习 26：DataFrame、视图与带状态的函数
#
# 一座博物馆的门每进一位参观者，就向 localhost 的端口 9999 发送一行，内容是展厅的名字：`egypt`、`rome`……
# 请用 SQL 查询这个流，把每个批次交给一个写表的程序，并写一个会自己结束的计数器。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.streaming.state import GroupStateTimeout


def doors(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


# %% [markdown] lang="en"
# ## Task 1: per_room (3 points)
#
# `doors(spark)` gives a stream with one column, `value`. Make it a view with the name `visitors`, and count with `spark.sql`
# the visitors per room, as `room` and `visitors`. Start the query, named `per_room`, into the sink `memory`, with a trigger
# every second. Each batch is to give the rooms *whose count has changed*, and no others.

# %% [markdown] lang="zh"
# ## 任务 1：per_room（3 分）
#
# `doors(spark)` 给出一个只有 `value` 一列的流。把它做成名为 `visitors` 的视图，用 `spark.sql` 统计每个展厅的参观者，
# 列为 `room` 和 `visitors`。启动名为 `per_room` 的查询，写入接收端 `memory`，每秒触发一次。
# 每个批次（batch）只给出*计数有变化*的展厅，不给出其他展厅。


# %%
def per_room(spark):
    ### BEGIN SOLUTION
    doors(spark).createOrReplaceTempView("visitors")
    counts = spark.sql("select value as room, count(*) as visitors from visitors group by value")
    writer = counts.writeStream.format("memory").queryName("per_room").outputMode("update")
    writer.trigger(processingTime="1 second").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: busiest (3 points)
#
# A stream cannot be sorted, a batch can. With `foreachBatch` and a trigger every second, print for each batch that has
# visitors one line with `print`: the room that most visitors entered *in this batch*, and how many they are, such as
# `egypt 3`. Of rooms with as many, the first by name. Print nothing for a batch without visitors.

# %% [markdown] lang="zh"
# ## 任务 2：busiest（3 分）
#
# 流不能排序，批次可以。用 `foreachBatch`，每秒触发一次，对每个有参观者的批次用 `print` 打印一行：*在这个批次中*进入人数最多的展厅及其人数，
# 如 `egypt 3`。人数相同时取名字排在前面的。没有参观者的批次什么都不打印。


# %%
def busiest(spark):
    ### BEGIN SOLUTION
    def show(frame, batch):
        rooms = frame.groupBy("value").count()
        for room, visitors in rooms.sort(rooms["count"].desc(), "value").take(1):
            print(room, visitors)

    doors(spark).writeStream.foreachBatch(show).trigger(processingTime="1 second").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: groups (4 points)
#
# Visitors of a room belong to one group as long as there are no two seconds without one. In `groups(spark)`, write a function
# `group(room, rows, state)` and start with it a query named `groups` into the sink `memory`, in append mode, with a trigger every
# second:
#
# - `groupByKey(lambda row: row.value)` and `flatMapGroupsWithState(group, "append", "room string, visitors int", ...)` with
#   timeouts by processing time;
# - each call with rows counts them, and sets the timeout to 2000 ms;
# - when a room times out, one row `(room, visitors)` comes out, and its state is gone: the next visitor begins a new group.

# %% [markdown] lang="zh"
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
    ### BEGIN SOLUTION
    def group(room, rows, state):
        visitors = state.getOption or 0
        if state.hasTimedOut:
            state.remove()
            return [(room, visitors)]
        state.update(visitors + sum(1 for _ in rows))
        state.setTimeoutDuration(2000)
        return []

    by_room = doors(spark).groupByKey(lambda row: row.value)
    closed = by_room.flatMapGroupsWithState(
        group, "append", "room string, visitors int", GroupStateTimeout.ProcessingTimeTimeout
    )
    writer = closed.writeStream.format("memory").queryName("groups")
    writer.trigger(processingTime="1 second").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them.

# %% [markdown] lang="zh"
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
