"""Service lines of an 837 (loop 2400 with 2410 drugs, 2420 providers, 2430 adjudication, 2440 forms).

Keys of a line: number (LX01), revenue_code (SV2), code_qualifier, code, modifiers, description (C003), charge, unit,
quantity, place_of_service, pointers (numbers of the claim's diagnoses, from 1), adjustments of former payers in
adjudications, drugs, and the details of x12_details. SV1 adds is_emergency, SV3 oral_cavity, prosthesis and teeth
(TOO), SV2 rate and non_covered. `service_start`, `service_end` is DTP 472.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from jobs.formats import x12_details
from jobs.formats.x12_segments import Handler, Node, State, day, number

_SERVICE_DATE = "472"


def procedure(state: State, composite: str, found: Node) -> None:
    """C003: a code with up to four modifiers, put on a line, an adjudication or a payment."""
    parts = composite.split(state.component)
    count = len(parts)
    found["code_qualifier"] = parts[0] or None
    found["code"] = (parts[1] or None) if count > 1 else None
    found["modifiers"] = [part for part in parts[2:6] if part] if count > 2 else []
    if count > 6:
        found["description"] = parts[6] or None
        if count > 7:
            found["code_end"] = parts[7] or None


def line(state: State, said: list[str]) -> None:
    """LX: a line begins."""
    found: Node = {"number": said[1] or None, "dates": []}
    state.holder = state.node = found
    state.top["lines"].append(found)


def professional(state: State, said: list[str]) -> None:
    """SV1 (837P)."""
    found = state.node = _line(state)
    procedure(state, said[1], found)
    found["charge"] = number(state, said, 2)
    found["unit"], found["quantity"] = said[3] or None, number(state, said, 4)
    found["place_of_service"] = said[5] or None
    found["pointers"] = _pointers(state, said[7])
    found["is_emergency"] = said[9] == "Y"
    if said[11] or said[12] or said[15]:
        found["epsdt"], found["family_planning"] = said[11] or None, said[12] or None
        found["copay_status"] = said[15] or None


def institutional(state: State, said: list[str]) -> None:
    """SV2 (837I)."""
    found = state.node = _line(state)
    found["revenue_code"] = said[1] or None
    procedure(state, said[2], found)
    found["charge"] = number(state, said, 3)
    found["unit"], found["quantity"] = said[4] or None, number(state, said, 5)
    if said[6] or said[7]:
        found["rate"], found["non_covered"] = number(state, said, 6), number(state, said, 7)


def dental(state: State, said: list[str]) -> None:
    """SV3 (837D)."""
    found = state.node = _line(state)
    procedure(state, said[1], found)
    found["charge"] = number(state, said, 2)
    found["place_of_service"] = said[3] or None
    found["oral_cavity"] = [part for part in said[4].split(state.component) if part]
    found["prosthesis"], found["quantity"] = said[5] or None, number(state, said, 6)
    found["pointers"] = _pointers(state, said[11])


def equipment(state: State, said: list[str]) -> None:
    """SV5: durable medical equipment, rented or bought."""
    told: Node = {}
    procedure(state, said[1], told)
    told["unit"], told["quantity"] = said[2] or None, number(state, said, 3)
    told["rental_price"], told["purchase_price"] = number(state, said, 4), number(state, said, 5)
    told["frequency"] = said[6] or None
    _line(state)["equipment"] = told


def _line(state: State) -> Node:
    """The line in hand; one without LX is a line too, or its charge would be lost."""
    holder = state.holder
    if "number" not in holder:
        state.holder = holder = {"number": None, "dates": []}
        state.top["lines"].append(holder)
    return holder


def _pointers(state: State, value: str) -> list[int]:
    return [int(part) for part in value.split(state.component) if part.isascii() and part.isdigit() and len(part) < 4]


def line_date(state: State, said: list[str]) -> None:
    """DTP anywhere in a claim; that of a service is also the line's own."""
    x12_details.date_period(state, said)
    if said[1] == _SERVICE_DATE and "number" in (node := state.node):
        told = node["dates"][-1]
        node["service_start"], node["service_end"] = _both(told)


def _both(told: Node) -> tuple[date | None, date | None]:
    return told["start"], told["end"]


def tooth(state: State, said: list[str]) -> None:
    """TOO: a tooth and its surfaces."""
    surfaces = [part for part in said[3].split(state.component) if part]
    state.holder.setdefault("teeth", []).append({"code": said[2] or None, "surfaces": surfaces})


def drug(state: State, said: list[str]) -> None:
    """LIN: a drug or supply by its NDC (or another number)."""
    state.node = found = {"qualifier": said[2] or None, "code": said[3] or None}
    state.holder.setdefault("drugs", []).append(found)


def drug_quantity(state: State, said: list[str]) -> None:
    """CTP: how much of the drug, and at what price."""
    found = state.holder["drugs"][-1] if state.holder.get("drugs") else state.holder
    found["drug_quantity"] = number(state, said, 4)
    found["drug_unit"] = said[5].split(state.component)[0] or None
    if said[3]:
        found["drug_price"] = number(state, said, 3)


def adjudication(state: State, said: list[str]) -> None:
    """SVD: what a former payer made of the line."""
    found: Node = {"payer_id": said[1] or None, "paid": number(state, said, 2), "adjustments": []}
    procedure(state, said[3], found)
    found["revenue_code"], found["quantity"] = said[4] or None, number(state, said, 5)
    if said[6]:
        found["bundled_into"] = said[6]
    state.holder.setdefault("adjudications", []).append(found)
    state.node = found


def form(state: State, said: list[str]) -> None:
    """LQ of a line: a form that goes with it; its answers follow in FRM."""
    found: Node = {"list": said[1] or None, "code": said[2] or None, "answers": []}
    state.node = found
    state.holder.setdefault("forms", []).append(found)


def answer(state: State, said: list[str]) -> None:
    """FRM: one answer on a form."""
    told = {
        "question": said[1] or None,
        "answer": said[2] or None,
        "text": said[3] or None,
        "date": day(state, said, 4),
        "percent": number(state, said, 5),
    }
    (state.node if "answers" in state.node else state.holder).setdefault("answers", []).append(told)


OF_LINES: Mapping[str, Handler] = {
    "LX": line, "SV1": professional, "SV2": institutional, "SV3": dental, "SV5": equipment, "TOO": tooth,
    "DTP": line_date, "LIN": drug, "CTP": drug_quantity, "SVD": adjudication, "LQ": form, "FRM": answer,
}  # fmt: skip
