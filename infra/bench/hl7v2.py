"""`python -m infra.bench.hl7v2`: messages per second and core, from bytes to result rows and to FHIR, beside `hl7`.

The messages are ours, made from a seed: ORU^R01 of about 1.4 kB, eight results each. `--fuzz N` instead spoils N
messages at random and shows that only typed faults come of it.
"""

from __future__ import annotations

import argparse
import datetime
import io
import random
import time
import zoneinfo
from collections.abc import Callable, Iterable, Iterator

from jobs.formats import hl7v2, hl7v2_fhir, translation
from jobs.formats.hl7v2_lab_result import lab_rows
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


def _read_only(data: bytes) -> int:
    return sum(1 for _ in records(data))


def _extract_only(payloads: Iterable[bytes]) -> int:
    return sum(len(lab_rows(parse(payload))) for payload in payloads)


def _read_and_extract(data: bytes) -> int:
    return sum(len(lab_rows(parse(record.payload))) for record in records(data) if record.payload)


FEED = translation.Source("lab_hl7v2", "bench", zoneinfo.ZoneInfo("America/New_York"), {}, {})


def said(payload: bytes) -> translation.Said:
    """A message as its row of bronze."""
    return translation.Said("ORU^R01", None, payload, None, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))


def _translate(payloads: Iterable[bytes]) -> int:
    """To FHIR resources, and those written as translations of any format are."""
    return sum(len(translation.write(one)) for payload in payloads for one in hl7v2_fhir.translate(said(payload), FEED))


def _translate_written(payloads: Iterable[bytes]) -> int:
    """To the same JSON texts, straight."""
    return sum(len(one.text) for payload in payloads for one in hl7v2_fhir.translate_written(said(payload), FEED))


def _bare_split(payloads: Iterable[bytes]) -> int:
    """The same 25 fields by nothing but `split`: what no reader of Python can be faster than."""
    rows = 0
    for payload in payloads:
        patient: list[str] = []
        order: list[str] = []
        for line in payload.decode().split("\r"):
            fields = line.split("|")
            if fields[0] == "PID":
                patient = [fields[n] for n in (3, 5, 7, 8)]
            elif fields[0] == "OBR":
                order = [fields[n] for n in (2, 3, 4, 7, 16, 22, 25)]
            elif fields[0] == "OBX":
                row = [*fields[3].split("^"), *fields[6].split("^"), *[fields[n] for n in (1, 2, 5, 7, 8, 11, 14)]]
                rows += len(row + order + patient) > 0
    return rows


def _by_library(payloads: Iterable[bytes]) -> int:
    """The same through `hl7`, 25 fields a row as measured for the guide."""
    import hl7

    rows = 0
    for payload in payloads:
        found = hl7.parse(payload.decode())
        pid, obr = found.segment("PID"), found.segment("OBR")
        order = [str(obr(n)) for n in (2, 3, 4, 7, 16, 22, 25)]
        patient = [str(pid(n)) for n in (3, 5, 7, 8)]
        for obx in found.segments("OBX"):
            code, unit = obx(3)(0), obx(6)(0)
            row = [str(code(n)) for n in (0, 1, 2)] + [str(unit(n)) for n in (0, 1, 2)]
            row += [str(obx(n)) for n in (1, 2, 5, 7, 8, 11, 14)] + order + patient
            rows += len(row) > 0
    return rows


def _rate(work: Callable[[], int], count: int, rounds: int = 3) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return count / best


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


def main() -> int:
    """Measure, or spoil, and print."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.hl7v2", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--fuzz", type=int, default=0, help="so many spoilt messages instead")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.fuzz:
        return fuzz(asked.fuzz, asked.seed)
    payloads = messages(asked.count)
    data = b"".join(payloads)
    print(f"{asked.count} ORU^R01, {len(data) / asked.count:.0f} bytes, 8 results each; messages/s on one core")
    for name, work in (
        ("bare split, 25 fields", lambda: _bare_split(payloads)),
        ("read records, check", lambda: _read_only(data)),
        ("parse, extract rows", lambda: _extract_only(payloads)),
        ("read, check, parse, extract", lambda: _read_and_extract(data)),
        ("parse, FHIR as text", lambda: _translate_written(payloads)),
        ("parse, FHIR, write", lambda: _translate(payloads)),
    ):
        print(f"  {name:<30}{_rate(work, asked.count):>10,.0f}")
    few = payloads[: max(500, asked.count // 20)]
    print(f"  {'hl7: parse, extract 25 fields':<30}{_rate(lambda: _by_library(few), len(few), 1):>10,.0f}")
    return 0


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


if __name__ == "__main__":
    raise SystemExit(main())
