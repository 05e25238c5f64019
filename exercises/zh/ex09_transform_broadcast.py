# 由 solutions/build.py 从 solutions/ex09_transform_broadcast.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 9：黑名单
#
# `transform` 把每个批次（batch）的 RDD 交给你：在驱动程序（driver）上，就在生成该批次的作业（job）的时刻。你在那里做的事，每个批次都会再做一次。

# %%
import fsspec

from sparksim.sim import DriverCrash, Replay, Simulation

# %% [markdown]
# 批次为 1 秒。三个程序都从 localhost:9999 读取行，并用 `pprint` 为每个批次打印不在名单上的每个单词各一次，连同它在本批次中出现的次数，
# 形式为 `(word, n)`。
#
# ## 任务 1：without_listed（3 分）
#
# 名单是 `BLACKLIST`。请使用 `transform`，把每个批次与名单的 RDD 连接。

# %%
BLACKLIST = ["$", "?", "!", "$"]


def pairs(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))

# %%
def without_listed(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：with_newest_list（4 分）
#
# 名单是一个文件夹，每个单词一个文件，程序运行期间会增加文件。`listed_now()` 给出调用时文件夹中的单词。
# 每个批次都按该批次时刻的名单处理。

# %%
def listed_now():
    files, folder = fsspec.core.url_to_fs("sim://blacklist")
    return {path.rpartition("/")[2] for path in files.ls(folder, detail=False)}

# %%
def with_newest_list(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：with_broadcast_list（3 分）
#
# 与任务 2 相同，并且单词用广播变量（broadcast variable）分发。程序有检查点（checkpoint）。驱动程序会死亡，它不在的时候名单增加了单词。
# 它回来之后继续工作，并使用那时的名单。

# %%
def with_broadcast_list(ssc):
    ssc.checkpoint("sim://checkpoint")
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。*spam* 一开始就在名单上，*buy* 从 2.6 秒起在名单上。

# %%
if __name__ == "__main__":
    surroundings = {
        "network": {"localhost:9999": Replay([(at + 0.3, "buy spam now $") for at in range(1, 7)])},
        "files": {"sim://blacklist/spam": (0.0, ""), "sim://blacklist/buy": (2.6, "")},
    }
    death = {"faults": [DriverCrash(at=3.6, restart_after=1)], "checkpoint": "sim://checkpoint"}
    try:
        for program in (without_listed, with_newest_list):
            print(program.__name__)
            print(Simulation(program, **surroundings).run(until=5).output)
        print(with_broadcast_list.__name__)
        print(Simulation(with_broadcast_list, **surroundings, **death).run(until=8).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 09` 评分；用 `sparksim watch 09` 在每次保存时自动评分。
