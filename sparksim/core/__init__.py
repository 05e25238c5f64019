"""Lineage without time: RDDs, contexts, closures, partitioners and stages, as pure values a backend can run.

Nothing in this package knows a clock, an executor or a thread; `backend.py` says what it asks of the world that does.
"""
