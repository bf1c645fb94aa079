"""Claims on their way: billed, paid, replaced, voided, reversed and corrected, each step on its day."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from infra.hospital.simulation import x12_billing, x12_trouble
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.claims import Claim, Line, dollars
from infra.hospital.simulation.money import Payers
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import CANCELLED, SUPERSEDED
from infra.hospital.simulation.x12_billing import ORIGINAL, REPLACEMENT, VOID, Billed
from infra.hospital.simulation.x12_remitting import DENIED, PAID, REVERSED, Remitted

FEED = "claims_x12"
_TO_PAY, _FRIDAY = timedelta(days=12), 4
_WRONG = 2_000


class Billing:
    """Plans the steps of everybody's claims; `send` sends those of a day. `paid` is told of each final payment."""

    def __init__(self, registry: Registry, outbox: Outbox, chance: Chance, paid: Callable[[Claim, date], None]) -> None:
        self._registry = registry
        self._outbox = outbox
        self._chance = chance
        self._payers = Payers(chance)
        self._paid = paid
        self._bills: dict[date, list[Billed]] = defaultdict(list)
        self._payments: dict[date, dict[str, list[Remitted]]] = defaultdict(dict)
        self._number = 0
        self._numbers: list[tuple[date, int]] = []
        self.claims: list[Claim] = []

    def take(self, claim: Claim) -> None:
        """Decide a claim and plan all that becomes of it."""
        self._payers.decide(claim)
        self.claims.append(claim)
        due, last = self._outbox.planter.due, self._outbox.last
        billed = claim.created.date() + timedelta(days=self._chance.between(2, 4, "billed", claim.id))
        paid = self.payday(billed)
        again = self.payday(paid + timedelta(days=4))
        if again <= last and not claim.denied and due("replaced_claim", FEED):
            self._replaced(claim, billed, paid, again)
        elif again <= last and claim.lines[0].paid and due("reversed_payment", FEED):
            self._bill(billed, claim, ORIGINAL, claim.lines)
            self._reversed(claim, paid, again)
        else:
            self._bill(billed, claim, ORIGINAL, claim.lines)
            self._pay(paid, claim, DENIED if claim.denied else PAID, claim.lines)
            self._settle(claim, billed, paid)
        if again <= last and not claim.denied and due("void_claim", FEED):
            self._void(claim, billed, paid, again)

    def decide(self, claim: Claim) -> None:
        """Decide a claim that goes another way than this."""
        self._payers.decide(claim)

    def send(self, day: date) -> None:
        """Send the claims and the payments of a day."""
        billed = self._bills.pop(day, [])
        for kind in x12_billing.GUIDES:
            if some := [one for one in billed if one.claim.kind == kind]:
                self._number += 1
                reused = max((n for when, n in self._numbers if when < day - timedelta(days=8)), default=0)
                x12_trouble.send_claims(day, kind, some, self._number, reused, self._outbox, self._registry)
                self._numbers.append((day, self._number))
        for payer, paid in sorted(self._payments.pop(day, {}).items()):
            self._number += 1
            withheld = 0
            if self._chance.share("withheld", day, payer) < 0.2:
                withheld = self._chance.between(100, 4000, "amount", day, payer)
            x12_trouble.send_payment(day, paid, withheld, self._number, self._outbox)

    def payday(self, day: date) -> date:
        """The Friday on which a claim of a day is paid."""
        ready = day + _TO_PAY
        return ready + timedelta(days=(_FRIDAY - ready.weekday()) % 7)

    def _replaced(self, claim: Claim, billed: date, paid: date, again: date) -> None:
        """Billed with a charge too high, paid so, billed again as it should be; the first payment is taken back."""
        first = _with(claim, charge=_WRONG, allowed=_WRONG // 2)
        told = {"kind": "replaced_claim", "fate": SUPERSEDED, "by": claim.id, "frequency": REPLACEMENT}
        self._bill(billed, claim, ORIGINAL, first, [told])
        self._pay(paid, claim, PAID, first, [{**told, "by": claim.id, "status": REVERSED}])
        self._bill(paid + timedelta(days=3), claim, REPLACEMENT, claim.lines)
        self._pay(again, claim, REVERSED, first)
        self._pay(again, claim, PAID, claim.lines)
        self._settle(claim, billed, again)

    def _reversed(self, claim: Claim, paid: date, again: date) -> None:
        """Paid too little by the payer's own mistake; taken back and paid as it should be."""
        line = claim.lines[0]
        first = _with(claim, coinsurance=min(_WRONG, line.paid))
        told = {"kind": "reversed_payment", "fate": SUPERSEDED, "by": claim.id, "status": REVERSED}
        self._pay(paid, claim, PAID, first, [told])
        self._pay(again, claim, REVERSED, first)
        self._pay(again, claim, PAID, claim.lines)
        self._settle(claim, paid, again)

    def _void(self, claim: Claim, billed: date, paid: date, again: date) -> None:
        """The same services billed once more under another number, paid, and taken back as a whole."""
        wrong = copy.copy(claim)
        wrong.id, wrong.payer_claim, wrong.fhir_id = f"V{claim.id[:19]}", f"{claim.payer_claim}V", ""
        wrong.told_by, wrong.state = {}, "void"
        told = {"kind": "void_claim", "fate": CANCELLED, "by": wrong.id, "frequency": VOID}
        self._bill(billed, wrong, ORIGINAL, claim.lines, [told])
        self._pay(paid, wrong, PAID, claim.lines, [told])
        self._bill(paid + timedelta(days=3), wrong, VOID, claim.lines)
        self._pay(again, wrong, REVERSED, claim.lines)
        self.claims.append(wrong)

    def _bill(self, day: date, claim: Claim, frequency: str, lines: Sequence[Line],
              faults: list[dict[str, Any]] | None = None) -> None:  # fmt: skip
        self._bills[day].append(Billed(claim, frequency, lines, faults or [], claim.id))
        if day <= self._outbox.last:
            claim.told_by[FEED] = None

    def _pay(self, day: date, claim: Claim, status: str, lines: Sequence[Line],
             faults: list[dict[str, Any]] | None = None) -> None:  # fmt: skip
        self._payments[day].setdefault(claim.payer, []).append(Remitted(claim, status, lines, faults or [], claim.id))

    def _settle(self, claim: Claim, billed: date, paid: date) -> None:
        if billed > self._outbox.last:
            claim.state = "not_sent"
        elif paid <= self._outbox.last:
            claim.state = "denied" if claim.denied else "paid"
            self._paid(claim, paid)


def _with(claim: Claim, **more: int) -> list[Line]:
    """A claim's lines with the first of them changed by some cents."""
    lines = copy.deepcopy(claim.lines)
    for name, amount in more.items():
        setattr(lines[0], name, getattr(lines[0], name) + amount)
    return lines


def told(claim: Claim) -> dict[str, Any]:
    """The truth about a claim: what it came to in the end. Of a void claim nothing is left but its history."""
    is_decided = claim.state in ("paid", "denied")
    money = {
        "charge": claim.charge, "allowed": sum(line.allowed for line in claim.lines), "paid": claim.paid,
        "deductible": sum(line.deductible for line in claim.lines), "copay": sum(line.copay for line in claim.lines),
        "coinsurance": sum(line.coinsurance for line in claim.lines),
    }  # fmt: skip
    known = money if is_decided else {"charge": money["charge"]}
    return {
        "claim": claim.id, "fhir_claim": claim.fhir_id or None, "person": claim.person.number, "kind": claim.kind,
        "payer": claim.payer, "payer_claim": claim.payer_claim, "visit": claim.visit, "state": claim.state,
        **{name: dollars(cents) for name, cents in known.items()},
        "diagnoses": claim.diagnoses, "told_by": [*claim.told_by],
        "lines": [
            {"line": line.number, "code": line.code, "charge": dollars(line.charge)}
            | ({"allowed": dollars(line.allowed), "paid": dollars(line.paid)} if is_decided else {})
            for line in claim.lines
        ],
    }  # fmt: skip
