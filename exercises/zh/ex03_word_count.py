# 由 solutions/build.py 从 solutions/ex03_word_count.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 3：每个批次的词数统计
#
# 流就是一串小作业（job）。Spark 每秒取出已到达的行，对它们运行同一个作业，然后忘掉它们。请用两个函数写出这个作业。

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown]
# ## 任务 1：words（3 分）
#
# 把一行文本拆成单词列表，并转为小写。单词之间由一个或多个空格或制表符分隔。没有单词的行得到空列表。

# %%
def words(line):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：word_count（5 分）
#
# `ssc` 是一个 StreamingContext。请从套接字 localhost:9999 读取行，并用 `pprint` 为每个批次（batch）打印每个单词各一次，
# 连同它在本批次中出现的次数，形式为 `(word, n)`。请使用 `words`。

# %%
def word_count(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。三行文本分别在 1.3、1.5 和 2.5 秒到达。

# %%
if __name__ == "__main__":
    typed = Replay([(1.3, "to be"), (1.5, "or not to be"), (2.5, "that is")])
    try:
        print(Simulation(word_count, network={"localhost:9999": typed}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 03` 评分；用 `sparksim watch 03` 在每次保存时自动评分。
