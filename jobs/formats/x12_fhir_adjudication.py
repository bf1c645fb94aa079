"""What a payer made of a claim or a line, as FHIR R4 adjudications: each amount once, each adjustment as it was sent.

submitted    SVC02, CLP03           benefit      SVC03, CLP04
eligible     AMT B6 of a line, AMT AU of a claim; where none is sent and no former payer had a part (OA 23), what is
             paid and the patient's share together, with the reason paid-plus-patient-share
deductible, coinsurance, copay      CAS PR 1, 2, 3
<group>-<reason>                    any other CAS, as CO-45
memberliability                     CLP05

Totals are of the whole claim: what stands at the claim and at its lines together, so they hold lines that are not
told too. They are never to be added to the lines.
"""

from __future__ import annotations

from decimal import Decimal

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_lines import money
from jobs.formats.x12_segments import Node

_ALLOWED_LINE, _ALLOWED_CLAIM = "B6", "AU"
_IMPACT_OF_FORMER = ("OA", "23")
_SHARES = ("deductible", "coinsurance", "copay")
_MEMBER = codes.concept(f"{codes.CARIN}C4BBAdjudication", "memberliability")
_DERIVED = codes.concept(f"{codes.OURS}eligible", "paid-plus-patient-share")
_NOTHING = Decimal(0)


def adjudications(found: Node, currency: str, *, by_former: bool) -> list[Node]:
    """Of one line."""
    told = [_amount("submitted", found.get("charge"), currency), _amount("benefit", found.get("paid"), currency)]
    allowed, is_told = eligible(found, by_former=by_former)
    if allowed is not None:
        one = _amount("eligible", allowed, currency)
        if one and not is_told:
            one["reason"] = _DERIVED
        told.append(one)
    return [one for one in told if one] + adjustments(found, currency)


def adjustments(found: Node, currency: str) -> list[Node]:
    """The CAS of a claim or a line, each by group and reason."""
    made: list[Node] = []
    for one in found["adjustments"]:
        if one["amount"] is None:
            continue
        made.append(
            {
                "category": codes.adjustment(one["group"], one["reason"]),
                "reason": codes.concept(codes.ADJUSTMENT_REASONS, one["reason"]),
                "amount": money(one["amount"], currency),
            }
        )
    return made


def eligible(found: Node, *, by_former: bool) -> tuple[Decimal | None, bool]:
    """What is allowed of a line or claim, and whether the payer says so itself."""
    wanted = _ALLOWED_CLAIM if "claim_id" in found else _ALLOWED_LINE
    for one in found.get("amounts") or ():
        if one["qualifier"] == wanted and one["amount"] is not None:
            return one["amount"], True
    paid = found.get("paid")
    if by_former or paid is None:
        return None, False
    return paid + sum(shares(found).values(), _NOTHING), False


def shares(found: Node) -> dict[str, Decimal]:
    """What the patient owes of a line or claim, by kind."""
    made: dict[str, Decimal] = {}
    for one in found["adjustments"]:
        name = codes.share(one["group"], one["reason"])
        if name and one["amount"] is not None:
            made[name] = made.get(name, _NOTHING) + one["amount"]
    return made


def has_former(found: Node) -> bool:
    """Whether a former payer's part is among the adjustments (OA 23): allowed is then more than paid and owed."""
    return any(
        (one["group"], one["reason"]) == _IMPACT_OF_FORMER
        for part in (found, *found["lines"])
        for one in part["adjustments"]
    )


def totals(found: Node, currency: str, *, by_former: bool) -> list[Node]:
    """Of the whole claim."""
    lines = found["lines"]
    sums = shares(found)
    for line in lines:
        for name, amount in shares(line).items():
            sums[name] = sums.get(name, _NOTHING) + amount
    allowed, is_told = eligible(found, by_former=True)
    if not is_told:
        allowed = _allowed_of_lines(found, sums, by_former)
    made = [
        _amount("submitted", found.get("charge"), currency),
        _amount("benefit", found.get("paid"), currency),
        _amount("eligible", allowed, currency),
        *[_amount(name, sums.get(name), currency) for name in _SHARES],
    ]
    owed = found.get("patient_responsibility")
    if owed is not None:
        made.append({"category": _MEMBER, "amount": money(owed, currency)})
    return [one for one in made if one]


def _allowed_of_lines(found: Node, sums: dict[str, Decimal], by_former: bool) -> Decimal | None:
    told = [eligible(line, by_former=by_former)[0] for line in found["lines"]]
    # Adjustments at the claim leave the lines' sum no longer what is allowed of the whole.
    if told and None not in told and not found["adjustments"]:
        return sum((one for one in told if one is not None), _NOTHING)
    if by_former or found.get("paid") is None:
        return None
    return found["paid"] + sum(sums.values(), _NOTHING)


def _amount(category: str, amount: Decimal | None, currency: str) -> Node | None:
    return None if amount is None else {"category": codes.category(category), "amount": money(amount, currency)}
