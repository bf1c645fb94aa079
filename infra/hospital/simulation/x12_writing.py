"""X12 005010 interchanges as the hospital's billing and its payers write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.hospital.simulation.outbox import Part
from infra.hospital.simulation.spelling import ascii_only

END = "~\n"
_NOT_BASIC = re.compile(r"[^A-Z0-9 '(),.#&+=/%-]+")


@dataclass(frozen=True)
class Envelope:
    """Who sends what to whom, under which number."""

    function: str
    guide: str
    sender: str
    receiver: str
    sent: datetime
    number: int


def basic(text: str, most: int = 60) -> str:
    """A text in the basic character set (X12.6), upper case.

    >>> basic("José's  *Clinic*"), basic("~")
    ("JOSE'S CLINIC", 'X')
    """
    return " ".join(_NOT_BASIC.sub(" ", ascii_only(text).upper()).split())[:most].strip() or "X"


def part(segments: Sequence[str], identifier: str | None = None) -> Part:
    """Some segments as a part of a file."""
    return Part((END.join(segments) + END).encode(), identifier)


def interchange(envelope: Envelope, body: Sequence[Part]) -> list[Part]:
    """A file of one interchange, one group and one transaction, whose body is given without ST and SE."""
    sent, number = envelope.sent, f"{envelope.number:09}"
    transaction = "837" if envelope.function == "HC" else "835"
    convention = f"*{envelope.guide}" if transaction == "837" else ""
    head = [
        f"ISA*00*          *00*          *ZZ*{envelope.sender:<15}*ZZ*{envelope.receiver:<15}*{sent:%y%m%d}*{sent:%H%M}"
        f"*^*00501*{number}*0*P*:",
        f"GS*{envelope.function}*{envelope.sender}*{envelope.receiver}*{sent:%Y%m%d}*{sent:%H%M}*{envelope.number}*X"
        f"*{envelope.guide}",
        f"ST*{transaction}*0001{convention}",
    ]
    count = 2 + sum(one.data.count(b"~") for one in body)
    tail = [f"SE*{count}*0001", f"GE*1*{envelope.number}", f"IEA*1*{number}"]
    return [part(head), *body, part(tail)]
