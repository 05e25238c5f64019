"""Turns the alphabet around together with the numbers."""

LOSES = {
    "trending/top": "then the alphabet",
}


def windows_of(batch, length, slide):
    return [end for end in range(slide, batch + length, slide) if batch <= end]


def trending(ssc):
    tags = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = tags.map(lambda tag: (tag, 1)).reduceByKeyAndWindow(lambda a, b: a + b, None, 6, 2)
    counts.foreachRDD(show)


def show(rdd):
    for pair in sorted(rdd.collect(), key=lambda pair: (pair[1], pair[0]), reverse=True)[:3]:
        print(pair)


def averages(ssc):
    ssc.checkpoint("sim://checkpoint")
    readings = ssc.socketTextStream("localhost", 9999).map(lambda line: line.split())
    sums = readings.map(lambda reading: (reading[0], (int(reading[1]), 1))).reduceByKeyAndWindow(
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        lambda a, b: (a[0] - b[0], a[1] - b[1]),
        10,
        1,
        filterFunc=lambda pair: pair[1][1] > 0,
    )
    sums.mapValues(lambda total: total[0] / total[1]).pprint()


def design():
    return {"form": "inverse", "slide": 4, "partitions": 6}
