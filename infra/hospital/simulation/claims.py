"""Claims as the hospital bills them: codes of claims instead of the EHR's, lines in cents, one number for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from infra.hospital.simulation import site
from infra.hospital.simulation.history import Bill, History
from infra.hospital.simulation.people import Person

# What has no code here: miscellaneous items (HCPCS T1999), general services (revenue code 0500), R69.
_OTHER_SERVICE, _OTHER_DIAGNOSIS, _CHECK_UP = ("T1999", "0500"), "R69", "Z00.00"
_MOST_LINES = 40


@dataclass
class Line:
    """One line; money in cents. `allowed` and the parts are set when the payer has decided."""

    number: int
    code: str
    revenue: str
    charge: int
    units: int
    allowed: int = 0
    deductible: int = 0
    copay: int = 0
    coinsurance: int = 0

    @property
    def paid(self) -> int:
        """What the payer pays."""
        return self.allowed - self.deductible - self.copay - self.coinsurance

    @property
    def patient(self) -> int:
        """What the patient pays."""
        return self.deductible + self.copay + self.coinsurance


@dataclass
class Claim:
    """One claim of a person. `id` (CLM01) begins the FHIR claim's id; `payer_claim` is the payer's number of it."""

    id: str
    fhir_id: str
    person: Person
    kind: str
    payer: str
    payer_name: str
    filing: str
    organization: str
    doctor: str
    visit: str
    visit_kind: str
    start: datetime
    end: datetime
    created: datetime
    diagnoses: list[str]
    lines: list[Line]
    payer_claim: str
    denied: bool = False
    state: str = "submitted"
    told_by: dict[str, None] = field(default_factory=dict)

    @property
    def charge(self) -> int:
        """What is billed, in cents."""
        return sum(line.charge for line in self.lines)

    @property
    def paid(self) -> int:
        """What the payer pays, in cents."""
        return sum(line.paid for line in self.lines)


def claim(person: Person, bill: Bill, history: History, start: datetime, end: datetime, created: datetime) -> Claim:
    """A claim from what the population's says."""
    fhir_id = person.own(bill.id)
    number = fhir_id.replace("-", "")[:20]
    payer, filing = site.payer(bill.payer)
    visit = history.visits.get(bill.visit)
    return Claim(
        number, fhir_id, person, bill.kind, payer, bill.payer, filing, bill.organization, visit.doctor if visit else "",
        person.own(bill.visit), visit.kind if visit else "AMB", start, end, created,
        _diagnoses(bill, history), _lines(bill), f"{payer}{created:%y%j}{number[:8].upper()}",
    )  # fmt: skip


def icd(snomed: str) -> str | None:
    """ICD-10-CM of a SNOMED CT code, where it is one that is billed."""
    return site.table("diagnoses").get(snomed, (None,))[0]


def dollars(cents: int) -> str:
    """Cents as X12 and the extracts write them.

    >>> dollars(12345), dollars(-5), dollars(1200)
    ('123.45', '-0.05', '12.00')
    """
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02}"


def day_of(moment: datetime) -> date:
    """The local date."""
    return moment.date()


def _diagnoses(bill: Bill, history: History) -> list[str]:
    known = (history.diagnoses.get(one) for one in bill.diagnoses)
    found = dict.fromkeys(code for one in known if one and (code := icd(one.code)))
    if found:
        return list(found)[:12]
    visit = history.visits.get(bill.visit)
    return [_CHECK_UP if visit and visit.code in ("162673000", "185349003", "410620009") else _OTHER_DIAGNOSIS]


def _lines(bill: Bill) -> list[Line]:
    """The items with a price, those of one code together."""
    made: dict[tuple[str, str], Line] = {}
    for item in bill.items:
        if not item.cents:
            continue
        code, revenue = site.table("services").get(item.code, _OTHER_SERVICE)
        if (line := made.get((code, revenue))) is None and len(made) == _MOST_LINES:
            line = made[next(iter(made))]
        if line is None:
            made[code, revenue] = Line(len(made) + 1, code, revenue, item.cents, 1)
        else:
            line.charge += item.cents
            line.units += 1
    return list(made.values())
