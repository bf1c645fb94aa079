"""What an 835 says of the whole payment: its header (BPR, TRN, payer, payee) and its summary (PLB).

payment    handling (BPR01), amount, credit_debit, method, format, payer_account, payee_account (qualifier, bank,
           account_qualifier, account), originator, date (BPR16), trace (TRN02: check or transfer number),
           payer_trace_id (TRN03), currency, production_date (DTM 405), references, transaction
payer      N1 PR: a party with contacts         payee   N1 PE: a party with additional ids in references
level      of LX: number, TS3: provider_id, facility_type, fiscal_period_end, claims, charge; TS2 as it is
provider_adjustments   of PLB: provider_id, fiscal_period_end, reason, reference, amount. Positive takes away from
           what is paid, negative adds to it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal

from jobs.formats import x12_delimiters, x12_details, x12_segments
from jobs.formats.x12_delimiters import Delimiters
from jobs.formats.x12_envelope import OF_ENVELOPES
from jobs.formats.x12_segments import Handler, Node, Problem, State, day, ignore, number

NO_CONTEXT = "no_context"


class X12PaymentError(ValueError):
    """A payment that cannot be parsed at all; says why, with no value of it."""


def delimiters_of(context: bytes | None) -> Delimiters:
    """The delimiters of the ISA that a context begins with; raises X12PaymentError when it begins with none."""
    found = x12_delimiters.of_context(context)
    if found is None:
        raise X12PaymentError("payment: what stands above is missing or begins with no readable ISA")
    return found


def header(context: bytes) -> Node:
    """The payment that a context (of a claim or of the summary), or envelope and header joined, tells of."""
    found, problems = above(context, delimiters_of(context))
    return {**found, "problems": list(problems)}


def summary(payload: bytes, context: bytes | None) -> Node:
    """The provider adjustments of a record 835.summary."""
    return adjustments(payload, delimiters_of(context))


def adjustments(payload: bytes, delimiters: Delimiters) -> Node:
    """The provider adjustments of PLB segments."""
    state = State({"provider_adjustments": []}, delimiters.component.decode("latin-1"))
    x12_segments.run(payload, delimiters, _SUMMARY, state)
    return {**state.top, "problems": state.problems}


def order(data: bytes, delimiters: Delimiters) -> Node:
    """What the header of a payment says of it (BPR, TRN)."""
    found: Node = _read(data, delimiters).top["payment"]
    return {"amount": None, **found}


@functools.lru_cache(maxsize=256)
def above(context: bytes, delimiters: Delimiters) -> tuple[Node, list[Problem]]:
    """What stands above the claims of a payment, read once for all of them, and what is wrong with it."""
    state = _read(context, delimiters)
    return state.top, [problem._replace(segment=0) for problem in state.problems]


def problems(data: bytes, delimiters: Delimiters) -> list[Problem]:
    """What is wrong with the header or a level of an 835, by its own segments."""
    return _read(data, delimiters).problems


def _read(data: bytes, delimiters: Delimiters) -> State:
    state = State({"payment": {}, "level": None, "payer": None, "payee": None}, delimiters.component.decode("latin-1"))
    state.holder = state.node = state.top["payment"]
    return x12_segments.run(data, delimiters, _HEADER, state)


def _transaction(state: State, said: list[str]) -> None:
    """ST."""
    state.top["transaction"] = {"control_number": said[2] or None, "guide": said[3] or None}


def _order(state: State, said: list[str]) -> None:
    """BPR."""
    payment = state.top["payment"]
    payment["handling"], payment["amount"] = said[1] or None, number(state, said, 2)
    payment["credit_debit"], payment["method"], payment["format"] = said[3] or None, said[4] or None, said[5] or None
    payment["payer_account"], payment["payee_account"] = _account(said, 6), _account(said, 12)
    payment["originator"], payment["date"] = said[10] or None, day(state, said, 16)


def _account(said: list[str], at: int) -> Node | None:
    names = ("qualifier", "bank", "account_qualifier", "account")
    found = {name: said[at + place] or None for place, name in enumerate(names)}
    return found if any(found.values()) else None


def _trace(state: State, said: list[str]) -> None:
    """TRN."""
    payment = state.top["payment"]
    payment["trace"], payment["payer_trace_id"] = said[2] or None, said[3] or None
    payment["payer_trace_supplement"] = said[4] or None


def _currency(state: State, said: list[str]) -> None:
    """CUR."""
    state.top["payment"]["currency"] = said[2] or None


def _date(state: State, said: list[str]) -> None:
    """DTM."""
    x12_details.date_time(state, said)
    if said[1] == "405" and state.node is state.top["payment"]:
        state.node["production_date"] = state.node["dates"][-1]["start"]


def _party(state: State, said: list[str]) -> None:
    """N1."""
    found = x12_details.organisation(said)
    role = {"PR": "payer", "PE": "payee"}.get(said[1])
    if role is None or state.top.get(role):
        state.top.setdefault("other_parties", []).append(found)
    else:
        state.top[role] = found
    state.node = found


def _delivery(state: State, said: list[str]) -> None:
    """RDM: how the remittance is delivered."""
    state.node["delivery"] = {"method": said[1] or None, "name": said[2] or None, "number": said[3] or None}


def _level(state: State, said: list[str]) -> None:
    """LX."""
    state.top["level"] = state.holder = state.node = {"number": said[1] or None}


def _provider_summary(state: State, said: list[str]) -> None:
    """TS3."""
    state.holder.update(
        provider_id=said[1] or None,
        facility_type=said[2] or None,
        fiscal_period_end=day(state, said, 3),
        claims=number(state, said, 4),
        charge=number(state, said, 5),
    )


def _adjustment(state: State, said: list[str]) -> None:
    """PLB: up to six reasons with an amount each."""
    end = day(state, said, 2)
    for at in (3, 5, 7, 9, 11, 13):
        if not said[at] and not said[at + 1]:
            continue
        parts = [*said[at].split(state.component), ""]
        state.top["provider_adjustments"].append(
            {
                "provider_id": said[1] or None,
                "fiscal_period_end": end,
                "reason": parts[0] or None,
                "reference": parts[1] or None,
                "amount": number(state, said, at + 1),
            }
        )


def taken_away(found: Node) -> Decimal:
    """What the provider adjustments of a summary take away from the payment."""
    return sum((one["amount"] or Decimal(0) for one in found["provider_adjustments"]), Decimal(0))


_HEADER: Mapping[str, Handler] = {
    **x12_details.OF_PARTIES,
    **x12_details.OF_LOOPS,
    **OF_ENVELOPES,
    "ST": _transaction, "BPR": _order, "TRN": _trace, "CUR": _currency, "DTM": _date, "N1": _party, "RDM": _delivery,
    "LX": _level, "TS3": _provider_summary, "TS2": x12_details.elsewhere,
}  # fmt: skip
_SUMMARY: Mapping[str, Handler] = {"PLB": _adjustment, "SE": ignore}
