"""Averages averages, which is no average."""

LOSES = {
    "averages/average": "averages cannot be added or subtracted",
    "averages/silent": "keep only pairs whose number",
}


def windows_of(batch, length, slide):
    return [end for end in range(slide, batch + length, slide) if batch <= end]


def trending(ssc):
    tags = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = tags.map(lambda tag: (tag, 1)).reduceByKeyAndWindow(lambda a, b: a + b, None, 6, 2)
    counts.foreachRDD(show)


def show(rdd):
    for pair in rdd.takeOrdered(3, key=lambda pair: (-pair[1], pair[0])):
        print(pair)


def averages(ssc):
    ssc.checkpoint("sim://checkpoint")
    readings = ssc.socketTextStream("localhost", 9999).map(lambda line: line.split())
    values = readings.map(lambda reading: (reading[0], int(reading[1])))
    values.reduceByKeyAndWindow(lambda a, b: (a + b) / 2, lambda a, b: 2 * a - b, 10, 1).pprint()


def design():
    return {"form": "inverse", "slide": 4, "partitions": 6}
