"""Control totals of claims and payments, exact to the cent: each imbalance by name, with its difference.

claim     CLM02 = sum of the lines' charges (837 TR3 section 1.4.2 and CLM02)
payment   CLP03 - CAS of claim and lines = CLP04; SVC02 - CAS of the line = SVC03; BPR02 = sum of CLP04 - sum of PLB
          (835 TR3 section 1.10.2)
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from jobs.formats.x12_segments import Node

CLAIM_UNBALANCED = "claim_charge_unbalanced"
PAYMENT_UNBALANCED = "claim_payment_unbalanced"
LINE_UNBALANCED = "service_payment_unbalanced"
REMITTANCE_UNBALANCED = "remittance_unbalanced"
# Every imbalance, with what it means to the sender.
FAULTS = {
    CLAIM_UNBALANCED: "the charge of the claim (CLM02) is not the sum of its lines",
    PAYMENT_UNBALANCED: "charge (CLP03) less all adjustments (CAS) is not what is paid (CLP04)",
    LINE_UNBALANCED: "charge (SVC02) less the line's adjustments (CAS) is not what is paid (SVC03)",
    REMITTANCE_UNBALANCED: "the payment (BPR02) is not the sum of its claims (CLP04) less the provider's (PLB)",
}
_NOTHING = Decimal(0)


class Imbalance(NamedTuple):
    """A total that does not fit: its name, the line from 0 when it is a line's, and told less counted."""

    fault: str
    line: int | None
    difference: Decimal


def of_claim(claim: Node) -> tuple[Imbalance, ...]:
    """What does not add up in a claim of an 837, as x12_claim.parse gives it; an amount that is not told is nothing."""
    told = claim.get("charge") or _NOTHING
    difference = told - _sum(line.get("charge") for line in claim["lines"])
    return (Imbalance(CLAIM_UNBALANCED, None, difference),) if difference else ()


def of_payment(claim: Node) -> tuple[Imbalance, ...]:
    """What does not add up in a claim payment of an 835, as x12_remittance.parse gives it."""
    found: list[Imbalance] = []
    left = (claim.get("charge") or _NOTHING) - _adjusted(claim)
    for number, line in enumerate(claim["lines"]):
        adjusted = _adjusted(line)
        left -= adjusted
        difference = (line["charge"] or _NOTHING) - adjusted - (line["paid"] or _NOTHING)
        if difference:
            found.append(Imbalance(LINE_UNBALANCED, number, difference))
    difference = left - (claim.get("paid") or _NOTHING)
    if difference:
        found.append(Imbalance(PAYMENT_UNBALANCED, None, difference))
    return tuple(found)


def of_remittance(paid: Decimal, claims: Decimal, taken_away: Decimal) -> tuple[Imbalance, ...]:
    """What does not add up in a whole payment: BPR02, the sum of CLP04, the sum of PLB."""
    difference = paid - (claims - taken_away)
    return (Imbalance(REMITTANCE_UNBALANCED, None, difference),) if difference else ()


def _adjusted(node: Node) -> Decimal:
    return _sum(one["amount"] for one in node["adjustments"])


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = _NOTHING
    for amount in amounts:
        if amount is not None:
            total += amount
    return total
