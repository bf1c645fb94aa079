"""HL7 v2.5.1 messages and batch files as the site's systems write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.hospital.simulation import site
from infra.hospital.simulation.outbox import Part
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.spelling import Name

_ESCAPES = str.maketrans({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"})


@dataclass
class Message:
    """One message: its segments, when it was sent (local time), its control id, what was planted in it."""

    at: datetime
    control_id: str
    segments: list[str]
    faults: list[dict[str, Any]] = field(default_factory=list)
    raw: bytes | None = None

    def data(self, line_end: str) -> bytes:
        """The message's bytes."""
        return self.raw or (line_end.join(self.segments) + line_end).encode()


def text(value: str) -> str:
    r"""A value with what would be delimiters escaped (section 2.7).

    >>> text("A&B | C")
    'A\\T\\B \\F\\ C'
    """
    return value.translate(_ESCAPES)


def at(moment: datetime) -> str:
    """A local time to the second, without its zone."""
    return moment.strftime("%Y%m%d%H%M%S")


def zoned(moment: datetime) -> str:
    """A local time with its zone."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def header(system: tuple[str, str], sent: str, event: str, structure: str, control_id: str) -> str:
    """MSH."""
    return (
        f"MSH|^~\\&|{system[0]}|{system[1]}|{site.RECEIVER[0]}|{site.RECEIVER[1]}|{sent}||{event}^{structure}"
        f"|{control_id}|P|2.5.1||||||UNICODE UTF-8"
    )


def patient(person: Person, identifiers: Sequence[str], name: Name, account: str = "", ssn: str = "") -> str:
    """PID."""
    phone = person.phone.replace("-", "^", 1).replace("-", "")
    return (
        f"PID|1||{'~'.join(identifiers)}||{text(name.family)}^{text(name.given)}^{text(name.middle)}"
        f"||{person.birth_date:%Y%m%d}|{person.sex}|||{text(person.street)}^^{text(person.city)}^{person.state}"
        f"^{person.postal_code}^USA^H||^PRN^PH^^1^{phone}|||||{account}|{ssn}"
    )


def file(messages: Iterable[Message], line_end: str, batch: tuple[tuple[str, str], str] | None = None) -> list[Part]:
    """The parts of a file of messages; `batch` is the sender and the number of a batch that they are sent as."""
    parts = [Part(one.data(line_end), one.control_id, one.faults) for one in messages]
    if batch is None:
        return parts
    (application, facility), number = batch
    head = f"^~\\&|{application}|{facility}|{site.RECEIVER[0]}|{site.RECEIVER[1]}|{number[1:9]}000000"
    begin = f"FHS|{head}||{number}{line_end}BHS|{head}||{number}{line_end}"
    end = f"BTS|{len(parts)}{line_end}FTS|1{line_end}"
    return [Part(begin.encode()), *parts, Part(end.encode())]
