# 由 solutions/build.py 从 solutions/ex14_driver_failure.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
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

# %% [markdown]
# ## 任务 1：reruns（3 分）
#
# 驱动程序回来时，会立即重新运行哪些批次（batch）？`checkpoint` 是最新检查点（checkpoint）的批次时刻，`unfinished` 是其中列为未完成的批次时刻的列表，
# `back` 是驱动程序回来的时刻，`interval` 是批次间隔（batch interval）；都是整数秒。请返回排好序的批次时刻列表。
# 第一个*新*批次，是原来的批次时刻中 `back` 之后的第一个。

# %%
def reruns(checkpoint, unfinished, back, interval):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：main（7 分）
#
# 写出整个程序：`main()` 自己建立各个上下文，批次间隔为 1 秒。它从 localhost:9999 读取行，在每个批次用 `pprint` 打印每个单词到目前为止的总数，
# 形式为 `(word, total)`。检查点目录为 sim://checkpoint。驱动程序死亡后，`main()` 会在新进程中再次被调用，并继续往下数。
# 死亡之前收到并处理过的内容不能忘掉。
#
# 只给 `main` 评分。`add`（单词的新总数）和 `create`（第一个驱动程序的上下文）是给它用的，你也可以写更多函数。不需要设置 master。

# %%
def add(new_counts, total):
    raise NotImplementedError("not started yet · 尚未完成")


def create():
    raise NotImplementedError("not started yet · 尚未完成")


def main():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 14` 评分；用 `sparksim watch 14` 在每次保存时自动评分。
