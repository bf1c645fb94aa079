"""Charges of HL7 v2 messages (DFT): one row per FT1."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import EntityId, Identifier, Party, Place

NO_CODE = "no_charge_code"
NO_DATE = "no_charge_date"
FAULTS = {NO_CODE: "a transaction without its code (FT1-7, FT1-25)", NO_DATE: "a transaction without date (FT1-4)"}


class Charge(NamedTuple):
    """One FT1 (HL7 v2.5 section 6.5.1).

    `kind` is table 0017: CG charge, CD credit, PY payment, AJ adjustment. `amount` is for all (`quantity`),
    `unit_amount` for one, both as sent: a credit is not made negative here. Exact decimals.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    set_id: str | None
    transaction_id: str | None
    batch_id: str | None
    transacted_at: str | None
    posted_at: str | None
    kind: str | None
    code: Coded
    description: str | None
    quantity: Decimal | None
    amount: Decimal | None
    currency: str | None
    unit_amount: Decimal | None
    department: Coded
    plan: Coded
    location: Place
    fee_schedule: str | None
    diagnoses: tuple[Coded, ...]
    performer: Party
    orderer: Party
    entered_by: Party
    filler: EntityId
    procedure: Coded
    modifiers: tuple[Coded, ...]
    drug: Coded
    account: tuple[Identifier, ...]
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def charges(message: Message) -> list[Charge]:
    """The financial transactions of a message."""
    found = []
    account: tuple[Identifier, ...] = ()
    for index, segment, subject in walk(message):
        if segment[0] == "PID":
            account = Fields(message, segment).identifiers(18, "account", "AN")
        elif segment[0] == "FT1":
            found.append(_charge(index, subject, Fields(message, segment), account))
    return found


def _charge(index: int, subject: Subject, ft1: Fields, account: tuple[Identifier, ...]) -> Charge:
    code, procedure = ft1.coded(7, "code"), ft1.coded(25, "procedure")
    amount, currency = ft1.money(11, "amount")
    unit_amount, unit_currency = ft1.money(12, "unit_amount")
    at = ft1.time(4, "transacted_at")
    faults = () if any(code) or any(procedure) else (NO_CODE,)
    return Charge(
        index,
        *subject,
        set_id=ft1.text(1, "set_id"),
        transaction_id=ft1.text(2, "transaction_id"),
        batch_id=ft1.text(3, "batch_id"),
        transacted_at=at,
        posted_at=ft1.time(5, "posted_at"),
        kind=ft1.text(6, "kind"),
        code=code,
        description=ft1.whole(8, "description"),
        quantity=ft1.number(10, "quantity"),
        amount=amount,
        currency=currency or unit_currency,
        unit_amount=unit_amount,
        department=ft1.coded(13, "department"),
        plan=ft1.coded(14, "plan"),
        location=ft1.place(16, "location"),
        fee_schedule=ft1.text(17, "fee_schedule"),
        diagnoses=ft1.all_coded(19, "diagnoses"),
        performer=ft1.party(20, "performer"),
        orderer=ft1.party(21, "orderer"),
        entered_by=ft1.party(24, "entered_by"),
        filler=ft1.entity(23, "filler"),
        procedure=procedure,
        modifiers=ft1.all_coded(26, "modifiers"),
        drug=ft1.coded(29, "drug"),
        account=account,
        nulls=ft1.nulls,
        faults=ft1.faults + faults + (() if ft1.raw(4) else (NO_DATE,)),
    )
