# 由 solutions/build.py 从 solutions/ex21_after_recovery.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 21：重新创建
#
# 状态（state）多久写一次，没写时什么会被重新计算，以及一个程序：它的广播变量（broadcast variable）能经受驱动程序（driver）的死亡。

# %%
import inspect
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim import SparkContext
from sparksim.sim import DriverCrash, Replay, simulate_script
from sparksim.streaming import StreamingContext

# %% [markdown]
# ## 任务 1：checkpoint_interval（2 分）
#
# 如果没有人另作说明，Spark 每隔多久把一个流的 RDD 写入文件？`operator` 是 `"updateStateByKey"`、`"mapWithState"` 或 `"map"`，
# `slide` 是流的滑动间隔（slide），单位为整数秒。请返回整数秒；从不写入的流返回 None。

# %%
def checkpoint_interval(operator, slide):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：recomputed（3 分）
#
# `run` 是一个有状态的程序的运行记录（trace），其中一个执行器（executor）在两个批次（batch）之间死亡，它的状态必须重新计算。
# 请按顺序返回*较早的*、其数据块（block）被后来的批次又读了一遍的那些批次的时刻，单位为整数秒；没有就返回空列表。
#
# `run.blocks` 说明一个数据块属于哪个批次（`block_id`、`batch_time_ms`），`run.tasks` 说明一个任务（task）读了哪些数据块
# （`blocks`，标识的元组）、为了哪个批次（`batch_time_ms`，接收器为 None）。

# %%
def recomputed(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：main（5 分）
#
# 写出整个程序：`main()` 自己建立各个上下文，批次间隔（batch interval）为 1 秒。它从 localhost:9999 读取行，在每个批次用 `pprint` 打印每个单词到目前为止的总数，
# 形式为 `(word, total)`。停用词不计。停用词在文件里，每行一个：`sc.textFile("sim://stop/*").collect()` 会读出它们。
#
# 每个驱动程序读取一次停用词，并作为广播变量发送给任务。检查点（checkpoint）目录为 sim://checkpoint。驱动程序死亡后，`main()` 会在新进程中再次被调用：
# 总数继续往下数，停用词则以*那时*文件里的为准。不需要设置 master。`main` 之前的几个函数只是建议。

# %%
def add(new_counts, total):
    raise NotImplementedError("not started yet · 尚未完成")


def stop_words(sc):
    raise NotImplementedError("not started yet · 尚未完成")


def without_stop_words(rdd):
    raise NotImplementedError("not started yet · 尚未完成")


def create():
    raise NotImplementedError("not started yet · 尚未完成")


def main():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。下一个单元把所有函数写入一个文件并启动它。驱动程序在 4.5 秒死亡，一秒后恢复；其间 *a* 成了停用词。

# %%
if __name__ == "__main__":
    functions = [each for each in list(globals().values()) if inspect.isfunction(each)]
    own = [inspect.getsource(each) for each in functions if each.__module__ == "__main__"]
    imports = "from sparksim import SparkContext\nfrom sparksim.streaming import StreamingContext\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text("\n".join([imports, *own, "main()"]))
        lines = Replay([(1.3, "the cat"), (1.5, "a dog"), (9.3, "the cat a cow")])
        files = {"sim://stop/1.txt": (0, "the\n"), "sim://stop/2.txt": (4, "a\n")}
        crash = DriverCrash(4.5, restart_after=1)
        try:
            print(checkpoint_interval("updateStateByKey", 3))
            network = {"localhost:9999": lines}
            print(simulate_script(path, network=network, files=files, faults=[crash], until=12).output)
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# 用 `sparksim grade 21` 评分；用 `sparksim watch 21` 在每次保存时自动评分。
