"""The vocabulary stage: the starter vocabulary serves until somebody loads an Athena download."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from jobs.shell.build import Outcome, Request
from jobs.shell.faults import safe_text
from jobs.shell.lake import Lake
from jobs.shell.witness import GateAndLineage


def ensure(lake: Lake, request: Request, witness: GateAndLineage, say: Callable[[str], None]) -> list[Outcome]:
    """Load the download that was named; without one see to it that this checkout's starter is in the lake."""
    from jobs.shell import vocabulary

    download = pathlib.Path(request.download) if request.download else None
    try:
        return vocabulary.load(lake, download, request, say, witness)
    except Exception as fault:
        message = f"{type(fault).__name__}: {safe_text(fault)}"
        say(f"vocabulary: nothing is loaded: {message}")
        return [Outcome("vocabulary", "failed", message=message)]
