"""What partners answer: TA1, 999 (and 997), 277CA, as nested plain values. Codes are kept as sent.

TA1    control_number (of our interchange), date, time, status (A accepted, E with errors, R rejected), code (TA105)
999    function, control_number, guide (of our group); status (A, E, P partly, R), included, received, accepted,
       codes (AK905-09); transactions: set_id, control_number, guide, status, codes (IK502-06), errors: segment,
       position (from ST), loop, code (IK304), contexts, elements: element, component, reference, code (IK403)
277CA  reference, created; answers, one for each level: level (HL03: 20 payer, 21 receiver, 19 provider, PT patient),
       number, parent, party, trace (of PT: our claim_id), payer_claim_id (REF 1K), statuses: category, code, entity,
       date, action (WQ accepted, U rejected), amount; references, dates, amounts, quantities; lines: the same of SVC
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.formats import x12_details, x12_segments, x12_services
from jobs.formats.x12_delimiters import Delimiters
from jobs.formats.x12_envelope import OF_ENVELOPES
from jobs.formats.x12_payment import delimiters_of
from jobs.formats.x12_segments import BAD_DATE, Handler, Node, State, day, ignore, number, period


def interchange_answer(payload: bytes, delimiters: Delimiters) -> Node:
    """A TA1 record."""
    return _read(payload, delimiters, {"TA1": _ta1}, {})


def functional_answer(payload: bytes, context: bytes | None) -> Node:
    """A 999 or 997 record; raises X12PaymentError when its context is none."""
    return _read(payload, delimiters_of(context), _FUNCTIONAL, {"transactions": [], "codes": []})


def claims_answer(payload: bytes, context: bytes | None) -> Node:
    """A 277CA record; raises X12PaymentError when its context is none."""
    return _read(payload, delimiters_of(context), _CLAIMS, {"answers": []})


def _read(payload: bytes, delimiters: Delimiters, handlers: Mapping[str, Handler], top: Node) -> Node:
    state = x12_segments.run(payload, delimiters, handlers, State(top, delimiters.component.decode("latin-1")))
    return {**state.top, "problems": state.problems}


def _ta1(state: State, said: list[str]) -> None:
    """TA1."""
    sent = said[2] if len(said[2]) == 8 or not said[2] else "20" + said[2]
    when = period("D8", sent)
    if when is None and sent:
        state.tell(BAD_DATE, said, 2)
    state.top.update(
        control_number=said[1] or None,
        date=when.start if when else None,
        time=said[3] or None,
        status=said[4] or None,
        code=said[5] or None,
    )


def _group(state: State, said: list[str]) -> None:
    """AK1."""
    state.top.update(function=said[1] or None, control_number=said[2] or None, guide=said[3] or None)


def _transaction(state: State, said: list[str]) -> None:
    """AK2."""
    found: Node = {"set_id": said[1] or None, "control_number": said[2] or None, "guide": said[3] or None}
    found |= {"status": None, "codes": [], "errors": []}
    state.top["transactions"].append(found)
    state.holder = state.node = found


def _segment(state: State, said: list[str]) -> None:
    """IK3, AK3."""
    found: Node = {"segment": said[1] or None, "position": number(state, said, 2), "loop": said[3] or None}
    found |= {"code": said[4] or None, "contexts": [], "elements": []}
    state.holder.setdefault("errors", []).append(found)
    state.node = found


def _context(state: State, said: list[str]) -> None:
    """CTX."""
    state.node.setdefault("contexts", []).append([one or None for one in said[1:7]])


def _element(state: State, said: list[str]) -> None:
    """IK4, AK4; the bad value itself (IK404) is left where it is."""
    parts = [*said[1].split(state.component), ""]
    told = {"element": parts[0] or None, "component": parts[1] or None}
    told |= {"reference": said[2] or None, "code": said[3] or None}
    state.node.setdefault("elements", []).append(told)


def _transaction_end(state: State, said: list[str]) -> None:
    """IK5, AK5."""
    state.holder["status"], state.holder["codes"] = said[1] or None, [one for one in said[2:7] if one]
    state.node = state.holder


def _group_end(state: State, said: list[str]) -> None:
    """AK9."""
    state.top.update(
        status=said[1] or None,
        included=number(state, said, 2),
        received=number(state, said, 3),
        accepted=number(state, said, 4),
        codes=[one for one in said[5:10] if one],
    )


def _beginning(state: State, said: list[str]) -> None:
    """BHT."""
    state.top["reference"], state.top["created"] = said[3] or None, day(state, said, 4)


def _level(state: State, said: list[str]) -> None:
    """HL."""
    found: Node = {"number": said[1] or None, "parent": said[2] or None, "level": said[3] or None, "party": None}
    found |= {"trace": None, "payer_claim_id": None, "statuses": [], "lines": []}
    state.top["answers"].append(found)
    state.holder = state.node = found


def _party(state: State, said: list[str]) -> None:
    """NM1."""
    state.holder["party"] = x12_details.party(said)


def _trace(state: State, said: list[str]) -> None:
    """TRN."""
    state.holder["trace"] = said[2] or None


def _status(state: State, said: list[str]) -> None:
    """STC: up to three statuses that are meant together."""
    told = {"date": day(state, said, 2), "action": said[3] or None, "amount": number(state, said, 4)}
    for at in (1, 10, 11):
        if said[at]:
            parts = [*said[at].split(state.component), "", ""]
            code = {"category": parts[0] or None, "code": parts[1] or None, "entity": parts[2] or None}
            state.node.setdefault("statuses", []).append(code | told)


def _refer(state: State, said: list[str]) -> None:
    """REF."""
    x12_details.refer(state, said)
    if said[1] == "1K" and state.node is state.holder:
        state.holder["payer_claim_id"] = said[2] or None


def _line(state: State, said: list[str]) -> None:
    """SVC."""
    found: Node = {"statuses": []}
    x12_services.procedure(state, said[1], found)
    found["charge"], found["revenue_code"] = number(state, said, 2), said[4] or None
    state.holder.setdefault("lines", []).append(found)
    state.node = found


_FUNCTIONAL: Mapping[str, Handler] = {
    "ST": ignore, "SE": ignore, "AK1": _group, "AK2": _transaction, "IK3": _segment, "AK3": _segment, "CTX": _context,
    "IK4": _element, "AK4": _element, "IK5": _transaction_end, "AK5": _transaction_end, "AK9": _group_end,
}  # fmt: skip
_CLAIMS: Mapping[str, Handler] = {
    **x12_details.OF_LOOPS,
    **OF_ENVELOPES,
    "ST": ignore, "SE": ignore, "BHT": _beginning, "HL": _level, "NM1": _party, "TRN": _trace, "STC": _status,
    "REF": _refer, "SVC": _line,
}  # fmt: skip
