"""What a payer made of a claim or a line, as FHIR R4 adjudications: each amount once, each adjustment as it was sent.

submitted    SVC02, CLP03           benefit      SVC03, CLP04
eligible     AMT B6 of a line, AMT AU of a claim; where none is sent and no former payer had a part (OA 23), what is
             paid, the patient's share and what is withheld of the payment together, with the reason
             paid-plus-patient-share
deductible, coinsurance, copay      CAS PR 1, 2, 3
<group>-<reason>                    any other CAS, as CO-45
memberliability                     CLP05; of a reversal only what is below zero

A reversal has the sign of all its amounts turned (835 TR3, 1.10.2.8); AMT and CLP05 some payers leave as they were.

Totals are of the whole claim: what stands at the claim and at its lines together, so they hold lines that are not
told too. They are never to be added to the lines.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import NamedTuple

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_json import Text, concept, decimal, listed, money
from jobs.formats.x12_segments import Node

_ALLOWED_LINE, _ALLOWED_CLAIM = "B6", "AU"
_IMPACT_OF_FORMER = ("OA", "23")
# Managed care withholding, tax withholding, sequestration (X12 external code list 139): what is allowed stays the same.
_WITHHELD = frozenset({"104", "105", "253"})
_SHARES = ("deductible", "coinsurance", "copay")
_CATEGORIES = {name: codes.category(name) for name in ("submitted", "benefit", "eligible", *_SHARES)}
_MEMBER = concept(f"{codes.CARIN}C4BBAdjudication", "memberliability")
_DERIVED = concept(f"{codes.OURS}eligible", "paid-plus-patient-share")
_NOTHING = Decimal(0)


class Decided(NamedTuple):
    """What a payer made of a claim or a line: what is allowed, whether the payer says so, what the patient owes."""

    allowed: Decimal | None
    is_told: bool
    owed: dict[str, Decimal]


def decided(found: Node, *, by_former: bool) -> Decided:
    """Of one line, or of what stands at the claim itself."""
    owed: dict[str, Decimal] = {}
    for one in found["adjustments"]:
        name = codes.share(one["group"], one["reason"])
        if name and one["amount"] is not None:
            owed[name] = owed.get(name, _NOTHING) + one["amount"]
    if told := found.get("amounts"):
        wanted = _ALLOWED_CLAIM if "claim_id" in found else _ALLOWED_LINE
        for one in told:
            if one["qualifier"] == wanted and one["amount"] is not None:
                return Decided(_as_charged(found, one["amount"]), True, owed)
    paid = found.get("paid")
    if by_former or paid is None:
        return Decided(None, False, owed)
    for amount in owed.values():
        paid += amount
    return Decided(paid + _withheld(found), False, owed)


def _withheld(part: Node) -> Decimal:
    """What is taken off the payment and not off what is allowed."""
    total = _NOTHING
    for one in part["adjustments"]:
        if one["reason"] in _WITHHELD and one["group"] != "PR" and one["amount"] is not None:
            total += one["amount"]
    return total


def _as_charged(found: Node, amount: Decimal) -> Decimal:
    """What is allowed of a charge that is taken back is taken back, too."""
    is_back = (found.get("charge") or _NOTHING) < 0 < amount
    return -amount if is_back else amount


def _liability(found: Node) -> Decimal | None:
    """CLP05. Of a reversal zero or more is what the payer left as it was, so no word on what is taken back."""
    told: Decimal | None = found.get("patient_responsibility")
    return None if found["is_reversal"] and told is not None and told >= 0 else told


def adjudications(line: Node, made: Decided, currency: str) -> Text:
    """Of one line."""
    return listed(
        [
            _amount("submitted", line.get("charge"), currency),
            _amount("benefit", line.get("paid"), currency),
            _amount("eligible", made.allowed, currency, None if made.is_told else _DERIVED),
            *_adjustments(line, currency),
        ]
    )


def adjustments(found: Node, currency: str) -> Text:
    """The CAS of a claim, each by group and reason."""
    return listed(_adjustments(found, currency))


def _adjustments(found: Node, currency: str) -> list[Text]:
    made: list[Text] = []
    for one in found["adjustments"]:
        amount = money(one["amount"], currency)
        if amount:
            units = f',"value":{decimal(one["quantity"])}' if one["quantity"] is not None else ""
            made.append(f'{{{_adjusted(one["group"], one["reason"])},"amount":{amount}{units}}}')
    return made


@functools.lru_cache(maxsize=1 << 12)
def _adjusted(group: str | None, reason: str | None) -> str:
    told = concept(codes.ADJUSTMENT_REASONS, reason)
    said = f',"reason":{told}' if told else ""
    return f'"category":{codes.adjustment(group, reason)}{said}'


def has_former(found: Node) -> bool:
    """Whether a former payer's part is among the adjustments (OA 23): allowed is then more than paid and owed."""
    return any(
        (one["group"], one["reason"]) == _IMPACT_OF_FORMER
        for part in (found, *found["lines"])
        for one in part["adjustments"]
    )


def totals(found: Node, lines: list[Decided], currency: str, *, by_former: bool) -> Text:
    """Of the whole claim."""
    own = decided(found, by_former=True)
    sums = dict(own.owed)
    for line in lines:
        for name, amount in line.owed.items():
            sums[name] = sums.get(name, _NOTHING) + amount
    allowed = own.allowed if own.is_told else _allowed_of_lines(found, lines, sums, by_former)
    owed = money(_liability(found), currency)
    return listed(
        [
            _amount("submitted", found.get("charge"), currency),
            _amount("benefit", found.get("paid"), currency),
            _amount("eligible", allowed, currency),
            *[_amount(name, sums[name], currency) for name in _SHARES if name in sums],
            f'{{"category":{_MEMBER},"amount":{owed}}}' if owed else None,
        ]
    )


def _allowed_of_lines(found: Node, lines: list[Decided], sums: dict[str, Decimal], by_former: bool) -> Decimal | None:
    # Adjustments at the claim leave the lines' sum no longer what is allowed of the whole.
    if lines and not found["adjustments"]:
        told = [line.allowed for line in lines if line.allowed is not None]
        if len(told) == len(lines):
            return sum(told, _NOTHING)
    if by_former or found.get("paid") is None:
        return None
    withheld = sum(map(_withheld, (found, *found["lines"])), _NOTHING)
    return sum(sums.values(), _NOTHING) + withheld + found["paid"]


def _amount(category: str, amount: Decimal | None, currency: str, reason: Text = None) -> Text:
    if amount is None:
        return None
    said = f',"reason":{reason}' if reason else ""
    return f'{{"category":{_CATEGORIES[category]}{said},"amount":{money(amount, currency)}}}'
