"""The vocabulary stage: the starter vocabulary serves until somebody loads an Athena download."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from jobs.shell import state
from jobs.shell.build import Outcome, Request
from jobs.shell.witness import GateAndLineage
from jobs.shell.lake import Lake
from jobs.shell.session import CHECKOUT

STARTER = CHECKOUT / "infra" / "vocabulary"


def ensure(lake: Lake, request: Request, witness: GateAndLineage, say: Callable[[str], None]) -> list[Outcome]:
    """Load the download that was named, or the starter vocabulary into an empty lake."""
    from jobs.shell import vocabulary

    if request.download:
        return vocabulary.load(lake, pathlib.Path(request.download), request, say)
    known = state.read(lake.settings, "bronze.concept")
    if known.version >= 0:
        return [Outcome("bronze.concept", "unchanged", known.version, known.rows)]
    return vocabulary.load(lake, STARTER, request, say)
