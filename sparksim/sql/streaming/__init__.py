"""Structured Streaming: a query that runs again and again on what is new (PySpark: pyspark.sql.streaming)."""
