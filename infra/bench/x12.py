"""`python -m infra.bench.x12`: throws mutated X12 files at the parser and tells what was slowest.

Claims are made up here, from a seed: professional claims with a subscriber each, and the payments that answer them;
`--write FOLDER` keeps files of them. How fast they are read is told by infra.bench.formats.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from jobs.formats import (
    x12,
    x12_acknowledge,
    x12_answers,
    x12_balance,
    x12_claim,
    x12_inspection,
    x12_payment,
    x12_remittance,
)

_ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*{part:09}*0*P*:"


def claims(count: int, seed: int = 1, *, lines: int = 2, part: int = 1, first: int = 0) -> bytes:
    """An 837P file with so many claims, each of a subscriber of its own: from `first` on, in file `part` of several."""
    chance = random.Random(seed)
    body = [
        "ST*837*0001*005010X222A1", "BHT*0019*00*REF1*20260301*0800*CH", "NM1*41*2*CLEARING*****46*S1",
        "PER*IC*DESK*TE*5555550100", "NM1*40*2*PAYER*****46*R1", "HL*1**20*1", "PRV*BI*PXC*207Q00000X",
        "NM1*85*2*CLINIC*****XX*1999999984", "N3*1 MAIN ST", "N4*BOSTON*MA*02101", "REF*EI*999999999",
    ]  # fmt: skip
    for number in range(count):
        body += _claim(chance, number, first + number, lines)
    return _file("HC", "005010X222A1", body, part)


def _claim(chance: random.Random, place: int, number: int, lines: int) -> Iterator[str]:
    charges = [Decimal(chance.randrange(1000, 90000)) / 100 for _ in range(chance.randint(1, lines))]
    day = f"202602{chance.randrange(1, 28):02}"
    yield f"HL*{place + 2}*1*22*0"
    yield "SBR*P*18*******MB"
    yield f"NM1*IL*1*DOE{number}*JANE****MI*M{number:08}"
    yield f"N3*{number} ELM ST"
    yield "N4*BOSTON*MA*02101"
    yield f"DMG*D8*19{chance.randrange(30, 99)}0101*F"
    yield "NM1*PR*2*MEDICARE*****PI*00001"
    yield f"CLM*C{number:07}*{sum(charges)}***11:B:1*Y*A*Y*Y"
    yield f"HI*ABK:E11{chance.randrange(10)}*ABF:I10"
    yield "NM1*82*1*SMITH*ANN****XX*1999999976"
    yield "PRV*PE*PXC*207Q00000X"
    for line, charge in enumerate(charges, 1):
        yield f"LX*{line}"
        yield f"SV1*HC:9921{chance.randrange(1, 6)}:25*{charge}*UN*1***1:2"
        yield f"DTP*472*D8*{day}"


def payments(count: int, seed: int = 1, *, lines: int = 1, part: int = 1, first: int = 0) -> bytes:
    """An 835 file with so many claim payments that balance; from claim `first` on in file `part` of several."""
    chance, total, body = random.Random(seed), Decimal(0), []
    for number in range(count):
        paid, segments = _payment(chance, first + number, lines)
        total += paid
        body += segments
    head = [
        "ST*835*0001", f"BPR*I*{total}*C*ACH*CCP*01*999999992*DA*1*1999999999**01*999999992*DA*2*20260301",
        f"TRN*1*T{part}*1999999999", "DTM*405*20260301", "N1*PR*PAYER", "N3*1 MAIN ST", "N4*BOSTON*MA*02101",
        "PER*BL*DESK*TE*5555550100", "N1*PE*CLINIC*XX*1999999984", "LX*1",
    ]  # fmt: skip
    return _file("HP", "005010X221A1", head + body, part)


def _payment(chance: random.Random, number: int, lines: int) -> tuple[Decimal, list[str]]:
    charges = [Decimal(chance.randrange(1000, 90000)) / 100 for _ in range(chance.randint(1, lines))]
    cuts = [(charge * chance.randrange(10, 60) / 100).quantize(Decimal("0.01")) for charge in charges]
    paid = sum(charges) - sum(cuts)
    said = [
        f"CLP*C{number:07}*1*{sum(charges)}*{paid}**MB*P{number:08}*11*1",
        f"NM1*QC*1*DOE{number}*JANE****MI*M{number:08}",
    ]
    for charge, cut in zip(charges, cuts, strict=True):
        said += [f"SVC*HC:99213*{charge}*{charge - cut}**1", "DTM*472*20260201", f"CAS*CO*45*{cut}"]
    return Decimal(paid), said


def _file(function: str, guide: str, body: list[str], part: int) -> bytes:
    head = [_ISA.format(part=part), f"GS*{function}*SENDER*RECEIVER*20260301*0800*{part}*X*{guide}"]
    tail = [f"SE*{len(body) + 1}*0001", f"GE*1*{part}", f"IEA*1*{part:09}"]
    return ("~\n".join(head + body + tail) + "~\n").encode()


def by_openx12(data: bytes, kind: str) -> int:
    """How many claims openx12 finds."""
    from openx12 import x835, x837p

    return len((x835 if kind == "835" else x837p).parse(data.decode()).claims)


def by_oxedi(data: bytes, kind: str) -> int:
    """How many claim payments oxedi has read."""
    import oxedi

    # The document alone; its tables are made on the way.
    oxedi.parse(data)
    return data.count(b"~\nCLP*")


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed, dropped, doubled or cut off."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, long = chance.randrange(len(made) + 1), chance.choice((1, 1, 2, 5, 40, 200))
        deed = chance.randrange(5)
        if deed == 0:
            made[at : at + long] = b""
        elif deed == 1:
            made[at:at] = made[at : at + long]
        elif deed == 2:
            made[at : at + 1] = bytes([chance.randrange(256)])
        elif deed == 3:
            made[at:at] = chance.choice(
                (b"*", b"~", b":", b"~~", b"ISA*", b"~SE*1*1~", b"~CLM*", b"\r\n", b"\xff", b"~HL*")
            )
        elif at > 200:
            del made[at:]
    return bytes(made)


def survive(data: bytes) -> None:
    """Everything that is done with a file, done with garbage: only faults of our own may be raised."""
    found = list(x12.records([data[:700], data[700:]], x12.Limits()))
    if b"".join(one.payload or b"" for one in found) != data:
        raise AssertionError("a byte is in no record, or in two")
    for one in found:
        _read_one(one)
    inspector = x12_inspection.Inspector(x12_inspection.Limits())
    inspector.update(data)
    seen = inspector.finish("")
    if seen.shape == x12_inspection.X12 and seen.records != len(found):
        raise AssertionError("inspection and reading differ in their count")
    for made in x12_acknowledge.answer([data], at=datetime(2026, 3, 1), number=1, limits=x12.Limits()):
        # The answer to a test is a test.
        again = x12_inspection.Inspector(x12_inspection.Limits(), takes_tests=True)
        again.update(made.payload)
        if again.finish("").faults:
            raise AssertionError("an answer is no good interchange")


def _read_one(one: x12.Record) -> None:
    kind, payload, context = one.resource_type or "", one.payload or b"", one.context
    try:
        if one.entry is not None:
            if kind == "835":
                x12_balance.of_payment(x12_remittance.parse(payload, context))
            else:
                x12_balance.of_claim(x12_claim.parse(payload, context))
        elif kind == "835.summary":
            x12_payment.summary(payload, context)
        elif kind == "999":
            x12_answers.functional_answer(payload, context)
        elif kind == "277CA":
            x12_answers.claims_answer(payload, context)
    except (x12_claim.X12ClaimError, x12_payment.X12PaymentError):
        if context is not None:
            raise


def fuzz(count: int, seed: int = 1) -> float:
    """Seconds that the slowest of so many mutated files took."""
    chance, seeds, slowest = random.Random(seed), [claims(3), payments(3), claims(1) + payments(2)], 0.0
    for _ in range(count):
        data = mutated(chance.choice(seeds), chance)
        began = time.monotonic()
        survive(data)
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def main() -> int:
    """Mutate files, and print how that went; or write files."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.x12", description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--write", help="write the files into this folder instead")
    parser.add_argument("--fuzz", type=int, default=50_000)
    asked = parser.parse_args()
    if asked.write:
        for kind, data in (("837P", claims(asked.claims)), ("835", payments(asked.claims))):
            pathlib.Path(asked.write, f"{kind}.x12").write_bytes(data)
        return 0
    print(f"{asked.fuzz:,} mutated files: only faults; the slowest took {fuzz(asked.fuzz):.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
