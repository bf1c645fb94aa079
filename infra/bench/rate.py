"""How many records a second of processor time some work takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def rate(count: int, work: Callable[[], int], rounds: int = 3) -> float:
    """Records a second of processor time, the best of some rounds; `work` gives back how many records it did."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        # As the Spark jobs do: nothing here makes cycles.
        gc.disable()
        began = time.process_time()
        found = work()
        best = min(best, time.process_time() - began)
        gc.enable()
        if found != count:
            raise AssertionError(f"{found} records of {count}")
    return count / best
