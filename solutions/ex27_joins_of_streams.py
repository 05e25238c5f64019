# %% [markdown] lang="en"
# # Exercise 27: Joins of streams
#
# A shop rents bicycles. One stream tells which bicycle was rented and when, the other which one was returned. You predict
# when a missing return is reported, write the join, and choose the delays of its watermarks.

# %% [markdown] lang="zh"
# # 练习 27：流与流的连接
#
# 一家商店出租自行车。一个流说明哪辆自行车在什么时候租出，另一个流说明哪辆已归还。请预测未归还何时被报告，写出这个连接，并选择水位线的延迟。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import expr

# %% [markdown] lang="en"
# ## Task 1: null_after (3 points)
#
# A left outer join of rentals with returns; a return belongs to a rental if it comes within `limit` minutes (that minute
# included). The watermarks have the delays `rental_delay` and `return_delay`. All times are whole minutes.
#
# A bicycle was rented at minute `rented`, and is not returned. `steps` says what comes later: in each step the newest
# times `(rental, return)` among the rows that come, of other bicycles, or None where a stream brings nothing. Before the
# first step neither watermark has begun. After each step Spark works until nothing is left to do. In which step (0, 1,
# ...) is the row with null written? None if in no one.

# %% [markdown] lang="zh"
# ## 任务 1：null_after（3 分）
#
# 租出与归还的左外连接（left outer join）；归还在 `limit` 分钟之内（含这一分钟）到来，才属于这次租出。两个水位线（watermark）的延迟是
# `rental_delay` 和 `return_delay`。所有时间都是整分钟。
#
# 一辆自行车在第 `rented` 分钟租出，没有归还。`steps` 说明之后到来什么：每一步给出到来的行（属于其他自行车）中最新的时间
# `(租出, 归还)`，没有行的流为 None。在第一步之前，两个水位线都还没有开始。每一步之后，Spark 工作到无事可做为止。
# 带 null 的行在第几步（0、1……）写出？任何一步都不写出时为 None。


# %%
def null_after(rented, limit, rental_delay, return_delay, steps):
    ### BEGIN SOLUTION
    newest = [0, 0]
    for index, times in enumerate(steps):
        newest = [max(old, new or 0) for old, new in zip(newest, times, strict=True)]
        watermark = min(newest[0] - rental_delay, newest[1] - return_delay)
        if watermark > rented + limit:
            return index
    return None
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: rentals (4 points)
#
# Sockets on localhost bring lines such as `7,2026-05-01 10:00:00`: on port 9998 the rentals, on port 9999 the returns
# (`split` and `to_timestamp` take a line apart). Start a query in append mode, into the sink `memory`, with the name
# `rentals`, whose rows are `bike`, `rented`, `returned`:
#
# - each rental with each return of the same bicycle that is not earlier, and at most 45 minutes later,
# - and with null in place of `returned` each rental without such a return.
#
# Rentals come up to 10 minutes late, returns up to 20 minutes. What can match no more has to be forgotten.

# %% [markdown] lang="zh"
# ## 任务 2：rentals（4 分）
#
# localhost 上的套接字送来形如 `7,2026-05-01 10:00:00` 的行：端口 9998 是租出，端口 9999 是归还（用 `split` 和 `to_timestamp` 拆开一行）。
# 请以追加（append）模式启动一个名为 `rentals` 的查询，写入接收端 `memory`，结果的列为 `bike`、`rented`、`returned`：
#
# - 每次租出，配上同一辆自行车的每次归还，归还不早于租出，且最多晚 45 分钟；
# - 没有这样的归还的租出，`returned` 的位置是 null。
#
# 租出记录最多迟到 10 分钟，归还记录最多迟到 20 分钟。再也不可能配对的行必须被忘掉。


# %%
def rentals(spark):
    ### BEGIN SOLUTION
    def events(port, names):
        lines = spark.readStream.format("socket").option("host", "localhost").option("port", port).load()
        bike, time = names
        return lines.selectExpr(f"split(value, ',')[0] as {bike}", f"to_timestamp(split(value, ',')[1]) as {time}")

    rented = events(9998, ("bike", "rented")).withWatermark("rented", "10 minutes")
    returned = events(9999, ("returned_bike", "returned")).withWatermark("returned", "20 minutes")
    belongs = "returned_bike = bike and returned >= rented and returned <= rented + interval 45 minutes"
    joined = rented.join(returned, expr(belongs), "left_outer").select("bike", "rented", "returned")
    joined.writeStream.format("memory").queryName("rentals").outputMode("append").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. Bicycle 1 comes back, 2 does not; the last two lines bring the watermark to 12:00.

# %% [markdown] lang="zh"
# 试一试。1 号自行车归还了，2 号没有；最后两行把水位线推到 12:00。

# %%
if __name__ == "__main__":
    out = Replay([(0.5, "1,2026-05-01 10:00:00"), (1.0, "2,2026-05-01 10:10:00"), (3.0, "98,2026-05-01 12:10:00")])
    back = Replay([(1.5, "1,2026-05-01 10:30:00"), (3.5, "99,2026-05-01 12:20:00")])
    try:
        run = QuerySimulation(rentals, network={"localhost:9998": out, "localhost:9999": back}).run(until=6)
        for row in run.result_rows:
            print(f"batch {row.batch}:", *row.row)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown] lang="en"
# ## Task 3: delays (3 points)
#
# Choose the delays of the two watermarks of such a join: a dict `{"rentals": minutes, "returns": minutes}` of whole
# minutes, or None for no watermark on that side. `plan` is a dict: a row may be older than the newest row of its own stream
# by *less than* `plan["rentals_late"]` and `plan["returns_late"]` minutes; a return belongs to a rental within
# `plan["limit"]` minutes.
#
# No row may be dropped, however far the other stream is ahead. And a missing return has to be reported as soon as both
# streams allow it: when the newest rental is `limit + rentals_late + 1` minutes after it, and the newest return
# `limit + returns_late + 1`. The grader simulates your choice.

# %% [markdown] lang="zh"
# ## 任务 3：delays（3 分）
#
# 为这样的连接选择两个水位线的延迟：字典 `{"rentals": 分钟数, "returns": 分钟数}`，取整分钟；某一边不要水位线时为 None。
# `plan` 是一个字典：一行可以比它所在流的最新行早*不到* `plan["rentals_late"]` 和 `plan["returns_late"]` 分钟；
# 归还在 `plan["limit"]` 分钟之内属于这次租出。
#
# 无论另一个流领先多少，任何行都不得被丢弃。而未归还必须在两个流允许时立即报告：最新的租出比它晚 `limit + rentals_late + 1` 分钟，
# 并且最新的归还比它晚 `limit + returns_late + 1` 分钟。评分程序会模拟你的选择。


# %%
def delays(plan):
    ### BEGIN SOLUTION
    return {"rentals": plan["rentals_late"], "returns": plan["returns_late"]}
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(null_after(5, 30, 10, 20, [(50, 20), (None, 60)]))
        print(delays({"rentals_late": 10, "returns_late": 20, "limit": 45}))
    except NotImplementedError as unfinished:
        print(unfinished)
