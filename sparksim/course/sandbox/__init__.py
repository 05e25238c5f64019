"""Runs a submission in a process of its own, behind walls, and brings back what it answered.

`process.py` stays outside: it starts the process, watches it, ends it, and trusts nothing that comes out. Inside,
`launcher.py` puts up the walls (`walls.py`), then `runner.py` runs the submission and asks it the probes.
"""

NO_WALLS = 97
"""The exit code of the launcher that says that the system allows no namespaces."""
