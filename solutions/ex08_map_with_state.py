# %% [markdown] lang="en"
# # Exercise 8: one record after the other
#
# `mapWithState` calls a function for every record, with the state of its key. PySpark does not have it; here it is spelled as
# in Spark's Java API.

# %% [markdown] lang="zh"
# # 练习 8：一条接一条的记录
#
# `mapWithState` 对每条记录调用一次函数，并给出它的键的状态（state）。PySpark 没有这个算子；这里的写法与 Spark 的 Java API 相同。

# %%
from sparksim.sim import Replay, Simulation
from sparksim.streaming import StateSpec

# %% [markdown] lang="en"
# Batches take 1 second. The directory for checkpoints is sim://checkpoint. All three programs read lines from
# localhost:9999 and print with `pprint`.
#
# ## Task 1: first_visits (2 points)
#
# A line is the name of a user. Print `(user, "new")` when a user comes for the first time since the program started; for
# all further visits, print nothing.

# %% [markdown] lang="zh"
# 批次（batch）为 1 秒。检查点（checkpoint）目录为 sim://checkpoint。三个程序都从 localhost:9999 读取行，并用 `pprint` 打印。
#
# ## 任务 1：first_visits（2 分）
#
# 一行就是一个用户的名字。当用户在程序启动以来第一次到来时，打印 `(user, "new")`；之后再来，什么都不打印。


# %%
def first_visits(ssc):
    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    ### BEGIN SOLUTION

    def first(time, user, one, seen):
        if seen.exists():
            return None
        seen.update(True)
        return user, "new"

    users.mapWithState(StateSpec.function(first)).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: alarms (4 points)
#
# A line says how a log-in went, as `ann fail` or `ann ok`. Print `(user, 3)` for every third failure in a row, in the batch
# in which it came. A success begins the row anew, and so does an alarm: the next one takes three more failures.

# %% [markdown] lang="zh"
# ## 任务 2：alarms（4 分）
#
# 一行说明一次登录的结果，例如 `ann fail` 或 `ann ok`。每当连续失败三次，就在第三次失败到来的批次中打印 `(user, 3)`。
# 一次成功会重新开始计数，一次警报也会：下一次警报还需要三次失败。


# %%
def alarms(ssc):
    ssc.checkpoint("sim://checkpoint")
    log_ins = ssc.socketTextStream("localhost", 9999).map(lambda line: tuple(line.split()))
    ### BEGIN SOLUTION

    def third(time, user, result, failures):
        row = (failures.getOption() or 0) + 1 if result == "fail" else 0
        failures.update(row % 3)
        return (user, row) if row == 3 else None

    log_ins.mapWithState(StateSpec.function(third)).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: sessions (4 points)
#
# A line is the name of a user. A session ends when its user has not come for more than 3 seconds. Print `(user, visits)`
# when a session has ended: once, and in the first batch that can know it. Print nothing else.
#
# Of itself, Spark looks for idle keys every ten batches only, when it saves the states: have them saved in every batch.

# %% [markdown] lang="zh"
# ## 任务 3：sessions（4 分）
#
# 一行就是一个用户的名字。用户超过 3 秒没有来，他的会话就结束。会话结束时打印 `(user, visits)`：只打印一次，并且在最早能够知道的那个批次中。
# 其他什么都不打印。
#
# Spark 默认每十个批次才寻找一次闲置的键，即在保存状态的时候：请让状态在每个批次都保存。


# %%
def sessions(ssc):
    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    ### BEGIN SOLUTION

    def count(time, user, one, visits):
        if visits.isTimingOut():
            return user, visits.get()
        visits.update((visits.getOption() or 0) + one)
        return None

    ended = users.mapWithState(StateSpec.function(count).timeout(3))
    ended.checkpoint(1)
    ended.pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    visits = Replay([(1.3, "ann"), (1.5, "ann"), (2.4, "bob"), (3.4, "ann")])
    results = Replay([(1.3, "ann fail"), (1.4, "ann fail"), (2.4, "ann fail"), (2.5, "bob ok")])
    try:
        for program, load in ((first_visits, visits), (alarms, results), (sessions, visits)):
            print(program.__name__)
            print(Simulation(program, network={"localhost:9999": load}).run(until=9).output)
    except NotImplementedError as unfinished:
        print(unfinished)
