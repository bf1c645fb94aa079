"""The truth about what was sent, as JSON lines: who is who, each planted fault and its fate, each claim's money.

people      a person's ids and names by system
files       every file: where, what it is, its digest, whether its records are new and must be accepted; `again_of`
            is where the same bytes came before, `held_with` the spoilt file that holds it where a folder is a delivery
faults      every planted fault: file, byte position and id of the message, claim, row or instance; `kind`, and
            `reasons` in the words of the parsers' FAULTS; `fate` is one of FATES
visits, results, claims, studies   what must be known in the end, and which feeds told it
codes       what the site's own codes mean
"""

from __future__ import annotations

import pathlib
from typing import Any

import orjson

HELD = "delivery_held"
KNOWN = "delivery_already_known"
QUARANTINED = "record_quarantined"
SUPERSEDED = "superseded"
SAME = "same_record_again"
CANCELLED = "cancelled"
MERGED = "merged_into"
UNMAPPED = "mapped_with_concept_0"
AS_SENT = "mapped_as_sent"
KEPT = "kept"
# What must become of a planted fault.
FATES = {
    HELD: "the whole delivery of the file waits, for `reasons`; what it says comes in a later file, named in `by`",
    KNOWN: "the same bytes were delivered before: nothing is added",
    QUARANTINED: "the record waits with `reasons` (found in `layer`, bronze if not said); a good one follows",
    SUPERSEDED: "the record stays in history; the one named in `by` holds",
    SAME: "the record was there before, in `by`: it counts once",
    CANCELLED: "what the record tells was undone by the one in `by`: it is not in the end",
    MERGED: "the person known by `lost` is the one known by `into`",
    UNMAPPED: "the row is there with concept 0 and the code or unit as sent",
    AS_SENT: "the row is there as it was sent, plausible or not",
    KEPT: "nothing is wrong with the record but its time or place in the order",
}


class Truth:
    """What is known so far; `write` puts it into a folder."""

    def __init__(self) -> None:
        self.people: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.visits: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.studies: list[dict[str, Any]] = []
        self.codes: list[dict[str, Any]] = []

    def write(self, folder: pathlib.Path) -> None:
        """One file for each kind."""
        folder.mkdir(parents=True)
        for kind, told in vars(self).items():
            with (folder / f"{kind}.jsonl").open("wb") as out:
                out.writelines(orjson.dumps(one) + b"\n" for one in told)
