"""Traces in other programs' formats: Spark's event log, read and written, the Trace Event Format, tables as CSV."""
