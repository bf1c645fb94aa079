"""What a record of x12 says, parsed: once for all who ask of the same record, one after the other."""

from __future__ import annotations

import functools

from jobs.formats import x12_claim, x12_remittance
from jobs.formats.translation import Said
from jobs.formats.x12_segments import Node


@functools.lru_cache(maxsize=1)
def claim(record: Said) -> Node:
    """The claim of an 837, as x12_claim.parse gives it, and its errors; to be read only."""
    return x12_claim.parse(record.payload, record.context)


@functools.lru_cache(maxsize=1)
def payment(record: Said) -> Node:
    """The claim payment of an 835, as x12_remittance.parse gives it, and its errors; to be read only."""
    return x12_remittance.parse(record.payload, record.context)
