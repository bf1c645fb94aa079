"""Trouble in X12 files: first tries at claims and payments that cannot be used, files cut, miscounted or unbalanced."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from infra.hospital.simulation import x12_billing, x12_remitting
from infra.hospital.simulation.claims import Line, dollars
from infra.hospital.simulation.outbox import File, Outbox
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import QUARANTINED, SAME, UNMAPPED
from infra.hospital.simulation.x12_billing import Billed
from infra.hospital.simulation.x12_remitting import Remitted

FEED = "claims_x12"
_CUT = ("no_transaction_end", "no_group_end", "no_interchange_end")


def send_claims(day: date, kind: str, claims: list[Billed], number: int, reused: int, outbox: Outbox,
                registry: Registry) -> None:  # fmt: skip
    """Send a day's claims of a kind as a file; `reused` is a number of long ago that may be used again, or 0."""
    due, made = outbox.planter.due, []
    for one in claims:
        if due("claim_unbalanced", FEED):
            made.append(_first_try(one, "claim_unbalanced", "claim_charge_unbalanced", charge=_charge(one) + 1_000))
        if due("bad_date", FEED):
            made.append(_first_try(one, "bad_date", "bad_date", bad_date=True))
        if one.frequency == "1" and due("bad_code", FEED):
            fault = {"kind": "bad_code", "fate": UNMAPPED, "sent": "QQ9.99"}
            one = one._replace(diagnoses=[*one.claim.diagnoses, "QQ9.99"], faults=[*one.faults, fault])
        made.append(one)
        if not one.faults and due("same_message_again", FEED):
            made.append(one._replace(faults=[{"kind": "same_message_again", "fate": SAME, "by": one.id}]))
    parts = x12_billing.file(kind, made, datetime.combine(day, time(18)), number, registry)
    suffix = x12_billing.GUIDES[kind][1]
    file = File(FEED, f"claims_{day:%Y%m%d}_{number:05}.{suffix}", parts, suffix)
    if reused and due("number_reused", FEED):
        wrong, reasons = _renumbered(file.data, number, reused), ["interchange_number_reused"]
        outbox.send_spoilt(day, file, wrong, "number_reused", reasons, layer="ledger")
        return
    if due("content_again", FEED):
        wrong, reasons = _renumbered(file.data, number, number + 500_000_000), ["interchange_content_landed_before"]
        # When it came late, or was held once, it is there by then.
        outbox.send_again(day + timedelta(days=6), file, wrong, "content_again", reasons, day)
    _send(day, file, number, outbox)


def send_payment(day: date, claims: list[Remitted], withheld: int, number: int, outbox: Outbox) -> None:
    """Send a payment as a file."""
    due, made = outbox.planter.due, []
    for one in claims:
        if not one.faults and one.status == x12_remitting.PAID and due("payment_unbalanced", FEED):
            # As if nothing were paid, and not all of it explained; no money moves by it.
            fault: dict[str, Any] = {"kind": "payment_unbalanced", "fate": QUARANTINED, "layer": "silver", "by": one.id}
            fault["reasons"] = ["service_payment_unbalanced", "claim_payment_unbalanced"]
            made.append(_unpaid(one, fault))
        made.append(one)
    first = claims[0].claim
    sent = datetime.combine(day, time(4))
    remittance = x12_remitting.file(first.payer, first.payer_name, made, withheld, sent, number)
    file = File(FEED, f"era_{first.payer}_{day:%Y%m%d}_{number:05}.835", remittance.parts, "835")
    if remittance.amount and due("unbalanced_remittance", FEED):
        right, wrong = dollars(remittance.amount), dollars(remittance.amount + 1)
        data = file.data.replace(f"BPR*I*{right}*".encode(), f"BPR*I*{wrong}*".encode(), 1)
        outbox.send_spoilt(day, file, data, "unbalanced_remittance", ["remittance_unbalanced"])
    else:
        _send(day, file, number, outbox)


def _send(day: date, file: File, number: int, outbox: Outbox) -> None:
    due, data = outbox.planter.due, file.data
    if due("truncated_file", FEED):
        cut = data.rindex(b"REF*6R") + 9
        outbox.send_spoilt(day, file, data[:cut], "truncated_file", _CUT)
    elif due("wrong_count", FEED):
        wrong = re.sub(rb"SE\*(\d+)\*", lambda found: b"SE*%d*" % (int(found[1]) + 1), data)
        outbox.send_spoilt(day, file, wrong, "wrong_count", ["segment_count_mismatch"])
    elif due("wrong_control_number", FEED):
        wrong = data.replace(b"IEA*1*%09d" % number, b"IEA*1*%09d" % (number + 1))
        outbox.send_spoilt(day, file, wrong, "wrong_control_number", ["interchange_control_mismatch"])
    elif file.kind != "835" and due("old_version", FEED):
        wrong = re.sub(rb"005010X22(\d)A\d", rb"004010X09\g<1>A1", data)
        outbox.send_spoilt(day, file, wrong, "old_version", ["version_4010"])
    else:
        outbox.send(day, file)


def _renumbered(data: bytes, number: int, other: int) -> bytes:
    """An interchange under another control number (ISA13, IEA02)."""
    return data.replace(b"*%09d*0*P*:" % number, b"*%09d*0*P*:" % other).replace(
        b"IEA*1*%09d" % number, b"IEA*1*%09d" % other
    )


def _charge(one: Billed) -> int:
    return sum(line.charge for line in one.lines)


def _first_try(one: Billed, kind: str, reason: str, **wrong: Any) -> Billed:
    fault = {"kind": kind, "fate": QUARANTINED, "reasons": [reason], "layer": "silver", "by": one.id}
    return one._replace(id=f"X{one.id[:19]}", faults=[fault], **wrong)


def _unpaid(one: Remitted, fault: dict[str, Any]) -> Remitted:
    lines = [_nothing(line) for line in one.lines]
    return one._replace(id=f"X{one.id[:19]}", lines=lines, faults=[fault], off=-500, status=x12_remitting.DENIED)


def _nothing(line: Line) -> Line:
    return Line(line.number, line.code, line.revenue, line.charge, line.units)
