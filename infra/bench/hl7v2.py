"""`python -m infra.bench.hl7v2`: spoils HL7 v2 messages at random and shows that only typed faults come of it.

The messages are ours, made from a seed: ORU^R01 of about 1.4 kB, eight results each. How fast they are read is told by
infra.bench.formats.
"""

from __future__ import annotations

import argparse
import datetime
import io
import random
import time
import zoneinfo
from collections.abc import Iterator

from jobs.formats import hl7v2, hl7v2_fhir, translation
from jobs.formats.hl7v2_message import parse
from jobs.formats.hl7v2_split import Splitter

_TESTS = [
    ("2823-3", "Potassium", "mmol/L", "3.5-5.1", 35, 55), ("2951-2", "Sodium", "mmol/L", "136-145", 1300, 1500),
    ("2160-0", "Creatinine", "mg/dL", "0.6-1.2", 4, 30), ("3094-0", "Urea nitrogen", "mg/dL", "7-20", 50, 300),
    ("2345-7", "Glucose", "mg/dL", "70-99", 600, 2500), ("718-7", "Hemoglobin", "g/dL", "12.0-16.0", 70, 180),
    ("6690-2", "Leukocytes", "10*3/uL", "4.5-11.0", 20, 200), ("777-3", "Platelets", "10*3/uL", "150-400", 400, 6000),
]  # fmt: skip


def oru(number: int, chance: random.Random) -> bytes:
    """One result message."""
    day = f"2026{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    at = f"{day}{chance.randint(0, 23):02}{chance.randint(0, 59):02}00"
    lines = [
        f"MSH|^~\\&|LABSYS|NORTH LAB^34D0000000^CLIA|EHR|LAKEWARD|{at}-0500||ORU^R01^ORU_R01|{number:012}|P|2.5.1",
        f"PID|1||{chance.randint(1, 99999999):08}^^^NORTH&2.16.840.1.113883.19.5&ISO^MR||Example{number % 977}^Ada^Q"
        f"||19{chance.randint(30, 99)}0{chance.randint(1, 9)}15|F||2106-3^White^HL70005|{number % 999} Example Street^^"
        "Springfield^MA^01101^USA^H||^PRN^PH^^1^413^5550100",
        f"PV1|1|O|CLINIC^^^NORTH||||1234567893^Doe^Jane^^^^^^NPI||||||||||||V{number:08}^^^NORTH^VN",
        f"ORC|RE|P{number:08}^EHR|F{number:08}^LABSYS|||||||||1234567893^Doe^Jane^^^^^^NPI",
        f"OBR|1|P{number:08}^EHR|F{number:08}^LABSYS|24323-8^Comprehensive panel^LN|||{at}|||||||||1234567893^Doe^Jane"
        f"^^^^^^NPI||||||{at}||LAB|F",
    ]
    for place, (code, name, unit, usual, low, high) in enumerate(_TESTS, 1):
        value = chance.randint(low, high) / 10
        lines.append(f"OBX|{place}|NM|{code}^{name}^LN||{value}|{unit}^{unit}^UCUM|{usual}|N|||F|||{at}|||||{at}")
    return "\r".join(lines).encode() + b"\r"


def messages(count: int, seed: int = 1, *, first: int = 0) -> list[bytes]:
    """So many result messages, numbered from `first`, always the same."""
    chance = random.Random(seed)
    return [oru(number, chance) for number in range(first, first + count)]


def records(data: bytes) -> Iterator[hl7v2.Record]:
    """The records of some bytes, as those of a file."""
    splitter = Splitter(hl7v2.Limits().record_bytes)
    stream = io.BytesIO(data)
    while block := stream.read(4 << 20):
        for region in splitter.feed(block):
            yield from hl7v2.records_of(region)
    for region in splitter.close():
        yield from hl7v2.records_of(region)


FEED = translation.Source("lab_hl7v2", "bench", zoneinfo.ZoneInfo("America/New_York"), {}, {})


def said(payload: bytes) -> translation.Said:
    """A message as its row of bronze."""
    return translation.Said("ORU^R01", None, payload, None, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))


def spoil(message: bytes, chance: random.Random) -> bytes:
    """A message with some bytes changed, lost, doubled or moved."""
    raw = bytearray(message)
    for _ in range(chance.randint(1, 6)):
        at, size = chance.randrange(len(raw) + 1), chance.randint(0, 40)
        kind = chance.randrange(6)
        if kind == 0:
            raw[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del raw[at : at + size]
        elif kind == 2:
            raw[at:at] = raw[at : at + size] * chance.randint(1, 3)
        elif kind == 3:
            raw[at:at] = chance.choice([b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\x0b", b"\x1c\r", b"MSH|^~\\&|"])
        elif kind == 4:
            raw[at:at] = chance.choice(
                [b"BHS|", b"\rBTS|9\r", b"\rFTS|", b"\\X0\\", b'|""|', b"\0", b"\xff", b"9" * 60]
            )
        else:
            raw = raw[: at + 1]
    return bytes(raw)


def fuzz(count: int, seed: int) -> int:
    """Spoil messages; every one must be read, and extracted, without anything but named faults."""
    from jobs.formats import hl7v2_extract
    from jobs.formats.hl7v2_message import MessageError

    chance = random.Random(seed)
    sources = messages(50, seed)
    began = time.perf_counter()
    slowest = 0.0
    faults: dict[str, int] = {}
    for _ in range(count):
        data = spoil(b"".join(chance.sample(sources, chance.randint(1, 3))), chance)
        start = time.process_time()
        for record in records(data):
            for fault in record.faults:
                assert fault in hl7v2.FAULTS
                faults[fault] = faults.get(fault, 0) + 1
            try:
                message = parse(record.payload or b"")
                assert parse(message.encode()).segments == message.segments
                hl7v2_extract.extract(message)
                for one in hl7v2_fhir.translate_written(said(record.payload or b""), FEED):
                    assert len(one.resource_id) <= translation.LONGEST_ID
            except MessageError:
                assert record.faults
        slowest = max(slowest, time.process_time() - start)
    print(f"{count} spoilt inputs, {time.perf_counter() - began:.0f} s, slowest {slowest * 1000:.1f} ms")
    for fault, seen in sorted(faults.items(), key=lambda item: -item[1]):
        print(f"  {fault:<28}{seen:>8}")
    return 0


def main() -> int:
    """Spoil messages, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.hl7v2", description=__doc__)
    parser.add_argument("--fuzz", type=int, default=50_000, help="so many spoilt messages")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    return fuzz(asked.fuzz, asked.seed)


if __name__ == "__main__":
    raise SystemExit(main())
