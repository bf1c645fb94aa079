"""Named points at which a test may kill the process, to prove that a run survives it."""

from __future__ import annotations

import os
import signal

VARIABLE = "LAKEWARD_KILL_AT"


def reach(point: str) -> None:
    """Die by SIGKILL here when LAKEWARD_KILL_AT names this point (`point` or `point:nth`); otherwise nothing."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, _, nth = wanted.partition(":")
    if name != point:
        return
    left = int(nth or 1) - 1
    if left > 0:
        os.environ[VARIABLE] = f"{name}:{left}"
        return
    os.kill(os.getpid(), signal.SIGKILL)
