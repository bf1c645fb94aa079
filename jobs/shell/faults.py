"""Messages of faults, without the values that Spark likes to quote."""

from __future__ import annotations

import os


def safe_text(fault: BaseException) -> str:
    """The message of a fault when it is one of ours; of others only what cannot hold a value of a record."""
    if type(fault).__module__.startswith(("jobs.", "schemas", "expectations")):
        return str(fault)
    condition = getattr(fault, "getCondition", None) or getattr(fault, "getErrorClass", None)
    named = condition() if callable(condition) else None
    # Spark's own messages quote the offending value; analysis errors quote our code only.
    if named and type(fault).__name__ == "AnalysisException":
        return str(fault).splitlines()[0]
    if os.environ.get("LAKEWARD_SHOW_FAULTS"):
        return str(fault)
    return str(named or "message withheld, it may hold a value; see LAKEWARD_SHOW_FAULTS")
