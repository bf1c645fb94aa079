"""What in a claim or a claim payment cannot go on: amounts that do not add up, dates that are none, no claim at all, or
one whose interchange has no readable ISA.

A subrogation demand (BHT06 = 31) asks a payer to give back what a Medicaid agency paid for care claimed before.
Control totals are gates (005010X222 and X223: CLM02 is the sum of the lines; 005010X221: CLP04 and SVC03 are the
charge less all adjustments). The whole payment (BPR02) is checked at the door.
"""

from __future__ import annotations

from jobs.formats import x12_balance, x12_claim, x12_payment, x12_said
from jobs.formats.translation import Said
from jobs.formats.x12_segments import BAD_DATE, BAD_NUMBER, Node

CLAIMS = ("837P", "837I", "837D")
PAYMENT = "835"
SUBROGATION_DEMAND = "subrogation_demand"
_DEMAND = "31"
# Other problems are answered with a 999 and leave the claim usable.
UNUSABLE = (BAD_DATE, BAD_NUMBER)


def faults(record: Said) -> tuple[str, ...]:
    """The named faults of a record, in order of names; none for a record that is neither claim nor payment."""
    try:
        if record.resource_type in CLAIMS:
            found = x12_said.claim(record)
            wrong = tuple(one.fault for one in x12_balance.of_claim(found))
            wrong += (SUBROGATION_DEMAND,) if _is_demand(found) else ()
        elif record.resource_type == PAYMENT:
            found = x12_said.payment(record)
            wrong = tuple(one.fault for one in x12_balance.of_payment(found))
        else:
            return ()
    except (x12_claim.X12ClaimError, x12_payment.X12PaymentError):
        # A delivery with such an ISA is held; where it is let in, what nobody can read waits.
        return (x12_claim.NO_CONTEXT,)
    problems = {problem.fault for problem in found["problems"] if problem.fault in UNUSABLE}
    return tuple(sorted({*problems, *wrong}))


def _is_demand(found: Node) -> bool:
    return bool((found.get("transaction") or {}).get("kind") == _DEMAND)
