"""Answers to X12 interchanges: TA1 and 999 (005010X231A1) as bytes, one interchange for each that arrived.

Of an interchange that is taken, every group has its 999; of one that is not, only the TA1 says why. A claim that
cannot be read does not keep its transaction out (IK5 and AK9 say E); a wrong envelope does (R). Of a delivery that is
held nothing is taken: each interchange is refused, by what is wrong with it, else by what holds it. That amounts do not
add up a 999 does not say (docs/decisions/x12-answers.md). Bad values are never sent back (IK404 stays empty).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from jobs.formats import (
    x12,
    x12_balance,
    x12_claim,
    x12_guides,
    x12_interchanges,
    x12_place,
    x12_remittance,
    x12_segments,
)
from jobs.formats.x12_delimiters import text
from jobs.formats.x12_findings import Findings, find
from jobs.formats.x12_interchanges import Group, Interchange, Transaction
from jobs.formats.x12_segments import Problem

_ANSWERS = "FA"
GUIDE = "005010X231A1"
ACCEPTED, WITH_ERRORS, PARTLY, REJECTED = "A", "E", "P", "R"
# TA105 (data element I18).
INTERCHANGE_CODES = {
    x12_interchanges.WRONG_INTERCHANGE_NUMBER: "001",
    x12_interchanges.WRONG_GROUP_COUNT: "021",
    x12.BAD_ISA: "022",
    x12.STRAY_SEGMENTS: "022",
    x12_place.NO_GROUP: "022",
    x12_place.OUTSIDE_TRANSACTION: "022",
    x12.NO_INTERCHANGE_END: "023",
    x12_interchanges.REPEATED_INTERCHANGE: "025",
}
_NO_ERROR, _STRUCTURE, _CONTENT, _DUPLICATE = "000", "022", "024", "025"
# What lies in a file between its interchanges.
_AROUND = frozenset({x12.UNREADABLE_ISA, x12.OUTSIDE_INTERCHANGE})
# AK905 (data element 716).
GROUP_CODES = {
    x12_guides.VERSION_4010: "2",
    x12_guides.UNKNOWN_GUIDE: "2",
    x12.NO_GROUP_END: "3",
    x12_interchanges.WRONG_GROUP_NUMBER: "4",
    x12_interchanges.WRONG_TRANSACTION_COUNT: "5",
}
# IK502 (data element 618).
TRANSACTION_CODES = {
    x12_guides.UNKNOWN_GUIDE: "1",
    x12_guides.VERSION_4010: "1",
    x12.NO_TRANSACTION_END: "2",
    x12_interchanges.WRONG_TRANSACTION_NUMBER: "3",
    x12_interchanges.WRONG_SEGMENT_COUNT: "4",
    x12_balance.REMITTANCE_UNBALANCED: "5",
    x12.TOO_LARGE: "5",
    x12_guides.BAD_TRANSACTION_TYPE: "6",
    x12.STRAY_SEGMENTS: "5",
}
_SEGMENTS_IN_ERROR = "5"
# IK403 (data element 621) of what is wrong with an element, IK304 (620) of what is wrong with a segment.
ELEMENT_CODES = {
    x12_segments.BAD_NUMBER: "6",
    x12_segments.BAD_DATE: "8",
    x12.NO_ID: "1",
    x12_claim.NO_CLAIM_ID: "1",
    x12_claim.NO_CHARGE: "1",
    x12_remittance.NO_AMOUNT: "1",
    x12_place.BAD_HIERARCHY: "7",
}
SEGMENT_CODES = {x12_segments.UNKNOWN_SEGMENT: "1", x12_claim.NO_LINE: "3", x12_place.NO_SUBSCRIBER: "7"}
_IN_ELEMENTS = "8"
# Unknown segments are tolerated, so they are not answered for.
_SILENT = x12_segments.TOLERATED


class Answer(NamedTuple):
    """What goes back for one interchange: whose, what it says (TA104), and the bytes."""

    sender: str
    control_number: str
    status: str
    payload: bytes


def answer(
    blocks: Iterable[bytes],
    *,
    at: datetime,
    number: int,
    limits: x12.Limits,
    seen: Collection[tuple[str, str]] = (),
    held: Collection[str] = (),
) -> list[Answer]:
    """The answers to a file, given in blocks.

    `at` is the moment they are made, in the clock that partners know us by; `number` the first interchange control
    number to use (1 to 999,999,999), one for each answer. `seen` holds sender and control number of interchanges that
    arrived before: those are duplicates. `held` are the reasons for which the file's delivery waits: a test waits
    because it is one, and is answered as what it tests would be. An ISA that cannot be read names nobody to answer to.
    """
    found = find(blocks, limits)
    made: list[Answer] = []
    for one in found.interchanges:
        waits = set(held) - ({x12_interchanges.TEST_INTERCHANGE} & set(one.faults))
        status, code = _judged(one, seen)
        if status == ACCEPTED and _is_answer(one) and not (waits and one.groups):
            continue
        if waits and status == ACCEPTED and not _is_refused_within(one):
            # No code names content under a new control number (025 is of the number), nor a neighbour that is wrong.
            status, code = REJECTED, _CONTENT if _AROUND.isdisjoint(waits) else _STRUCTURE
        segments = ["*".join(["TA1", *map(_clean, (one.control_number, one.date, one.time)), status, code])]
        if status != REJECTED:
            segments += _groups(one, found, at, number + len(made), takes_in=not waits)
        made.append(Answer(one.sender, one.control_number, status, _wrapped(one, segments, at, number + len(made))))
    return made


def _is_answer(one: Interchange) -> bool:
    # Acknowledgements are not acknowledged, or two partners would never stop (999 TR3 section 1.4).
    return all(group.function == _ANSWERS for group in one.groups) and bool(one.groups or one.acknowledgements)


def _judged(one: Interchange, seen: Collection[tuple[str, str]]) -> tuple[str, str]:
    """TA104 and TA105."""
    if (one.sender, one.control_number) in seen:
        return REJECTED, _DUPLICATE
    for fault in one.faults:
        if fault in INTERCHANGE_CODES:
            return REJECTED, INTERCHANGE_CODES[fault]
    if x12.NO_INTERCHANGE_END in one.all_faults:
        return REJECTED, INTERCHANGE_CODES[x12.NO_INTERCHANGE_END]
    # Segments around transactions belong to none that a 999 could speak of.
    if any(x12.STRAY_SEGMENTS in group.faults for group in one.groups):
        return REJECTED, _CONTENT
    return ACCEPTED, _NO_ERROR


def _is_refused_within(one: Interchange) -> bool:
    """Whether a 999 says what is wrong with it."""
    groups = [group for group in one.groups if group.function != _ANSWERS]
    within = [fault for group in groups for transaction in group.transactions for fault in transaction.faults]
    told = {*within, *(fault for group in groups for fault in group.faults)}
    return not told.isdisjoint({*GROUP_CODES, *TRANSACTION_CODES})


def _groups(one: Interchange, found: Findings, at: datetime, number: int, *, takes_in: bool) -> list[str]:
    groups = [group for group in one.groups if group.function != _ANSWERS]
    if not groups:
        return []
    ours, theirs = groups[0].receiver, groups[0].sender
    made = [f"GS*FA*{_clean(ours)}*{_clean(theirs)}*{at:%Y%m%d}*{at:%H%M}*{number}*X*{GUIDE}"]
    for place, group in enumerate(groups, 1):
        body = [f"ST*999*{place:04}*{GUIDE}", *_group(group, found.problems, takes_in=takes_in)]
        made += [*body, f"SE*{len(body) + 1}*{place:04}"]
    return [*made, f"GE*{len(groups)}*{number}"]


def _group(group: Group, problems: dict[int, list[Problem]], *, takes_in: bool) -> list[str]:
    """AK1 to AK9; a group that is not taken in is refused whole, and so is one whose own envelope is wrong."""
    made = [f"AK1*{_clean(group.function)}*{_clean(group.control_number)}*{_clean(group.guide)}".rstrip("*")]
    codes = _codes(group.faults, GROUP_CODES)
    within = tuple(fault for one in group.transactions for fault in one.faults)
    # What its transactions tell of the group: a guide that is not read, no GE after the last.
    codes += [code for code in _codes(within, GROUP_CODES) if code not in codes]
    taken = with_errors = 0
    for transaction in group.transactions:
        told, status = _transaction(transaction, problems.get(transaction.position, []))
        taken += status != REJECTED
        with_errors += status == WITH_ERRORS
        made += told
    count = len(group.transactions)
    if codes or not taken or not takes_in:
        status, taken = REJECTED, 0
    elif taken < count:
        status = PARTLY
    else:
        status = WITH_ERRORS if with_errors else ACCEPTED
    return [*made, "*".join(["AK9", status, str(count), str(count), str(taken), *codes[:5]])]


def _transaction(one: Transaction, problems: list[Problem]) -> tuple[list[str], str]:
    """AK2 to IK5, and the verdict (IK501)."""
    made = [f"AK2*{_clean(one.set_id)}*{_clean(one.control_number)}*{_clean(one.convention)}".rstrip("*")]
    codes = _codes(one.faults, TRANSACTION_CODES)
    status = REJECTED if codes else ACCEPTED
    said = [problem for problem in problems if problem.fault not in _SILENT]
    made += _problems(said)
    if said:
        status = REJECTED if codes else WITH_ERRORS
        codes += [_SEGMENTS_IN_ERROR] if _SEGMENTS_IN_ERROR not in codes else []
    return [*made, "*".join(["IK5", status, *codes[:5]])], status


def _problems(problems: list[Problem]) -> list[str]:
    """IK3 for each segment, IK4 for each element in it."""
    made: list[str] = []
    last: tuple[int, str] | None = None
    for problem in sorted(problems, key=lambda one: one.segment):
        tag = _clean(problem.tag) or "ZZ"
        code = SEGMENT_CODES.get(problem.fault)
        if code is not None:
            made.append(f"IK3*{tag}*{problem.segment}**{code}")
            last = None
            continue
        if last != (problem.segment, tag):
            made.append(f"IK3*{tag}*{problem.segment}**{_IN_ELEMENTS}")
            last = (problem.segment, tag)
        made.append(f"IK4*{problem.element}**{ELEMENT_CODES.get(problem.fault, '7')}")
    return made


def _codes(faults: Iterable[str], known: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(known[fault] for fault in faults if fault in known))


def _wrapped(one: Interchange, segments: list[str], at: datetime, number: int) -> bytes:
    """An interchange back to the sender."""
    usage = one.usage if one.usage in ("P", "T") else "P"
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*{_clean(one.receiver_qualifier):2.2}*{_clean(one.receiver):15.15}"
        f"*{_clean(one.sender_qualifier):2.2}*{_clean(one.sender):15.15}*{at:%y%m%d}*{at:%H%M}*^*00501*{number:09}"
        f"*0*{usage}*:"
    )
    count = sum(segment.startswith("GS*") for segment in segments)
    return ("~".join([isa, *segments, f"IEA*{count}*{number:09}"]) + "~").encode("latin-1", "replace")


def _clean(value: str) -> str:
    """A value of theirs in an interchange of ours: without what would be a delimiter there.

    >>> _clean("A*B~C")
    'ABC'
    """
    return "".join(one for one in text(value.encode()) if one not in "*:^~\r\n")
