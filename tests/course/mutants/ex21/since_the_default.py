"""Takes it that states were written every ten seconds."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "recomputed/earlier": "Compare",
    "recomputed/none": "empty list",
}


def checkpoint_interval(operator, slide):
    if operator == "mapWithState":
        return 10 * slide
    if operator == "updateStateByKey":
        return slide * -(-10 // slide)
    return None


def recomputed(run):
    died_ms = next(each.removed_ms for each in run.executors if each.removed_ms is not None)
    done = [batch.batch_time_ms // 1000 for batch in run.batches if batch.batch_time_ms < died_ms]
    return [second for second in done if second > done[-1] // 10 * 10]


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def stop_words(sc):
    if "stop_words_made" not in globals():
        globals()["stop_words_made"] = sc.broadcast(set(sc.textFile("sim://stop/*").collect()))
    return globals()["stop_words_made"]


def without_stop_words(rdd):
    skip = stop_words(rdd.context)
    return rdd.filter(lambda word: word not in skip.value)


def create():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.transform(without_stop_words).map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()
