"""835: what a payer pays for claims on a day, with reversals and corrections, balanced to the cent (005010X221A1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.hospital.simulation import site
from infra.hospital.simulation.claims import Claim, Line, dollars
from infra.hospital.simulation.outbox import Part
from infra.hospital.simulation.x12_writing import Envelope, basic, interchange, part

PAID, DENIED, REVERSED = "1", "4", "22"
# CLP06 has a list of its own, without these: 12 is a preferred provider organisation.
_FILING = {"BL": "12", "CI": "12"}


class Remitted(NamedTuple):
    """A claim as it is paid once; `status` is CLP02. Of a reversal all amounts are taken back."""

    claim: Claim
    status: str
    lines: Sequence[Line]
    faults: list[dict[str, Any]]
    id: str
    # What the claim's payment is out of balance by, in cents.
    off: int = 0

    @property
    def sign(self) -> int:
        """-1 of a reversal."""
        return -1 if self.status == REVERSED else 1

    @property
    def paid(self) -> int:
        """CLP04 in cents."""
        return self.sign * sum(line.paid for line in self.lines)


class Remittance(NamedTuple):
    """A file of one payment."""

    parts: list[Part]
    amount: int
    withheld: int


def file(payer: str, payer_name: str, claims: Sequence[Remitted], withheld: int, sent: datetime,
         number: int) -> Remittance:  # fmt: skip
    """One payment. `withheld` cents are taken back for an older overpayment (PLB), as far as the payment goes."""
    total = sum(one.paid for one in claims)
    npi, fiscal = site.GROUP_NPI, f"{sent:%Y}1231"
    withheld = min(withheld, max(0, total))
    adjustments = []
    if withheld:
        adjustments.append(f"PLB*{npi}*{fiscal}*WO:{payer}{sent:%y%j}*{dollars(withheld)}")
    if total < 0:
        # No payment is negative: what is missing is carried forward (835 TR3 section 1.10.2.12).
        withheld = total
        adjustments.append(f"PLB*{npi}*{fiscal}*FB:{payer}{sent:%y%j}*{dollars(total)}")
    amount = total - withheld
    method = (
        "I*{}*C*ACH*CCP*01*999999992*DA*123456*1999999999**01*999999992*DA*654321"
        if amount
        else "H*{}*C*NON" + "*" * 11
    )
    body = [
        part([
            f"BPR*{method.format(dollars(amount) if amount else '0')}*{sent:%Y%m%d}",
            f"TRN*1*{payer}{number:09}*1999999999",
            f"DTM*405*{sent:%Y%m%d}", f"N1*PR*{basic(payer_name)}", "N3*1 PAYER PLAZA", "N4*BOSTON*MA*02101",
            f"REF*2U*{payer}", "PER*BL*PROVIDER DESK*TE*5555550199",
            f"N1*PE*{site.GROUP}*XX*{npi}", "N3*1 RIVER STREET", "N4*BOSTON*MA*021010001",
        ]),
        part(["LX*1"]),
    ]  # fmt: skip
    for one in claims:
        made = part(list(_claim(one)), one.id)
        made.faults = one.faults
        body.append(made)
    if adjustments:
        body.append(part(adjustments))
    parts = interchange(Envelope("HP", "005010X221A1", f"PAYER{payer}", site.SUBMITTER, sent, number), body)
    return Remittance(parts, amount, withheld)


def _claim(one: Remitted) -> Iterator[str]:
    claim, sign = one.claim, one.sign
    name = claim.person.names["claims"]
    charge = sign * sum(line.charge for line in one.lines)
    owed = sign * sum(line.patient for line in one.lines)
    place, frequency = ("11", "1") if claim.kind == "professional" else ("13", "1")
    yield (
        f"CLP*{one.id}*{one.status}*{dollars(charge)}*{dollars(one.paid)}*{dollars(owed) if one.sign > 0 else ''}"
        f"*{_FILING.get(claim.filing, claim.filing)}*{claim.payer_claim}*{place}*{frequency}"
    )
    yield f"NM1*QC*1*{basic(name.family)}*{basic(name.given, 35)}****MI*{claim.person.member_id}"
    yield f"DTM*232*{claim.start:%Y%m%d}"
    yield f"DTM*233*{claim.end:%Y%m%d}"
    for line in one.lines:
        off = one.off if line is one.lines[0] else 0
        yield from _line(one, line, sign, off)


def _line(one: Remitted, line: Line, sign: int, off: int) -> Iterator[str]:
    claim = one.claim
    revenue = line.revenue if claim.kind == "institutional" else ""
    yield f"SVC*HC:{line.code}*{dollars(sign * line.charge)}*{dollars(sign * line.paid)}*{revenue}*{line.units}"
    yield f"DTM*472*{claim.start:%Y%m%d}"
    if (cut := line.charge - line.allowed) or off:
        # 45: above the contract; 50: not medically necessary, the whole line.
        yield f"CAS*CO*{'50' if one.status == DENIED else '45'}*{dollars(sign * cut + off)}"
    parts = [
        (reason, amount)
        for reason, amount in (("1", line.deductible), ("2", line.coinsurance), ("3", line.copay))
        if amount
    ]
    if parts:
        yield "CAS*PR*" + "**".join(f"{reason}*{dollars(sign * amount)}" for reason, amount in parts)
    yield f"REF*6R*{one.id[:14]}{line.number:02}"
    if sign > 0:
        yield f"AMT*B6*{dollars(line.allowed)}"
