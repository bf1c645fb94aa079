"""Problems of HL7 v2 messages (PPR): one row per PRB."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields, each_of
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_order_context import comment
from jobs.formats.hl7v2_subject import Subject
from jobs.formats.hl7v2_types import EntityId

NO_PROBLEM = "no_problem_code"
FAULTS = {NO_PROBLEM: "a problem that is not named (PRB-3)"}


class Problem(NamedTuple):
    """One PRB (HL7 v2.5 section 12.4.2) of a problem list.

    `action` is PRB-1 (table 0287): AD add, UP update, CO correct, DE delete, UC unchanged, LI and UN of a link to
    another. `identifier` is PRB-4, which names the problem in all messages. `confirmation` (PRB-13) and `life_cycle`
    (PRB-14) are of tables that sites fill themselves.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    action: str | None
    acted_at: str | None
    code: Coded
    identifier: EntityId
    established_at: str | None
    resolved_at: str | None
    confirmation: Coded
    life_cycle: Coded
    onset_at: str | None
    onset_text: str | None
    severity: Coded
    comment: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def problems(message: Message) -> list[Problem]:
    """The problems of a message."""
    return [_problem(*one) for one in each_of(message, "PRB")]


def _problem(index: int, subject: Subject, prb: Fields) -> Problem:
    code = prb.coded(3, "code")
    return Problem(
        index,
        *subject,
        action=prb.text(1, "action"),
        acted_at=prb.time(2, "acted_at"),
        code=code,
        identifier=prb.entity(4, "identifier"),
        established_at=prb.time(7, "established_at"),
        resolved_at=prb.time(9, "resolved_at"),
        confirmation=prb.coded(13, "confirmation"),
        life_cycle=prb.coded(14, "life_cycle"),
        onset_at=prb.time(16, "onset_at"),
        onset_text=prb.text(17, "onset_text"),
        severity=prb.coded(26, "severity"),
        comment=comment(prb.message, index),
        nulls=prb.nulls,
        faults=prb.faults + (() if any(code) else (NO_PROBLEM,)),
    )
