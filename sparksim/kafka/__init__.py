"""Kafka as a process of Spark sees it: one small interface; behind it a real client, or brokers in virtual time."""
