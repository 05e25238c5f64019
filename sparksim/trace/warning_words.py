"""The engine's warnings in Chinese, by the English sentence. The log says them; the trace keeps the English ones."""

from __future__ import annotations

from sparksim.trace.words import REASONS, Phrases

WARNINGS = Phrases(
    {
        # Cores and contexts
        "{receivers} on {master}: each receiver holds one core for ever, and there {cores}. No core is left to process "
        "batches, so nothing will be processed. Use at least {least} cores": (
            "{master} 上有 {receivers}：每个接收器（receiver）永久占用一个核心，而核心只有 {cores}。"
            "没有核心可用来处理批次，所以什么都不会被处理。请至少使用 {least} 个核心"
        ),
        "{count} receiver": "{count} 个接收器",
        "{count} receivers": "{count} 个接收器",
        "is {count}": "{count} 个",
        "are {count}": "{count} 个",
        "the master is {master}: with one core, a receiver leaves none to process what it receives. Use local[2] or "
        "more if the program has a receiver": (
            "master 是 {master}：只有一个核心时，接收器（receiver）占用后就没有核心处理它收到的记录。"
            "程序有接收器时，请使用 local[2] 或更多"
        ),
        "remember() after start() has no effect: call it before": "start() 之后的 remember() 不起作用：请在它之前调用",
        "this StreamingContext has already been started; start() does nothing": (
            "这个 StreamingContext 已经启动；start() 什么也不做"
        ),
        "an accumulator could not be updated: {error}": "无法更新累加器（accumulator）：{error}",
        "the function of foreachRDD returned a value of type {type}: PySpark fails such a batch, so let it return "
        "nothing": "foreachRDD 的函数返回了类型为 {type} 的值：PySpark 会让这样的批次失败，请让它什么也不返回",
        # Streaming queries
        "a batch of a query falls behind: its trigger interval is {ms} ms, and it took longer": (
            "查询的一个批次落后了：触发间隔是 {ms} 毫秒，而它用了更长时间"
        ),
        "batch {committed} is the last one in the commit log and batch {planned} in the offset log: what lies between "
        "is taken as done": (
            "提交日志中最后一个批次是 {committed}，偏移量日志中是 {planned}：两者之间的批次视为已完成"
        ),
        "the first batch of this checkpoint ran with {setting}, which stays; {asked} is ignored": (
            "这个检查点的第一个批次使用 {setting}，此后不变；忽略 {asked}"
        ),
        "a continuous query reads {partitions} partitions, each in a task that never ends, and there are {cores} "
        "cores: no epoch will be committed until every partition has a core": (
            "一个连续处理（continuous）查询读取 {partitions} 个分区，每个分区由一个永不结束的任务读取，"
            "而核心只有 {cores} 个：在每个分区都有核心之前，不会提交任何 epoch"
        ),
        "run {run} of query {query} is stopped: the query was started again on the same checkpoint": (
            "查询 {query} 的运行 {run} 被停止：该查询在同一个检查点上又启动了一次"
        ),
        # Receivers
        "{name}.onStop() raised {error}": "{name}.onStop() 抛出 {error}",
        "Restarting receiver {stream} in {seconds} s: {why}": "{seconds} 秒后重新启动接收器 {stream}：{why}",
        "{name} cannot store blocks any more after {error}. It goes on receiving, but nothing of what it receives will "
        "be processed until it is stopped and started again": (
            "{name} 在 {error} 之后无法再存储数据块（block）。它继续接收，"
            "但收到的一切都不会被处理，直到它停止并重新启动"
        ),
        "batch {time} ms goes on without {gone} of the {all} blocks of stream {stream}: no executor holds a copy of "
        "them any more": (
            "批次 {time} 毫秒继续运行，但缺少流 {stream} 的 {all} 个数据块中的 {gone} 个：已没有执行器保存它们的副本"
        ),
        # Logs and checkpoints
        "some blocks of batch {time} ms, stream {stream}, are not in the write-ahead log; the batch is read from the "
        "executors alone, and if they die its records are lost": (
            "流 {stream} 在批次 {time} 毫秒的一些数据块不在预写日志（write-ahead log）中；该批次只从执行器读取，"
            "执行器崩溃则记录丢失"
        ),
        "with the write-ahead log, received blocks are kept serialised: the log needs their bytes anyway": (
            "使用预写日志时，收到的数据块以序列化形式保存：日志反正需要这些字节"
        ),
        "with the write-ahead log, received blocks have 1 copy in memory or on disk, not {copies}: the log is the "
        "other one": "使用预写日志时，收到的数据块在内存或磁盘中只有 1 份而不是 {copies} 份：日志就是另一份",
        "with the write-ahead log, storage level {asked} of a receiver becomes {level}": (
            "使用预写日志时，接收器的存储级别 {asked} 变为 {level}"
        ),
        "a receiver's write-ahead log could not be {what}: {error}": "接收器的预写日志无法{what}：{error}",
        "cleaned": "清理",
        "closed": "关闭",
        "attempt {number} to write to the log {path} failed: {error}": "第 {number} 次写入日志 {path} 失败：{error}",
        "{path} is too old for the log and could not be deleted: {error}": (
            "{path} 对日志来说已过期，但无法删除：{error}"
        ),
        "{event} could not be written to the log, so it did not happen: {error}": (
            "{event} 无法写入日志，所以它没有发生：{error}"
        ),
        "{path} holds a log of {blocks} received blocks that no batch has processed, and no checkpoint: this program "
        "begins anew without them": (
            "{path} 中的日志有 {blocks} 个收到的数据块未被任何批次处理，却没有检查点（checkpoint）："
            "本程序从头开始，不含它们"
        ),
        "the checkpoint of batch {time} ms could not be written: {error}": "批次 {time} 毫秒的检查点无法写入：{error}",
        "queueStream doesn't support checkpointing: this program runs, but cannot be recovered from its checkpoint. "
        "Use it in tests only": "queueStream 不支持检查点：本程序可以运行，但无法从它的检查点恢复。请只在测试中使用它",
        # Files
        "{old} is the deprecated name of a setting: use {new}": "{old} 是已弃用的设置名：请用 {new}",
        "File {path} has no data in it, and what is written to it later is not read: write files elsewhere and move "
        "them into the directory when they are complete": (
            "文件 {path} 中没有数据，之后写入的内容不会被读取：请在别处写文件，写完后再移入该目录"
        ),
        "Error finding new files under {path}: {error}. Batches go on without its files until it can be listed": (
            "在 {path} 下查找新文件时出错：{error}。在能列出该目录之前，批次继续运行，但不含其中的文件"
        ),
        "Finding new files under {path} took {took} ms, longer than the batch interval of {interval} ms: use a longer "
        "one, or keep fewer files there": (
            "在 {path} 下查找新文件用了 {took} 毫秒，超过 {interval} 毫秒的批次间隔：请用更长的间隔，或减少其中的文件"
        ),
        "No directory to scan: {path} names none. Its files are read once it exists": (
            "没有可扫描的目录：{path} 不存在。它出现后才会读取其中的文件"
        ),
        "Files under {path} have modification times in the future of this run's clock, and wait until it gets there. A "
        "simulation starts in 1970: give it simulated files": (
            "{path} 下的文件修改时间晚于本次运行的时钟，要等时钟走到那里。模拟从 1970 年开始：请给它模拟的文件"
        ),
        # Kafka
        "offsets {offsets} could not be committed: {error}": "无法提交偏移量 {offsets}：{error}",
        "stream {stream} has no partition: there is no such topic yet, or other members of the group have all. It "
        "looks again at each batch: {strategy}": (
            "流 {stream} 没有分区（partition）：主题还不存在，或全在组内其他成员手中。它在每个批次再看：{strategy}"
        ),
        "stream {stream} could not leave its group in order: {error}": "流 {stream} 未能正常离开消费组：{error}",
        "kafkaParams have no 'group.id': give one, or offsets cannot be committed and groups cannot be told apart": (
            "kafkaParams 没有 'group.id'：请给出一个，否则无法提交偏移量，也无法区分消费组"
        ),
        "the consumers of executors use {setting}, although kafkaParams say {asked}": (
            "执行器上的消费者使用 {setting}，尽管 kafkaParams 写的是 {asked}"
        ),
        "the consumers of executors use {setting}, whatever its default is": (
            "执行器上的消费者使用 {setting}，无论默认值是什么"
        ),
        "the latest offsets cannot be had, and will be asked {retries} times more: {error}": (
            "无法获得最新的偏移量，还会再问 {retries} 次：{error}"
        ),
        "{owner}: auto.commit.enable is taken as false: a reliable receiver commits what it stored": (
            "{owner}：auto.commit.enable 按 false 处理：可靠接收器提交它已存储的内容"
        ),
        "Receiver {stream} stops and does not commit: {error}": "接收器 {stream} 停止，且不提交：{error}",
        "Receiver {stream} could not commit offset {error}": "接收器 {stream} 无法提交偏移量 {error}",
        "{owner}: there is no topic {topic} yet; its receiver waits for it": (
            "{owner}：还没有主题 {topic}；接收器等待它"
        ),
        "{owner} could not say that it leaves the group: {error}": "{owner} 未能告知它离开消费组：{error}",
        "{owner} waits: {error}": "{owner} 在等待：{error}",
        # Streaming queries
        "Stream closed by {address}: its query goes on, without new lines": (
            "{address} 关闭了流：它的查询继续运行，但没有新的行"
        ),
        "{count} of the lines {first} to {last} of {address} are lost: an earlier run of the query read them, and a "
        "socket cannot be asked again": (
            "{address} 的第 {first} 至 {last} 行中有 {count} 行丢失：查询之前的一次运行读取了它们，而套接字无法重新读取"
        ),
        "{files}: listed by the file source and gone before it was read; its rows are lost. Let files stay until their "
        "batch is done": "{files}：文件源已列出，但在读取之前消失；其中的行丢失。请让文件保留到所属批次完成",
        **REASONS.chinese,
    }
)
