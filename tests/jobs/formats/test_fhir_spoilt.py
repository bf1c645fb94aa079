"""Spoilt FHIR files: only named faults, exact bytes, and what is left whole is what any reader of JSON finds there."""

import json
import random

import pytest

from jobs.formats import fhir, fhir_inspection, unpacking

LIMITS = fhir.Limits(record_bytes=400, document_bytes=4000, depth=12)
META = {"versionId": "3", "lastUpdated": "2026-03-01T01:00:00+01:00", "security": [{"system": "x", "code": "HTEST"}]}
PATIENT = {
    "resourceType": "Patient", "id": "p1", "meta": META, "name": [{"family": "Muñoz"}], "multipleBirthInteger": 2,
    "extension": [{"url": "x", "valueDecimal": 1.50}],
}  # fmt: skip
BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {"fullUrl": "urn:uuid:1", "resource": PATIENT, "request": {"method": "PUT", "url": "Patient/p1"}},
        {"request": {"method": "DELETE", "url": "Patient/p2"}},
        {"resource": {**PATIENT, "id": "p3", "modifierExtension": [{"url": "x"}]}},
    ],
}
WHOLE = [
    "\n".join(json.dumps({**PATIENT, "id": f"p{n}"}, ensure_ascii=False) for n in range(6)).encode(),
    "\r\n".join(json.dumps(one) for one in (PATIENT, BUNDLE, PATIENT)).encode(),
    json.dumps(BUNDLE, indent=1).encode(),
]
HELD_FOR = {
    unpacking.EMPTY_FILE, fhir_inspection.TRUNCATED, fhir_inspection.UNKNOWN_FORMAT, fhir_inspection.NOT_FHIR,
    fhir_inspection.DOCUMENT_TOO_LARGE,
}  # fmt: skip
BITS = [
    b"\n", b"\r", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\ud800", b"\0", b"\xff", b"\xef\xbb\xbf", b"NaN",
    b"-0", b"1e999", b"9" * 60, b"[" * 20, b'"id":"p9",', b'"resourceType":"Bundle",', b"null", b'"modifierExtension"',
]  # fmt: skip


def spoil(data, chance):
    """A file with some bytes changed, lost, doubled, put in or cut off."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        at, size = chance.randrange(len(text) + 1), chance.randint(1, 30)
        deed = chance.randrange(6)
        if deed == 0:
            text[at : at + 1] = bytes([chance.randrange(256)])
        elif deed == 1:
            del text[at : at + size]
        elif deed == 2:
            text[at:at] = text[at : at + size] * chance.randint(1, 3)
        elif deed == 3 and chance.random() < 0.2:
            del text[at:]
        else:
            text[at : at + chance.choice([0, 0, 1, 4])] = chance.choice(BITS)
    return bytes(text)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_files_give_named_faults_and_the_rest_as_it_was_sent(seed, spoilt, tmp_path):
    chance = random.Random(seed)
    path = tmp_path / "arrived"
    for _ in range(spoilt(1200, share=4)):
        data = spoil(chance.choice(WHOLE), chance)
        path.write_bytes(data)
        seen = fhir_inspection.inspect(str(path), LIMITS)
        assert set(seen.faults) <= HELD_FOR
        found = list(fhir.read(str(path), document=seen.shape in fhir_inspection.DOCUMENTS, limits=LIMITS))
        assert seen.faults or seen.records == len(found)
        for record in found:
            assert set(record.faults) <= fhir.FAULTS.keys()
            if record.payload is not None and record.entry is None:
                assert data[record.position : record.position + record.length] == record.payload
            if not record.faults and record.method != "DELETE":
                read = json.loads(record.payload)
                assert (read["resourceType"], read.get("id")) == (record.resource_type, record.resource_id)
