"""Details that stand in many X12 loops: references, dates, amounts, adjustments, names and addresses.

Each is put on the part of the record in hand (`state.node`). Keys:

    references   REF   qualifier, value, description
    dates        DTP   qualifier, start, end, time, value (as sent); DTM in the 835
    amounts      AMT   qualifier, amount
    quantities   QTY   qualifier, quantity
    adjustments  CAS   group, reason, amount, quantity; one for each reason
    notes        NTE   qualifier, text
    contacts     PER   function, name, numbers (qualifier, value)
    remarks      LQ    list (qualifier), code
and of a party (NM1, N1): role, is_person, name, first_name, middle_name, prefix, suffix, id_qualifier, id,
additional_name (N2), line1, line2 (N3), city, state, zip, country, subdivision (N4), provider_type, taxonomy (PRV),
birth_date, sex, marital_status, race (DMG). Lists and what a segment of its own says are there when they were sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.formats.x12_segments import BAD_DATE, NEVER, Handler, Node, State, day, number, period


def refer(state: State, said: list[str]) -> None:
    """REF."""
    found = {"qualifier": said[1], "value": said[2] or None, "description": said[3] or None}
    node = state.node
    if "references" in node:
        node["references"].append(found)
    else:
        node["references"] = [found]


def date_period(state: State, said: list[str]) -> None:
    """DTP: a date with its format."""
    _dated(state, said, said[2], said[3], 3)


def date_time(state: State, said: list[str]) -> None:
    """DTM as the 835 uses it: a plain date, or a format and a period in DTM05 and 06."""
    if said[2]:
        _dated(state, said, "D8", said[2], 2)
    else:
        _dated(state, said, said[5], said[6], 6)


def _dated(state: State, said: list[str], form: str, value: str, element: int) -> None:
    found = period(form, value)
    if found is None:
        state.tell(BAD_DATE, said, element)
        found = NEVER
    told = {"qualifier": said[1], "start": found[0], "end": found[1], "time": found[2], "value": value or None}
    node = state.node
    if "dates" in node:
        node["dates"].append(told)
    else:
        node["dates"] = [told]


def amount(state: State, said: list[str]) -> None:
    """AMT."""
    state.node.setdefault("amounts", []).append({"qualifier": said[1], "amount": number(state, said, 2)})


def quantity(state: State, said: list[str]) -> None:
    """QTY."""
    state.node.setdefault("quantities", []).append({"qualifier": said[1], "quantity": number(state, said, 2)})


def adjust(state: State, said: list[str]) -> None:
    """CAS: a group and up to six reasons, each with amount and quantity."""
    node, group = state.node, said[1] or None
    # A party inside the loop takes no adjustments: they are the loop's.
    found = (node if "adjustments" in node else state.holder).setdefault("adjustments", [])
    for at in (2, 5, 8, 11, 14, 17):
        if said[at] or said[at + 1]:
            found.append(
                {
                    "group": group,
                    "reason": said[at] or None,
                    "amount": number(state, said, at + 1),
                    "quantity": number(state, said, at + 2) if said[at + 2] else None,
                }
            )


def note(state: State, said: list[str]) -> None:
    """NTE, K3."""
    told = (said[1], said[2]) if said[0] == "NTE" else (None, said[1])
    state.holder.setdefault("notes", []).append({"qualifier": told[0] or None, "text": told[1] or None})


def contact(state: State, said: list[str]) -> None:
    """PER: a name and up to three numbers."""
    numbers = [{"qualifier": said[at], "value": said[at + 1] or None} for at in (3, 5, 7) if said[at]]
    told = {"function": said[1] or None, "name": said[2] or None, "numbers": numbers}
    state.node.setdefault("contacts", []).append(told)


def remark(state: State, said: list[str]) -> None:
    """LQ."""
    state.node.setdefault("remarks", []).append({"list": said[1] or None, "code": said[2] or None})


def party(said: list[str]) -> Node:
    """NM1: a person or an organisation."""
    return {
        "role": said[1],
        "is_person": said[2] == "1",
        "name": said[3] or None,
        "first_name": said[4] or None,
        "middle_name": said[5] or None,
        "prefix": said[6] or None,
        "suffix": said[7] or None,
        "id_qualifier": said[8] or None,
        "id": said[9] or None,
    }


def organisation(said: list[str]) -> Node:
    """N1, as a party."""
    return {
        "role": said[1],
        "is_person": False,
        "name": said[2] or None,
        "id_qualifier": said[3] or None,
        "id": said[4] or None,
    }


def further_name(state: State, said: list[str]) -> None:
    """N2."""
    state.node["additional_name"] = said[1] or None


def street(state: State, said: list[str]) -> None:
    """N3."""
    node = state.node
    node["line1"], node["line2"] = said[1] or None, said[2] or None


def city(state: State, said: list[str]) -> None:
    """N4."""
    node = state.node
    node["city"], node["state"], node["zip"] = said[1] or None, said[2] or None, said[3] or None
    node["country"], node["subdivision"] = said[4] or None, said[7] or None


def speciality(state: State, said: list[str]) -> None:
    """PRV."""
    state.node["provider_type"], state.node["taxonomy"] = said[1] or None, said[3] or None


def demographics(state: State, said: list[str]) -> None:
    """DMG."""
    node = state.node
    node["birth_date"] = day(state, said, 2)
    node["sex"] = said[3] or None
    if said[4] or said[5]:
        node["marital_status"], node["race"] = said[4] or None, said[5] or None


def inpatient(state: State, said: list[str]) -> None:
    """MIA: what an inpatient claim's payment is made of."""
    told: Node = {name: number(state, said, element) for name, element in _MIA.items() if said[element]}
    told["remarks"] = [said[element] for element in (5, 20, 21, 22, 23) if said[element]]
    state.holder["inpatient"] = told


def outpatient(state: State, said: list[str]) -> None:
    """MOA: what an outpatient claim's payment is made of."""
    told: Node = {name: number(state, said, element) for name, element in _MOA.items() if said[element]}
    told["remarks"] = [said[element] for element in range(3, 8) if said[element]]
    state.holder["outpatient"] = told


def elsewhere(state: State, said: list[str]) -> None:
    """A segment that is kept as it is: its tag, and its elements up to the last that is sent."""
    last = max((at for at, value in enumerate(said) if value), default=0)
    told = {"segment": said[0], "elements": [value or None for value in said[1 : last + 1]]}
    state.holder.setdefault("other_segments", []).append(told)


_MIA = {
    "covered_days": 1, "operating_outlier": 2, "lifetime_psychiatric_days": 3, "drg_amount": 4,
    "disproportionate_share": 6, "msp_pass_through": 7, "capital": 8, "capital_federal_drg": 9,
    "capital_hospital_drg": 10, "capital_share_drg": 11, "old_capital": 12, "capital_teaching": 13,
    "operating_hospital_drg": 14, "cost_report_days": 15, "operating_federal_drg": 16, "capital_outlier": 17,
    "indirect_teaching": 18, "nonpayable_professional": 19, "capital_exception": 24,
}  # fmt: skip
_MOA = {"reimbursement_rate": 1, "payable": 2, "esrd_payment": 8, "nonpayable_professional": 9}

# What names and addresses are made of, and what any loop may have.
OF_PARTIES: Mapping[str, Handler] = {
    "N2": further_name, "N3": street, "N4": city, "PER": contact, "PRV": speciality, "DMG": demographics, "REF": refer,
}  # fmt: skip
OF_LOOPS: Mapping[str, Handler] = {
    "DTP": date_period, "DTM": date_time, "AMT": amount, "QTY": quantity, "CAS": adjust, "NTE": note, "K3": note,
    "LQ": remark, "MIA": inpatient, "MOA": outpatient,
}  # fmt: skip
