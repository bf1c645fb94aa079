"""What payers make of claims: allowed amounts, and the patient's deductible, copay and coinsurance, to the cent."""

from __future__ import annotations

from collections import defaultdict

from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.claims import Claim, Line

DEDUCTIBLE, COPAY, COINSURANCE = 50_000, 2_500, 20
DENIED = 0.04


class Payers:
    """Decides claims in the order they come; what a member has met of the year's deductible is known."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._met: dict[tuple[int, str, int], int] = defaultdict(int)

    def decide(self, claim: Claim) -> None:
        """Set what is allowed and who pays it, line by line."""
        chance = self._chance
        claim.denied = chance.share("denied", claim.id) < DENIED
        member = claim.person.number, claim.payer, claim.start.year
        percent = chance.between(48, 92, "contract", claim.payer, claim.organization)
        is_visit = claim.kind == "professional" and claim.visit_kind == "AMB"
        for line in claim.lines:
            self._decide(line, 0 if claim.denied else percent, member)
        first = claim.lines[0] if claim.lines else None
        if first and is_visit and not claim.denied:
            # A copay for the visit instead of coinsurance on its first line, as far as something is left.
            first.coinsurance = 0
            first.copay = min(COPAY, first.allowed - first.deductible)

    def _decide(self, line: Line, percent: int, member: tuple[int, str, int]) -> None:
        line.allowed = line.charge * percent // 100
        line.deductible = min(line.allowed, max(0, DEDUCTIBLE - self._met[member]))
        self._met[member] += line.deductible
        line.coinsurance = (line.allowed - line.deductible) * COINSURANCE // 100
        line.copay = 0
