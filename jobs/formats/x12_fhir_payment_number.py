"""What the payer of an 835 and its payment are called in ids."""

from __future__ import annotations

from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Source
from jobs.formats.x12_fhir_json import named
from jobs.formats.x12_segments import Node


def payer_of(found: Node, feed: Source) -> str:
    """What the payer is called in ids: by N104 or REF 2U, else by TRN03."""
    return parties.payer_key(found.get("payer"), feed, found["payment"].get("payer_trace_id"))


def payment_id(found: Node, payer: str) -> str:
    """What the payment as a whole is called."""
    return named(payer, payment_number(found))


def payment_number(found: Node) -> str:
    """What a payer calls a payment: each has its own trace number (835 TR3, TRN02).

    One that comes without is told by its day and amount (BPR16, BPR02) and by the transaction that tells of it (ISA13,
    GS06, ST02): two are two, and the same file again tells of the same.
    """
    payment = found["payment"]
    if trace := payment.get("trace"):
        return str(trace)
    controls = [(found.get(name) or {}).get("control_number") for name in ("interchange", "group", "transaction")]
    said = (payment.get("date"), payment.get("amount"), *controls)
    return "/".join(["", *("" if one is None else str(one) for one in said)])
