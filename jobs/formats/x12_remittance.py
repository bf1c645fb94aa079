"""One claim payment of an 835 (X221) as nested plain values.

It has what stands above it (x12_payment: interchange, group, transaction, payment, payer, payee, level) and of its own:

    claim_id (CLP01, the CLM01 of the claim), status (CLP02: 1 primary, 2 secondary, 4 denied, 22 reversal, ...),
    charge, paid, patient_responsibility, filing_indicator, payer_claim_id (CLP07), facility_type, frequency, drg,
    drg_weight, discharge_fraction; is_reversal
    adjustments of the claim (CAS), patient, insured, corrected, rendering, crossover, corrected_payer, other_insured,
    inpatient (MIA), outpatient (MOA), references, dates, contacts, amounts, quantities (x12_details)
    lines: code_qualifier, code, modifiers (SVC01), charge, paid, revenue_code, units (paid), submitted (SVC06: what was
    billed when it is another code), units_billed, adjustments, references, dates, amounts, quantities, remarks;
    service_start and service_end from DTM 472, or 150 and 151
    problems: what in it could not be read, and where

Money is Decimal, dates are dates, absent is None or no key. What is above many claims is one object for all of
them, so nothing of it may be changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.formats import x12_details, x12_segments, x12_services
from jobs.formats.x12_payment import NO_CONTEXT, above, delimiters_of
from jobs.formats.x12_segments import Handler, Node, State, number

NO_CLAIM_ID = "no_claim_id"
NO_AMOUNT = "no_amount"
# Every fault that reading a claim payment may tell, with what it means to the sender.
FAULTS = x12_segments.FAULTS | {
    NO_CONTEXT: "what stands above the claim is missing or begins with no readable ISA",
    NO_CLAIM_ID: "no CLP01",
    NO_AMOUNT: "no CLP03 or no CLP04",
}
REVERSAL = "22"
# NM101 of the parties of a claim payment; a second of a kind, and others, go to other_parties.
ROLES = {
    "QC": "patient", "IL": "insured", "74": "corrected", "82": "rendering", "TT": "crossover", "PR": "corrected_payer",
    "GB": "other_insured",
}  # fmt: skip
_SERVICE, _BEGINS, _ENDS = "472", "150", "151"


def parse(payload: bytes, context: bytes | None) -> Node:
    """A claim payment from payload and context of its record; raises X12PaymentError when the context is none."""
    delimiters = delimiters_of(context)
    assert context is not None
    levels, problems = above(context, delimiters)
    found: Node = {**levels, "adjustments": [], "lines": []}
    state = State(found, delimiters.component.decode("latin-1"))
    x12_segments.run(payload, delimiters, _HANDLERS, state)
    if problems:
        state.problems[:0] = problems
    if not found.get("claim_id"):
        state.problems.append(x12_segments.Problem(NO_CLAIM_ID, 1, "CLP", 1))
    if found.get("charge") is None or found.get("paid") is None:
        state.problems.append(x12_segments.Problem(NO_AMOUNT, 1, "CLP", 3 if found.get("charge") is None else 4))
    found["problems"] = state.problems
    return found


def _claim(state: State, said: list[str]) -> None:
    """CLP."""
    top = state.top
    top["claim_id"], top["status"] = said[1].strip() or None, said[2].strip() or None
    top["is_reversal"] = top["status"] == REVERSAL
    top["charge"], top["paid"] = number(state, said, 3), number(state, said, 4)
    top["patient_responsibility"] = number(state, said, 5)
    top["filing_indicator"], top["payer_claim_id"] = said[6] or None, said[7] or None
    top["facility_type"], top["frequency"] = said[8] or None, said[9] or None
    top["drg"] = said[11] or None
    if said[12] or said[13]:
        top["drg_weight"], top["discharge_fraction"] = number(state, said, 12), number(state, said, 13)


def _party(state: State, said: list[str]) -> None:
    """NM1."""
    found, top = x12_details.party(said), state.top
    role = ROLES.get(said[1])
    if role is None or role in top:
        # Not `other_parties`: those of the payment are read once for many claims.
        top.setdefault("claim_parties", []).append(found)
    else:
        top[role] = found


def _line(state: State, said: list[str]) -> None:
    """SVC."""
    found: Node = {"adjustments": []}
    x12_services.procedure(state, said[1], found)
    found["charge"], found["paid"] = number(state, said, 2), number(state, said, 3)
    found["revenue_code"], found["units"] = said[4] or None, number(state, said, 5)
    if said[6]:
        submitted: Node = {}
        x12_services.procedure(state, said[6], submitted)
        found["submitted"] = submitted
    if said[7]:
        found["units_billed"] = number(state, said, 7)
    state.holder = state.node = found
    state.top["lines"].append(found)


def _date(state: State, said: list[str]) -> None:
    """DTM; those of the service are also the line's own."""
    x12_details.date_time(state, said)
    node, qualifier = state.node, said[1]
    if node is state.top:
        return
    told = node["dates"][-1]
    if qualifier == _SERVICE:
        node["service_start"], node["service_end"] = told["start"], told["end"]
    elif qualifier == _BEGINS:
        node["service_start"] = told["start"]
        node.setdefault("service_end", None)
    elif qualifier == _ENDS:
        node.setdefault("service_start", None)
        node["service_end"] = told["end"]


_HANDLERS: Mapping[str, Handler] = {
    **x12_details.OF_LOOPS,
    "REF": x12_details.refer, "PER": x12_details.contact, "CLP": _claim, "NM1": _party, "SVC": _line, "DTM": _date,
    "LX": x12_details.elsewhere,
}  # fmt: skip
