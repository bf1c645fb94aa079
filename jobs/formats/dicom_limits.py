"""What a DICOM feed allows: each limit has a name in the feed's declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Limits of a feed.

    `record_bytes`: values of one header, or one instance in JSON; `inline_bytes`: the largest binary value and the
    largest array of numbers that is kept; `elements`: elements and items of one header; `depth`: sequences in
    sequences, or brackets in JSON; `document_bytes`: a JSON array or a line; `members`: files in a zip.
    """

    record_bytes: int = 16 << 20
    inline_bytes: int = 1 << 10
    elements: int = 400_000
    depth: int = 32
    document_bytes: int = 256 << 20
    unpacked_bytes: int = 2 << 30
    unpacked_ratio: int = 100
    members: int = 100_000

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Limits:
        """The limits a feed declares; what it does not name keeps its default."""
        unknown = sorted(set(declared) - {f.name for f in fields(cls)})
        if unknown:
            raise ValueError(f"unknown limit {', '.join(unknown)}")
        return cls(**{name: int(value) for name, value in declared.items()})
