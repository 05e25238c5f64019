"""Joins errors with totals: a service without errors has no partner."""

LOSES = {
    "error_rate/calm": "a join drops keys that one side lacks",
}


def parse(line):
    service, status = line.split(";")
    return service.strip(), int(status)


def error_rate(ssc):
    answers = ssc.socketTextStream("localhost", 9999).map(parse)
    totals = answers.mapValues(lambda status: 1).reduceByKey(lambda a, b: a + b)
    failed = answers.filter(lambda answer: answer[1] >= 500)
    errors = failed.mapValues(lambda status: 1).reduceByKey(lambda a, b: a + b)
    errors.join(totals).mapValues(lambda both: both[0] / both[1]).pprint()


def streams(ssc):
    return [ssc.socketTextStream("localhost", port).map(lambda line: tuple(line.split())) for port in (9998, 9999)]


def unpaid(ssc):
    orders, payments = streams(ssc)
    both = orders.leftOuterJoin(payments)
    both.filter(lambda order: order[1][1] is None).mapValues(lambda values: values[0]).pprint()


def paid(ssc):
    orders, payments = streams(ssc)
    orders.window(2, 1).join(payments).pprint()
