"""Makes the broadcast variable where the streams are defined."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/goes_on": "make the broadcast variable",
    "main/reads_anew": "make the broadcast variable",
}


def checkpoint_interval(operator, slide):
    if operator == "mapWithState":
        return 10 * slide
    if operator == "updateStateByKey":
        return slide * -(-10 // slide)
    return None


def recomputed(run):
    owner = {block.block_id: block.batch_time_ms for block in run.blocks}
    again = {owner[block] for task in run.tasks for block in task.blocks if owner[block] != task.batch_time_ms}
    return sorted(time_ms // 1000 for time_ms in again)


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def create():
    sc = SparkContext(appName="totals")
    ssc = StreamingContext(sc, 1)
    skip = sc.broadcast(set(sc.textFile("sim://stop/*").collect()))
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    kept = words.filter(lambda word: word not in skip.value)
    totals = kept.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()
