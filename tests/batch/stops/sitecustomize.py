"""Stops a process of the workflow just before it does something to a file, so that a test can act.

Python loads this module when it starts, where this folder is in PYTHONPATH. Nothing of the
workflow is changed by it: it listens to the events that Python itself announces (`sys.audit`) and
stops the process (SIGSTOP) at the first that was ordered. Faults then strike at a known moment,
however fast or slow the machine is.

STOP_ORDERS    JSON: [moment, pattern] each; the moment is ``write`` (a file is opened for writing)
               or ``name`` (it is given its final name), the pattern is searched in its path
STOP_FOLDER    where a process that stops leaves a file about it
"""

import json
import os
import re
import signal
import sys

_MOMENTS = {"open": "write", "os.rename": "name"}
_orders = [
    (moment, re.compile(pattern))
    for moment, pattern in json.loads(os.environ.get("STOP_ORDERS", "[]"))
]


def _listen(event, arguments):
    moment = _MOMENTS.get(event)
    if moment is None or not _orders:
        return
    path = str(arguments[0] if moment == "write" else arguments[1])
    if moment == "write" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        return
    if any(moment == ordered and pattern.search(path) for ordered, pattern in _orders):
        _orders.clear()  # a process stops once
        _stop(path)


def _stop(path):
    about = os.path.join(os.environ["STOP_FOLDER"], str(os.getpid()))
    with open(f"{about}.part", "w") as stream:
        json.dump({"worker": os.getpid(), "watcher": os.getppid(), "path": path}, stream)
    os.rename(f"{about}.part", f"{about}.json")
    os.kill(os.getpid(), signal.SIGSTOP)


if _orders:
    sys.addaudithook(_listen)
