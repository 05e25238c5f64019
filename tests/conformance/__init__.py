"""The same programs on Spark and on sparksim: cases, their recorded answers, and the tests that compare."""
