"""Results of HL7 v2 messages: one row per value of an OBX, with its order and its specimen.

Of ORU^R01, R30, R32 and OUL; and the observations that other messages carry (VXU, ADT, ORM), which have no order.
A result is `status` (OBX-11, table 0085): F final, P preliminary, C corrected, D deleted, W wrong (was about the
wrong patient), X cannot be had, ...
"""

from __future__ import annotations

import functools
from typing import Any

from jobs.formats import hl7v2_order_context as contexts
from jobs.formats import hl7v2_subject as subjects
from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_lab_columns import LabResult
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_observation import LINES, MALFORMED_VALUE, NO_VALUE, READERS, whole

NO_CODE = "no_result_code"
NO_STATUS = "no_result_status"
UNKNOWN_STATUS = "unknown_result_status"
NO_VALUE_TYPE = "no_value_type"
MALFORMED_OBSERVED_AT = "malformed_observed_at"
MALFORMED_ANALYSED_AT = "malformed_analysed_at"
FAULTS = {
    NO_CODE: "a result that does not say of what (OBX-3)",
    NO_STATUS: "no status (OBX-11)",
    UNKNOWN_STATUS: "a status that is not in HL7 table 0085 (OBX-11)",
    NO_VALUE_TYPE: "a value without its type (OBX-2)",
    MALFORMED_VALUE: "a value that is not what its type says (OBX-5, OBX-2); value_text has it as sent",
    MALFORMED_OBSERVED_AT: "a time that is none (OBX-14)",
    MALFORMED_ANALYSED_AT: "a time that is none (OBX-19)",
    **contexts.FAULTS,
}
STATUSES = frozenset("ABCDFINOPRSUVWX")

_NULLABLE = {5: "value", 6: "unit", 7: "reference_range", 8: "abnormal_flags", 14: "observed_at"}
_PAD = [""] * 26
_GROUPS = frozenset(("OBR", "RXA", "RXE", "TXA", "PV1", "FT1", "RXO"))
_BREAKS = _GROUPS | {"PID", "ORC"}


def lab_results(message: Message) -> list[LabResult]:
    """The results of a message, in its order."""
    return [LabResult._make(row) for row in lab_rows(message)]


def lab_rows(message: Message) -> list[tuple[Any, ...]]:
    """The same as plain tuples in the order of LabResult's fields: for those who make columns of millions of them."""
    found: list[tuple[Any, ...]] = []
    subject: tuple[Any, ...] = subjects.NOBODY
    group: int | None = None
    held: list[int] = []
    segments = message.segments
    names = [segment[0] for segment in segments]
    specimens = contexts.specimens(names)
    for index, name in enumerate(names):
        if name == "OBX":
            held.append(index)
        elif name in _BREAKS:
            # The specimen may stand after the results (2.5 on), so they wait for the end of their group.
            if held:
                _finish(message, names, held, (*subject, group), specimens, found)
                held = []
            if name == "PID":
                group, subject = None, subjects.of_patient(message, index, segments[index])
            elif name == "PV1":
                subject = subjects.with_visit(message, segments[index], subject)
            # In OUL the ORC stands between the OBR and its results.
            group = index if name in _GROUPS else group
    if held:
        _finish(message, names, held, (*subject, group), specimens, found)
    return found


def _finish(
    message: Message,
    names: list[str],
    held: list[int],
    subject: tuple[Any, ...],
    specimens: contexts.Specimens | None,
    found: list[tuple[Any, ...]],
) -> None:
    context, wrong = contexts.of_group(message, names, subject[-1], held[-1], specimens)
    for index in held:
        noted = index + 1 < len(names) and names[index + 1] == "NTE"
        comment = contexts.comment(message, index) if noted else None
        _rows(message, index, subject, comment, context, wrong, found)


def _rows(
    message: Message,
    index: int,
    subject: tuple[Any, ...],
    comment: str | None,
    context: tuple[Any, ...],
    faults: tuple[str, ...],
    found: list[tuple[Any, ...]],
) -> None:
    fields = message.segments[index] + _PAD
    dialect, zone = message.dialect, message.zone
    nulls = _nulls(fields) if message.has_nulls else ()
    kind, raw, observed, analysed, mark = fields[2], fields[5], fields[14], fields[19], dialect.delimiters.repetition
    code, described, by, wrong = _described(
        dialect, fields[3], fields[6], fields[7], fields[8], fields[11], fields[17], fields[23], fields[15], fields[21]
    )
    if observed:
        observed, wrong = _time(message, observed, wrong, MALFORMED_OBSERVED_AT)
    if analysed:
        analysed, wrong = _time(message, analysed, wrong, MALFORMED_ANALYSED_AT)
    if wrong:
        faults += wrong
    sub_id = dialect.text(fields[4]) if fields[4] else None
    read = READERS.get(kind)
    values = _values(dialect, kind, raw, zone) if not read or not raw or mark in raw else (read(dialect, raw, zone),)
    repetition = 1
    for value, fault in values:
        named = faults if fault is None else (*faults, fault)
        row = (
            index, repetition, *subject, fields[1] or None, sub_id, *code, kind or None, *value, *described,
            observed or None, analysed or None, *by, comment, *context, nulls, named,
        )  # fmt: skip
        found.append(row)
        repetition += 1


def _nulls(fields: Segment) -> tuple[str, ...]:
    return tuple(name for number, name in _NULLABLE.items() if fields[number] == NULL)


def _time(message: Message, raw: str, faults: tuple[str, ...], fault: str) -> tuple[Any, tuple[str, ...]]:
    """A time, and the faults with its own when it is none."""
    found = hl7v2_values.iso(raw, message.zone)
    if found is None and raw != NULL:
        first = _one(message.dialect, raw)
        found = hl7v2_values.iso(first, message.zone) if first else None
        faults = faults if found else (*faults, fault)
    return found, faults


def _values(dialect: Dialect, kind: str, raw: str, zone: str) -> list[tuple[Any, str | None]]:
    """The values of OBX-5; a result without one is a row too."""
    if not raw or raw == NULL:
        return [(NO_VALUE, None)]
    read = READERS.get(kind) or READERS.get(kind.strip().upper(), whole)
    mark = dialect.delimiters.repetition
    if not mark or mark not in raw:
        values = [read(dialect, raw, zone)]
    elif kind in LINES:
        text = "\n".join(dialect.text(one) or "" for one in raw.split(mark))
        values = [((text, *NO_VALUE[1:]), None)]
    else:
        values = [read(dialect, one, zone) for one in raw.split(mark) if one] or [(NO_VALUE, None)]
    return values if kind else [(value, NO_VALUE_TYPE) for value, _ in values]


def _one(dialect: Dialect, raw: str) -> str | None:
    """The first component of a field that has more only by mistake or by age."""
    return dialect.parts((dialect.repetitions(raw) or [""])[0])[0]


@functools.lru_cache(1 << 15)
def _described(
    dialect: Dialect,
    code: str,
    unit: str,
    usual: str,
    flags: str,
    status: str,
    method: str,
    organization: str,
    producer: str,
    instance: str,
) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]:
    """All that results of one test have in common: the columns of its code, those from unit to status and from
    method to instance_id, and the faults. One look-up instead of ten; few tests make most of the results."""
    what = dialect.coded(code)[:6]
    state = status.strip() or None
    faults: tuple[str, ...] = ()
    if not (what[0] or what[1] or what[3] or what[4]):
        faults += (NO_CODE,)
    if state not in STATUSES:
        faults += (UNKNOWN_STATUS if state else NO_STATUS,)
    units = dialect.coded(unit)[:6]
    text = dialect.text(usual)
    bounds = hl7v2_values.reference_range(text) if text else (None, None)
    found = (hl7v2_types.padded(dialect, one, 1)[0] for one in dialect.repetitions(flags))
    marks = tuple(one for one in found if one)
    by = dialect.coded(method)
    by_whom = (
        by.code or by.alternate_code,
        by.text or by.alternate_text or by.original_text,
        *_performer(dialect, organization, producer),
        _one(dialect, instance),
    )
    return what, (*units, text, *bounds, marks, state), by_whom, faults


def _performer(dialect: Dialect, organization: str, producer: str) -> tuple[str | None, ...]:
    """OBX-23 names the laboratory since 2.5.1; before, and of those who never took it up, OBX-15."""
    found = hl7v2_types.organization(dialect, organization)
    if found.name or found.id:
        return found
    coded = dialect.coded(producer)
    return coded.text, coded.code, coded.system
