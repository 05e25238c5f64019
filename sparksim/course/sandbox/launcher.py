"""What the grader has started, by itself or from the template: it puts up the walls and says how all of it ended.

Three generations: the launcher, which waits; the first process inside the walls, which waits too and with whose end all
others inside end; and the runner, which has no rights left. A signal that ends it becomes exit code 128 + signal. On
SIGTERM the launcher ends the first process inside, and itself when all of them are gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from sparksim.course.sandbox import NO_WALLS, runner, walls


def main(code_to: int | None = None) -> None:
    """Serve the request on stdin; answers go to the descriptor that it names. Does not return.

    The exit code is written to `code_to` too, for a grader whose child this is not.
    """
    request = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    walls.die_with_parent()
    runner.warm_up(runner.needs_sql(request["chunks"]))
    uid = walls.spare_uid()
    if request["isolated"]:
        try:
            walls.enter_namespaces()
        except OSError:
            _leave(NO_WALLS, code_to)
    first = os.fork()
    if first == 0:
        if code_to is not None:
            os.close(code_to)
        _inside(request, uid)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGKILL))
    os.close(request["answers_to"])
    _leave(_exit_code(first), code_to)


def _leave(code: int, code_to: int | None) -> None:
    if code_to is not None:
        os.write(code_to, b"%d" % code)
    os._exit(code)


def _inside(request: dict[str, Any], uid: int) -> None:
    walls.die_with_parent()
    if request["isolated"]:
        try:
            walls.build_world(request["root"], request["hidden"], request["limits"]["file_mb"])
        except (OSError, KeyError) as error:
            os.write(2, f"no walls: {error}\n".encode())
            os._exit(NO_WALLS)
    inside = os.fork()
    if inside != 0:
        os.close(request["answers_to"])
        os._exit(_exit_code(inside))
    os.chdir(walls.HOME if request["isolated"] else request["folder"])
    walls.limit(request["limits"])
    walls.drop_privileges(uid)
    if not request["isolated"]:
        walls.refuse_network_and_folders(request["hidden"])
    os.environ["HOME"] = os.environ["TMPDIR"] = os.getcwd()
    runner.run(request)
    os._exit(0)


def _exit_code(child: int) -> int:
    """How `child` ended; meanwhile whatever else ends in here is buried."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
