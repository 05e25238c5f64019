"""Case 2: counts the words of text files that are moved into a directory. There is no receiver, so one core is enough.

    mkdir -p incoming
    sparksim run examples/case_02_files_in_a_directory.py incoming
    echo to be or not to be > new.txt && mv new.txt incoming/        # in another terminal

The directory may be any that fsspec can list. In virtual time it holds simulated files, each with its second:

    from sparksim.sim import simulate_script
    simulate_script("examples/case_02_files_in_a_directory.py", args=["sim://incoming"], until=9, echo=True,
                    files={"incoming/a.txt": (1.5, "to be or"), "incoming/b.txt": (3, "not to be")})

A batch reads, once, each file whose time of modification is after the start of the program, and no more than a minute
old. So a file must be complete when it appears: write it elsewhere and move it in. And as `mv` keeps the time of
modification, a file that was written before the program started is never read. Put no directories into the directory:
Spark takes a new one for a file.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def main(directory="incoming", batch_s="5"):
    """Count until somebody stops it."""
    ssc = StreamingContext(SparkContext(appName="case 2"), float(batch_s))
    words = ssc.textFileStream(directory).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
