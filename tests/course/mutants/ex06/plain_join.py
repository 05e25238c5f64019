"""Joins within the batch only."""

LOSES = {
    "paid/late": "records of the same batch only",
}


def parse(line):
    service, status = line.split(";")
    return service.strip(), int(status)


def error_rate(ssc):
    answers = ssc.socketTextStream("localhost", 9999).map(parse)
    counts = answers.mapValues(lambda status: (int(status >= 500), 1))
    sums = counts.reduceByKey(lambda a, b: (a[0] + b[0], a[1] + b[1]))
    sums.mapValues(lambda both: both[0] / both[1]).pprint()


def streams(ssc):
    return [ssc.socketTextStream("localhost", port).map(lambda line: tuple(line.split())) for port in (9998, 9999)]


def unpaid(ssc):
    orders, payments = streams(ssc)
    both = orders.leftOuterJoin(payments)
    both.filter(lambda order: order[1][1] is None).mapValues(lambda values: values[0]).pprint()


def paid(ssc):
    orders, payments = streams(ssc)
    orders.join(payments).pprint()
