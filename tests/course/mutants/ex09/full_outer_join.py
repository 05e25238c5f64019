"""Lets in words of the list that did not come."""

import fsspec

LOSES = {
    "without_listed/kept": "keep those with None",
    "without_listed/dropped": "a full outer join",
}

BLACKLIST = ["$", "?", "!", "$"]


def pairs(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))


def listed_now():
    files, folder = fsspec.core.url_to_fs("sim://blacklist")
    return {path.rpartition("/")[2] for path in files.ls(folder, detail=False)}


def without_listed(ssc):
    def drop(rdd):
        listed = rdd.context.parallelize([(word, True) for word in BLACKLIST])
        return rdd.fullOuterJoin(listed).filter(lambda pair: None in pair[1]).mapValues(lambda both: both[0])

    pairs(ssc).transform(drop).reduceByKey(lambda a, b: a + b).pprint()


def with_newest_list(ssc):
    def drop(rdd):
        words = listed_now()
        return rdd.filter(lambda pair: pair[0] not in words)

    pairs(ssc).transform(drop).reduceByKey(lambda a, b: a + b).pprint()


def with_broadcast_list(ssc):
    def drop(rdd):
        words = rdd.context.broadcast(listed_now())
        return rdd.filter(lambda pair: pair[0] not in words.value)

    ssc.checkpoint("sim://checkpoint")
    pairs(ssc).transform(drop).reduceByKey(lambda a, b: a + b).pprint()
