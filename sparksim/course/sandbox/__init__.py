"""Runs a submission in a process of its own, behind walls, and brings back what it answered.

`process.py` stays outside: it has the process started (`start.py`, `template.py`), watches it, ends it, and trusts
nothing that comes out. Inside, `launcher.py` puts up the walls (`walls.py`), then `runner.py` runs the submission and
asks it the probes.
"""

NO_WALLS = 97
"""The exit code of the launcher that says that the system allows no namespaces."""

ANSWERS_TO, CODE_TO = 3, 4
"""Where a forked launcher finds these pipes; its request, and what is printed, are at the usual places."""

WITH_SQL = b"sql"
"""The order to the template that has it load what SQL needs before it forks."""
