"""claims_csv: what plans send as flat files: enrolment, pharmacy claims, and of some plans all that they decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from infra.hospital.simulation import site
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.claims import Claim, dollars
from infra.hospital.simulation.csv_writing import Dialect, Row, Sheet, send
from infra.hospital.simulation.history import Bill, History
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.truth import CANCELLED

FEED = "claims_csv"
_DIALECT = Dialect("utf-8", ",", "\n", ".", "TRAILER")
_WHO = ("member_id", "family_name", "given_name", "birth_date", "sex")
_MONEY = ("charge", "allowed", "paid", "deductible", "copay", "coinsurance")
ENROLMENT = Sheet(
    FEED, "enrolment", _DIALECT,
    (*_WHO, "street", "city", "state", "postal_code", "phone", "plan_id", "plan_name", "start_date", "end_date"),
    key="member_id", date_column="start_date",
)  # fmt: skip
HEADERS = Sheet(
    FEED, "claim_header", _DIALECT,
    ("claim_number", "patient_control_number", *_WHO, "plan_id", "claim_type", "status", "service_from", "service_to",
     "paid_date", "diagnosis_1", "diagnosis_2", "diagnosis_3", "billing_npi", *_MONEY),
    key="claim_number", totals=("charge", "paid"), date_column="service_from", number_column="charge",
    listed_column="status",
)  # fmt: skip
LINES = Sheet(
    FEED, "claim_line", _DIALECT,
    ("line_id", "claim_number", "line_number", "service_date", "revenue_code", "procedure_code", "units", *_MONEY),
    key="line_id", totals=("charge", "paid"), date_column="service_date", number_column="charge",
)  # fmt: skip
PHARMACY = Sheet(
    FEED, "pharmacy_claim", _DIALECT,
    ("rx_claim_id", "reverses", *_WHO, "plan_id", "transaction", "fill_date", "ndc", "drug_name", "quantity",
     "days_supply", "prescriber_npi", "pharmacy_npi", *_MONEY),
    key="rx_claim_id", totals=("charge", "paid"), date_column="fill_date", number_column="charge",
    listed_column="transaction",
)  # fmt: skip
FILLED, REVERSED = "P", "R"


class Extracts:
    """The rows that wait for their day; drugs go weekly, decided claims and enrolment monthly."""

    def __init__(self, outbox: Outbox, chance: Chance) -> None:
        self._outbox = outbox
        self._chance = chance
        self._drugs: dict[date, list[Row]] = defaultdict(list)
        self._headers: dict[date, list[Row]] = defaultdict(list)
        self._lines: dict[date, list[Row]] = defaultdict(list)
        self._members: list[tuple[date, Row]] = []

    def decided(self, claim: Claim, paid: date) -> None:
        """A claim that a plan has decided for good."""
        month = (paid.replace(day=1) + timedelta(days=32)).replace(day=1)
        if claim.payer not in site.EXTRACTING or month > self._outbox.last:
            return
        claim.told_by[FEED] = None
        codes = {f"diagnosis_{place}": code for place, code in enumerate(claim.diagnoses[:3], 1)}
        self._headers[month].append(Row(claim.payer_claim, {
            "claim_number": claim.payer_claim, "patient_control_number": claim.id, **_who(claim.person),
            "plan_id": claim.payer, "claim_type": claim.kind, "status": claim.state,
            "service_from": str(claim.start.date()), "service_to": str(claim.end.date()), "paid_date": str(paid),
            **codes, "billing_npi": site.GROUP_NPI, **_money(claim),
        }))  # fmt: skip
        for line in claim.lines:
            key = f"{claim.payer_claim}-{line.number}"
            money = (line.charge, line.allowed, line.paid, line.deductible, line.copay, line.coinsurance)
            self._lines[month].append(Row(key, {
                "line_id": key, "claim_number": claim.payer_claim, "line_number": str(line.number),
                "service_date": str(claim.start.date()), "revenue_code": line.revenue, "procedure_code": line.code,
                "units": str(line.units), **dict(zip(_MONEY, map(dollars, money), strict=True)),
            }))  # fmt: skip

    def drug(self, claim: Claim, bill: Bill, prescriber: str) -> None:
        """A drug that a pharmacy gave out; now and then one that was not fetched and is taken back."""
        filled = claim.created.date()
        if self._week(filled) > self._outbox.last:
            claim.state = "not_sent"
            return
        claim.state, claim.told_by[FEED] = "paid", None
        item = bill.items[0]
        days = self._chance.pick((30, 30, 90, 14), "days", claim.id)
        cells = {
            "rx_claim_id": claim.payer_claim, **_who(claim.person), "plan_id": claim.payer, "transaction": FILLED,
            "fill_date": str(filled), "ndc": ndc(item.code), "drug_name": item.text, "quantity": str(days),
            "days_supply": str(days), "prescriber_npi": prescriber, "pharmacy_npi": "1999999976", **_money(claim),
        }  # fmt: skip
        week = self._drugs[self._week(filled)]
        week.append(Row(claim.payer_claim, cells))
        if self._outbox.planter.due("void_claim", FEED):
            key = f"{claim.payer_claim}V"
            back = {name: f"-{cells[name]}" if cells[name] != "0.00" else "0.00" for name in _MONEY}
            told = {"kind": "void_claim", "fate": CANCELLED, "by": f"{key}R"}
            week.append(Row(key, {**cells, "rx_claim_id": key}, [told]))
            undone = {**cells, "rx_claim_id": f"{key}R", "reverses": key, "transaction": REVERSED, **back}
            week.append(Row(f"{key}R", undone, [{**told, "by": key}]))

    def enrol(self, person: Person, history: History, first: date, last: date) -> None:
        """The spans of a member's insurance, one for each stretch of years with the same plan."""
        for begin, end, name in _spans(history, first.year, last.year):
            payer, _ = site.payer(name)
            start = f"{begin}-01-01"
            self._members.append((date(begin, 1, 1), Row(f"{person.member_id}|{start}", {
                **_who(person), "street": person.street, "city": person.city, "state": person.state,
                "postal_code": person.postal_code, "phone": person.phone, "plan_id": payer, "plan_name": name,
                "start_date": start, "end_date": f"{end}-12-31" if end < last.year else "",
            })))  # fmt: skip

    def send(self, day: date, *, is_first: bool) -> None:
        """Send what is due on a day."""
        if is_first or day.day == 1:
            members = [Row(row.key, row.cells) for since, row in self._members if since <= day]
            if members:
                send(day, ENROLMENT, f"enrolment_{day:%Y%m%d}.csv", members, self._outbox)
        for sheet, waiting in ((HEADERS, self._headers), (LINES, self._lines), (PHARMACY, self._drugs)):
            if rows := waiting.pop(day, None):
                send(day, sheet, f"{sheet.kind}_{day:%Y%m%d}.csv", sorted(rows, key=lambda row: row.key), self._outbox)

    def _week(self, day: date) -> date:
        """The Monday on which a drug of a day is told."""
        return day + timedelta(days=7 - day.weekday())


def ndc(rxnorm: str) -> str:
    """The site's own eleven-digit package code of a drug; labeler 9xxxx is nobody's. `codes` of the truth has them.

    >>> ndc("308136")
    '90030813601'
    """
    return f"9{rxnorm:0>8}01"


def _who(person: Person) -> dict[str, str]:
    name = person.names["claims"]
    return dict(zip(_WHO, (person.member_id, name.family, name.given, str(person.birth_date), person.sex), strict=True))


def _money(claim: Claim) -> dict[str, str]:
    of_lines = ("charge", "allowed", "paid", "deductible", "copay", "coinsurance")
    return {name: dollars(sum(getattr(line, name) for line in claim.lines)) for name in of_lines}


def _spans(history: History, first: int, last: int) -> Iterator[tuple[int, int, str]]:
    """Stretches of years with one insurer; a year without a claim is as the one before."""
    begin, name = 0, ""
    for year in range(min([first, *history.insurers]), last + 1):
        now = history.insurers.get(year, name)
        if now != name:
            if name and name != site.UNINSURED:
                yield begin, year - 1, name
            begin, name = year, now
    if name and name != site.UNINSURED:
        yield begin, last, name
