"""One claim of an 837 (professional X222, institutional X223, dental X224) as nested plain values.

A claim has what stands above it (x12_claim_levels: interchange, group, transaction, submitter, receiver, billing,
pay_to, subscriber, payer, patient) and of its own:

    claim_id (CLM01), charge (CLM02), place_of_service (CLM05-1, with its qualifier: B, or A for a facility type),
    frequency (CLM05-3: 1 original, 7 replacement, 8 void), provider_signature, accepts_assignment,
    benefits_assigned, release, accident_causes, accident_state, accident_country, special_program, delay_reason,
    predetermination (CLM19 = PB, dental)
    lines: x12_services        other_subscribers: former and later payers, each with subscriber, payer and adjustments
    diagnoses, procedures, ...: x12_health_codes
    rendering, referring, primary_care, supervising, facility, attending, operating, ...: parties, by their role
    admission (CL1), contract (CN1), repricing (HCP), attachments (PWK), certifications (CRC), other_segments
    dates, amounts, references, notes: x12_details
    problems: what in it could not be read, and where

Money is Decimal, dates are dates, absent is None or no key. What is above many claims is one object for all of
them, so nothing of it may be changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.formats import x12_delimiters, x12_details, x12_health_codes, x12_segments, x12_services
from jobs.formats.x12_claim_levels import above
from jobs.formats.x12_segments import Handler, Node, State, number

NO_CONTEXT = "no_context"
NO_CLAIM_ID = "no_claim_id"
NO_CHARGE = "no_charge"
NO_LINE = "no_line"
# Every fault that reading a claim may tell, with what it means to the sender.
FAULTS = x12_segments.FAULTS | {
    NO_CONTEXT: "what stands above the claim is missing or begins with no readable ISA",
    NO_CLAIM_ID: "no CLM01",
    NO_CHARGE: "no CLM02",
    NO_LINE: "a claim without any service line",
}
# NM101 of the parties inside a claim or a line; a second of a kind, and others, go to other_parties.
ROLES = {
    "82": "rendering", "DN": "referring", "P3": "primary_care", "DQ": "supervising", "77": "facility",
    "71": "attending", "72": "operating", "ZZ": "other_operating", "DD": "assistant_surgeon", "DK": "ordering",
    "QB": "purchased_service", "PW": "pick_up", "45": "drop_off", "IL": "subscriber", "PR": "payer",
    "QC": "patient", "85": "billing", "GB": "other_insured",
}  # fmt: skip


class X12ClaimError(ValueError):
    """A claim that cannot be parsed at all; says why, with no value of it."""


def parse(payload: bytes, context: bytes | None) -> Node:
    """A claim from the payload and the context of its record; raises X12ClaimError when the context is no context."""
    delimiters = x12_delimiters.of_context(context)
    if delimiters is None or context is None:
        raise X12ClaimError(f"claim: {FAULTS[NO_CONTEXT]}")
    levels, problems = above(context, delimiters)
    claim: Node = {**levels, "lines": []}
    state = State(claim, delimiters.component.decode("latin-1"))
    x12_segments.run(payload, delimiters, _HANDLERS, state)
    if problems:
        state.problems[:0] = problems
    if not claim.get("claim_id"):
        state.problems.append(x12_segments.Problem(NO_CLAIM_ID, 1, "CLM", 1))
    if claim.get("charge") is None:
        state.problems.append(x12_segments.Problem(NO_CHARGE, 1, "CLM", 2))
    if not claim["lines"]:
        state.problems.append(x12_segments.Problem(NO_LINE, 1, "LX", 0))
    claim["problems"] = state.problems
    return claim


def _claim(state: State, said: list[str]) -> None:
    """CLM."""
    claim, facility = state.top, said[5].split(state.component)
    claim["claim_id"], claim["charge"] = said[1].strip() or None, number(state, said, 2)
    facility += ["", "", ""]
    claim["place_of_service"], claim["place_qualifier"] = facility[0] or None, facility[1] or None
    claim["frequency"] = facility[2].strip() or None
    claim["provider_signature"], claim["accepts_assignment"] = said[6] or None, said[7] or None
    claim["benefits_assigned"], claim["release"] = said[8] or None, said[9] or None
    if said[11]:
        causes = said[11].split(state.component) + [""] * 5
        claim["accident_causes"] = [cause for cause in causes[:3] if cause]
        claim["accident_state"], claim["accident_country"] = causes[3] or None, causes[4] or None
    claim["special_program"], claim["delay_reason"] = said[12] or None, said[20] or None
    if said[19] == "PB":
        claim["predetermination"] = True


def _party(state: State, said: list[str]) -> None:
    """NM1: someone who has to do with the claim, the other subscriber or the line."""
    found, holder = x12_details.party(said), state.holder
    role = ROLES.get(said[1])
    if holder is state.top and role in _ABOVE:
        role = None
    if role is None or role in holder:
        holder.setdefault("other_parties", []).append(found)
    else:
        holder[role] = found
    state.node = found


def _other_subscriber(state: State, said: list[str]) -> None:
    """SBR inside a claim: another payer begins (loop 2320)."""
    found: Node = {
        "payer_sequence": said[1] or None,
        "relationship": said[2] or None,
        "group_number": said[3] or None,
        "group_name": said[4] or None,
        "insurance_type": said[5] or None,
        "filing_indicator": said[9] or None,
        "adjustments": [],
    }
    state.holder = state.node = found
    state.top.setdefault("other_subscribers", []).append(found)


def _other_insurance(state: State, said: list[str]) -> None:
    """OI."""
    holder = state.holder
    holder["benefits_assigned"], holder["patient_signature"] = said[3] or None, said[4] or None
    holder["release"] = said[6] or None


def _admission(state: State, said: list[str]) -> None:
    """CL1."""
    state.top["admission"] = {"type": said[1] or None, "source": said[2] or None, "patient_status": said[3] or None}


def _attachment(state: State, said: list[str]) -> None:
    """PWK."""
    told = {"type": said[1] or None, "transmission": said[2] or None, "id": said[6] or None}
    state.holder.setdefault("attachments", []).append(told)


def _contract(state: State, said: list[str]) -> None:
    """CN1."""
    state.holder["contract"] = {
        "type": said[1] or None,
        "amount": number(state, said, 2),
        "percent": number(state, said, 3),
        "code": said[4] or None,
        "discount_percent": number(state, said, 5),
        "version": said[6] or None,
    }


def _repricing(state: State, said: list[str]) -> None:
    """HCP."""
    state.holder["repricing"] = {
        "method": said[1] or None,
        "allowed": number(state, said, 2),
        "savings": number(state, said, 3),
        "organisation_id": said[4] or None,
        "rate": number(state, said, 5),
        "drg": said[6] or None,
        "drg_amount": number(state, said, 7),
        "revenue_code": said[8] or None,
        "code_qualifier": said[9] or None,
        "code": said[10] or None,
        "unit": said[11] or None,
        "quantity": number(state, said, 12),
        "rejection": said[13] or None,
        "compliance": said[14] or None,
        "exception": said[15] or None,
    }


def _certification(state: State, said: list[str]) -> None:
    """CRC."""
    told = {"category": said[1] or None, "applies": said[2] == "Y", "conditions": [one for one in said[3:8] if one]}
    state.holder.setdefault("certifications", []).append(told)


def _purchased(state: State, said: list[str]) -> None:
    """PS1."""
    state.holder["purchased"] = {"provider_id": said[1] or None, "charge": number(state, said, 2)}


def _measurement(state: State, said: list[str]) -> None:
    """MEA."""
    told = {"reference": said[1] or None, "qualifier": said[2] or None, "value": number(state, said, 3)}
    state.holder.setdefault("measurements", []).append(told)


# Parties that stand above a claim: one inside of it is another.
_ABOVE = frozenset({"subscriber", "payer", "patient", "billing"})
_KEPT = ("CR1", "CR2", "CR3", "CR5", "CR6", "CR7", "CR8", "HSD", "DN1", "DN2", "SV4", "SV6", "SV7", "UR", "IMM", "SE")
_HANDLERS: Mapping[str, Handler] = {
    **x12_details.OF_PARTIES,
    **x12_details.OF_LOOPS,
    **x12_services.OF_LINES,
    **dict.fromkeys(_KEPT, x12_details.elsewhere),
    "CLM": _claim, "HI": x12_health_codes.coded, "NM1": _party, "SBR": _other_subscriber, "OI": _other_insurance,
    "CL1": _admission, "PWK": _attachment, "CN1": _contract, "HCP": _repricing, "CRC": _certification,
    "PS1": _purchased, "MEA": _measurement,
}  # fmt: skip
