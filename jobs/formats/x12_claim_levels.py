"""What stands above a claim of an 837: envelope, submitter and receiver, billing provider, subscriber, patient.

Keys: interchange and group (x12_envelope), transaction (control_number, guide, purpose, reference, created, time,
kind), submitter, receiver, billing, pay_to, pay_to_plan, billing_taxonomy, currency; subscriber, a party with
payer_sequence, relationship, group_number, group_name, insurance_type, filing_indicator; payer; patient, a party
with relationship, None when the subscriber is the patient; responsible; level_parties and level_details: what has no
place of its own. Read once for all claims that stand under it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from jobs.formats import x12_details, x12_segments
from jobs.formats.x12_delimiters import Delimiters
from jobs.formats.x12_envelope import OF_ENVELOPES
from jobs.formats.x12_segments import Handler, Node, Problem, State, day, number

_ROLES = {
    "41": "submitter", "40": "receiver", "85": "billing", "87": "pay_to", "PE": "pay_to_plan", "IL": "subscriber",
    "PR": "payer", "QC": "patient", "QD": "responsible",
}  # fmt: skip


def above(context: bytes, delimiters: Delimiters) -> tuple[Node, list[Problem]]:
    """The levels of a context, and what is wrong with them."""
    found = _subscriber(delimiters).search(context)
    if found is None:
        return _part(context, delimiters)
    top, wrong = _part(context[: found.start()], delimiters)
    own, also = _part(context[found.start() :], delimiters)
    merged = {**top, **own}
    if "level_details" in top and "level_details" in own:
        merged["level_details"] = top["level_details"] + own["level_details"]
    return merged, wrong + also if wrong or also else wrong


def problems(data: bytes, delimiters: Delimiters) -> list[Problem]:
    """What is wrong with the header or a level of an 837, by its own segments."""
    return _read(data, delimiters).problems


@functools.lru_cache(maxsize=64)
def _subscriber(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Where the subscriber's level begins: billing providers are few, subscribers many."""
    end, between = re.escape(delimiters.terminator), re.escape(delimiters.element)
    element = b"[^" + end + between + b"]*+" + between
    return re.compile(end + rb"[\r\n\t ]*+HL" + between + element + element + b"22")


@functools.lru_cache(maxsize=256)
def _part(data: bytes, delimiters: Delimiters) -> tuple[Node, list[Problem]]:
    state = _read(data, delimiters)
    found = state.top
    for name, place in (("_subscription", "subscriber"), ("_relation", "patient")):
        if name in found:
            found[place] = {**found.pop(name), **(found.get(place) or {})}
    return found, [problem._replace(segment=0) for problem in state.problems]


def _read(data: bytes, delimiters: Delimiters) -> State:
    state = State({}, delimiters.component.decode("latin-1"))
    # What belongs to no party is kept apart: a claim adds to its own lists, and this is read once for many.
    state.holder = state.node = {}
    x12_segments.run(data, delimiters, _HANDLERS, state)
    _keep_details(state)
    return state


def _keep_details(state: State) -> None:
    if state.holder:
        state.top.setdefault("level_details", []).append({"level": state.level, **state.holder})


def _transaction(state: State, said: list[str]) -> None:
    """ST."""
    state.top["transaction"] = {"control_number": said[2] or None, "guide": said[3] or None}


def _beginning(state: State, said: list[str]) -> None:
    """BHT."""
    told = {
        "purpose": said[2] or None,
        "reference": said[3] or None,
        "created": day(state, said, 4),
        "time": said[5] or None,
        "kind": said[6] or None,
    }
    state.top.setdefault("transaction", {}).update(told)


def _level(state: State, said: list[str]) -> None:
    """HL: what follows is of the new level."""
    _keep_details(state)
    state.level = said[3].strip()
    if state.level == "22":
        state.top["patient"] = None
    state.holder = state.node = {}


def _party(state: State, said: list[str]) -> None:
    """NM1."""
    found, role = x12_details.party(said), _ROLES.get(said[1])
    if role is None or state.top.get(role):
        state.top.setdefault("level_parties", []).append(found)
    else:
        state.top[role] = found
    state.node = found


def _provider(state: State, said: list[str]) -> None:
    """PRV: of the billing provider before its name is told, or of the party in hand."""
    if state.node is state.holder:
        state.top["billing_taxonomy"] = said[3] or None
    else:
        x12_details.speciality(state, said)


def _currency(state: State, said: list[str]) -> None:
    """CUR."""
    state.top["currency"] = said[2] or None


def _subscription(state: State, said: list[str]) -> None:
    """SBR: as what the subscriber is insured."""
    state.top["_subscription"] = {
        "payer_sequence": said[1] or None,
        "relationship": said[2] or None,
        "group_number": said[3] or None,
        "group_name": said[4] or None,
        "insurance_type": said[5] or None,
        "filing_indicator": said[9] or None,
    }


def _relation(state: State, said: list[str]) -> None:
    """PAT: what the patient is to the subscriber; in the subscriber's own level what the subscriber is besides."""
    told: Node = {"relationship": said[1]} if said[1] else {}
    if said[6]:
        told["died"] = day(state, said, 6)
    if said[8]:
        told["weight_unit"], told["weight"] = said[7] or None, number(state, said, 8)
    if said[9]:
        told["is_pregnant"] = said[9] == "Y"
    if state.level == "22":
        state.top.setdefault("_subscription", {}).update(told)
    else:
        state.top["_relation"] = told


_HANDLERS: Mapping[str, Handler] = {
    **x12_details.OF_PARTIES,
    **x12_details.OF_LOOPS,
    **OF_ENVELOPES,
    "ST": _transaction, "BHT": _beginning, "HL": _level, "NM1": _party, "PRV": _provider, "CUR": _currency,
    "SBR": _subscription, "PAT": _relation,
}  # fmt: skip
