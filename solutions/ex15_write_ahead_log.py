# %% [markdown] lang="en"
# # Exercise 15: nothing is lost, and nothing waits unseen
#
# First you read traces: what would be gone if the driver died now, and how old are the data that batches get? Then you
# choose the settings of a program that has to survive the death of an executor and that of its driver.

# %% [markdown] lang="zh"
# # 练习 15：什么都不丢，也没有看不见的等待
#
# 首先阅读运行记录（trace）：如果驱动程序（driver）现在死亡，会失去什么？批次（batch）拿到的数据有多旧？
# 然后，为一个必须经受住执行器（executor）死亡和驱动程序死亡的程序选择设置。

# %%
from sparksim.sim import Constant, Simulation
from sparksim.trace.events import BlockLogged

# %% [markdown] lang="en"
# ## Task 1: at_risk (3 points)
#
# How many records would be lost for good, if the driver died at the end of this run and no source sent anything again?
# Count the records of all blocks that are stored (`stored_ms` is a number), were not processed (`fate` is something else
# than "processed"), and are in no log. `run.trace.of(BlockLogged)` gives the events of blocks that were written into a
# write-ahead log; each has a `block_id`.

# %% [markdown] lang="zh"
# ## 任务 1：at_risk（3 分）
#
# 如果驱动程序在这次运行结束时死亡，并且没有数据源重新发送，会永远失去多少条记录？
# 请统计所有已存储（`stored_ms` 是一个数）、没有被处理（`fate` 不是 "processed"）、而且不在任何日志中的数据块（block）的记录。
# `run.trace.of(BlockLogged)` 给出写入预写日志（write-ahead log）的数据块的事件，每个都有 `block_id`。


# %%
def at_risk(run):
    ### BEGIN SOLUTION
    logged = {event.block_id for event in run.trace.of(BlockLogged)}
    stored = [block for block in run.blocks if block.stored_ms is not None and block.fate != "processed"]
    return sum(block.records for block in stored if block.block_id not in logged)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: unseen_delay (2 points)
#
# No batch shows how long its blocks were under way to the driver. Return the longest such time in seconds: from the moment
# when a block was cut (`generated_ms`) to the moment when the driver knew it (`added_ms`; None for blocks that it does not
# know yet, which do not count). 0 if there is no such block.

# %% [markdown] lang="zh"
# ## 任务 2：unseen_delay（2 分）
#
# 没有哪个批次会显示它的数据块在去往驱动程序的路上花了多久。请返回其中最长的时间，以秒计：从数据块被切下（`generated_ms`）
# 到驱动程序知道它（`added_ms`；驱动程序还不知道的数据块为 None，不计入）。没有这样的数据块则返回 0。


# %%
def unseen_delay(run):
    ### BEGIN SOLUTION
    known = [block for block in run.blocks if block.added_ms is not None]
    return max((block.added_ms - block.generated_ms for block in known), default=0) / 1000
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: settings (5 points)
#
# Choose how a program receives and writes. Return a dict with
#
# - "receiver": "socket" (plain) or "queue" (it confirms to a queue what is stored and logged, and the queue sends again
#   what was not confirmed),
# - "log": True or False, the write-ahead log of the receivers,
# - "write": "insert" (a new row for each record) or "upsert" (the row of the record's number is written over),
# - "messages": how many messages the queue's receiver stores together in one block, at most. It waits until they are logged
#   before it reads more.
#
# Your choice is simulated several times: an executor dies, and later the driver, which comes back. At the end the table
# must hold every record exactly once. And it has to keep up: 100 records come each second, and writing a block into
# the log of this cluster takes 0.1 s, however many records are in it.

# %% [markdown] lang="zh"
# ## 任务 3：settings（5 分）
#
# 为一个程序选择接收和写出的方式。请返回一个字典：
#
# - "receiver"："socket"（普通套接字）或 "queue"（存储并写入日志之后才向队列确认，没有确认的由队列重新发送），
# - "log"：True 或 False，接收器（receiver）的预写日志，
# - "write"："insert"（每条记录一个新行）或 "upsert"（覆盖该记录编号对应的行），
# - "messages"：队列的接收器一次最多把多少条消息存进同一个数据块。写入日志之前，它不会读取更多。
#
# 你的选择会被模拟好几次：一个执行器死亡，之后驱动程序死亡并恢复。最后，表中每条记录必须恰好出现一次。而且它必须跟得上：
# 每秒到达 100 条记录，而在这个集群上，把一个数据块写入日志需要 0.1 秒，不管其中有多少条记录。


# %%
def settings():
    ### BEGIN SOLUTION
    return {"receiver": "queue", "log": True, "write": "upsert", "messages": 50}
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it: a run of a socket without a log, which ends between two batches.

# %% [markdown] lang="zh"
# 试一试：一次没有日志的套接字运行，在两个批次之间结束。


# %%
def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


if __name__ == "__main__":
    run = Simulation(count_lines, network={"localhost:9999": Constant(20, "line")}).run(until=4.7)
    try:
        print(at_risk(run), unseen_delay(run), settings())
    except NotImplementedError as unfinished:
        print(unfinished)
