# %% [markdown] lang="en"
# # Exercise 14: a program that outlives its driver
#
# The driver is killed, and something starts your program again, from its first line. Say what it will do first; then
# write a program that goes on where it stood.

# %% [markdown] lang="zh"
# # 练习 14：能经受驱动程序死亡的程序
#
# 驱动程序（driver）被杀死，外面有人把你的程序从第一行重新启动。请先说出它首先会做什么，然后写一个能从原处继续的程序。

# %%
import inspect
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim import SparkContext
from sparksim.sim import DriverCrash, Replay, simulate_script
from sparksim.streaming import StreamingContext

# %% [markdown] lang="en"
# ## Task 1: reruns (3 points)
#
# Which batches does a driver run again at once, when it is back? `checkpoint` is the batch time of the newest checkpoint,
# `unfinished` the list of the batch times that it names as not finished, `back` the moment when the driver is back,
# `interval` the batch interval; all are whole numbers of seconds. Return the sorted list of batch times. The first *new*
# batch is the first time of the old grid after `back`.

# %% [markdown] lang="zh"
# ## 任务 1：reruns（3 分）
#
# 驱动程序回来时，会立即重新运行哪些批次（batch）？`checkpoint` 是最新检查点（checkpoint）的批次时刻，`unfinished` 是其中列为未完成的批次时刻的列表，
# `back` 是驱动程序回来的时刻，`interval` 是批次间隔（batch interval）；都是整数秒。请返回排好序的批次时刻列表。
# 第一个*新*批次，是原来的批次时刻中 `back` 之后的第一个。


# %%
def reruns(checkpoint, unfinished, back, interval):
    ### BEGIN SOLUTION
    missed = range(checkpoint, back + 1, interval)
    return sorted({*unfinished, *missed})
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: main (7 points)
#
# Write the whole program: `main()` makes its contexts itself, with a batch interval of 1 s. It reads lines from
# localhost:9999 and prints in every batch, with `pprint`, each word with its total so far, as pairs `(word, total)`. Its
# checkpoint directory is sim://checkpoint. When the driver has died, `main()` is called again in a new process and goes on
# counting. What was received before the death and processed must not be forgotten.
#
# Only `main` is graded. `add` (the new total of a word) and `create` (the first driver's context) are there to be used by
# it, and you may write more functions. A master need not be set.

# %% [markdown] lang="zh"
# ## 任务 2：main（7 分）
#
# 写出整个程序：`main()` 自己建立各个上下文，批次间隔为 1 秒。它从 localhost:9999 读取行，在每个批次用 `pprint` 打印每个单词到目前为止的总数，
# 形式为 `(word, total)`。检查点目录为 sim://checkpoint。驱动程序死亡后，`main()` 会在新进程中再次被调用，并继续往下数。
# 死亡之前收到并处理过的内容不能忘掉。
#
# 只给 `main` 评分。`add`（单词的新总数）和 `create`（第一个驱动程序的上下文）是给它用的，你也可以写更多函数。不需要设置 master。


# %%
def add(new_counts, total):
    ### BEGIN SOLUTION
    return sum(new_counts) + (total or 0)
    ### END SOLUTION


def create():
    ### BEGIN SOLUTION
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    return ssc
    ### END SOLUTION


def main():
    ### BEGIN SOLUTION
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. The next cell writes all functions into a file and starts it. The driver dies at 4.5 seconds and is back one
# second later.

# %% [markdown] lang="zh"
# 试一试。下一个单元把所有函数写入一个文件并启动它。驱动程序在 4.5 秒死亡，一秒后恢复。

# %%
if __name__ == "__main__":
    functions = [each for each in list(globals().values()) if inspect.isfunction(each)]
    own = [inspect.getsource(each) for each in functions if each.__module__ == "__main__"]
    imports = "from sparksim import SparkContext\nfrom sparksim.streaming import StreamingContext\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text("\n".join([imports, *own, "main()"]))
        lines = Replay([(1.3, "to be"), (1.5, "or not to be"), (9.3, "to be")])
        crash = DriverCrash(4.5, restart_after=1)
        try:
            print(reruns(20, [15, 20], 33, 5))
            print(simulate_script(path, network={"localhost:9999": lines}, faults=[crash], until=12).output)
        except NotImplementedError as unfinished:
            print(unfinished)
