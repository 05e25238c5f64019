"""Reads the list once, where the streams are defined."""

import fsspec

LOSES = {
    "with_newest_list/changed": "runs once, when the program starts",
    "with_newest_list/again": "in every batch",
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
        return rdd.leftOuterJoin(listed).filter(lambda pair: pair[1][1] is None).mapValues(lambda both: both[0])

    pairs(ssc).transform(drop).reduceByKey(lambda a, b: a + b).pprint()


def with_newest_list(ssc):
    words = listed_now()
    pairs(ssc).filter(lambda pair: pair[0] not in words).reduceByKey(lambda a, b: a + b).pprint()


def with_broadcast_list(ssc):
    def drop(rdd):
        words = rdd.context.broadcast(listed_now())
        return rdd.filter(lambda pair: pair[0] not in words.value)

    ssc.checkpoint("sim://checkpoint")
    pairs(ssc).transform(drop).reduceByKey(lambda a, b: a + b).pprint()
