"""From a delivered file to bronze, for every format but FHIR: each record once, each byte found again."""

import dataclasses
import datetime
import io
import json
import os
import pathlib
import re
import struct
import types
import zipfile

import pytest

import schemas
from jobs.formats.csv_layout import Layout
from jobs.shell import delta_log, outbox, quarantine, records, run, splits, state, tables, waiting
from jobs.shell.deliveries import land, trace_bytes
from jobs.shell.lake import Lake
from jobs.shell.ledger import LandedFile
from jobs.shell.settings import Settings

AT = datetime.datetime(2026, 3, 1, 6, 0, tzinfo=datetime.UTC)
MESSAGE = (
    "MSH|^~\\&|LIS|LAB|LW|DEMO|20260301050000||{}|{}|P|2.5.1\rPID|1||7^^^H^MR||M\xfcller^Jane\r"
    "OBR|1|||K^Potassium^L\rOBX|1|NM|K^Potassium^L||4.1|mmol/L|||||F\r"
)
CLAIM = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*LAKEWARD       *260301*0600*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*LAKEWARD*20260301*0600*1*X*005010X222A1~ST*837*0001*005010X222A1~"
    "BHT*0019*00*B1*20260301*0600*CH~HL*1**20*1~NM1*85*2*CLINIC*****XX*1234567893~"
    "HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*ROE*JANE****MI*M1~"
    "CLM*C1*10***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*10*UN*1***1~SE*11*0001~GE*1*1~IEA*1*000000001~"
)
FEEDS = ("lab_hl7v2", "adt_hl7v2", "lab_csv", "claims_x12", "claims_csv", "imaging_dicom")


def element(group, number, vr, value):
    value = value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


def image(number):
    """A DICOM file with nothing but what it must have."""
    meta = element(2, 2, "UI", "1.2.840.10008.5.1.4.1.1.2") + element(2, 3, "UI", f"1.2.3.4.{number}")
    meta += element(2, 16, "UI", "1.2.840.10008.1.2.1")
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
    body = element(8, 22, "UI", "1.2.840.10008.5.1.4.1.1.2") + element(8, 24, "UI", f"1.2.3.4.{number}")
    body += element(8, 96, "CS", "CT") + element(16, 32, "LO", "P1")
    body += element(32, 13, "UI", "1.2.3") + element(32, 14, "UI", "1.2.3.4")
    return b"\0" * 128 + b"DICM" + length + meta + body


def images():
    """A zip with three images of which one has no study, the second packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("a.dcm", image(1))
        made.writestr("b.dcm", image(2), zipfile.ZIP_DEFLATED)
        made.writestr("c.dcm", image(3).replace(b"UI\x06\x001.2.3\0", b"LO\x06\x00------"))
    return packed.getvalue()


def layout_of(feed):
    return Layout.of(schemas.feed(feed).options)


def table_of(feed):
    """A file of the first kind that a CSV feed declares: its name, its two rows as bytes, its kind."""
    layout = layout_of(feed)
    kind = layout.files[0]
    samples = {"integer": "1", "decimal": "1", "string": "x"}

    def cell(column, number):
        if column.one_of:
            return column.one_of[0]
        if column.formats:
            return AT.strftime(column.formats[0])
        return f"{samples[column.type]}{number}"

    rows = [[column.name for column in kind.columns], *[[cell(c, n) for c in kind.columns] for n in (1, 2)]]
    if kind.trailer:
        width = max([kind.trailer.count or 1, *kind.trailer.totals.values()])
        last = [""] * width
        last[0] = kind.trailer.mark
        if kind.trailer.count:
            last[kind.trailer.count - 1] = "2" if kind.trailer.counts == "rows" else "4"
        for name, at in kind.trailer.totals.items():
            column = next(c for c in kind.columns if c.name == name)
            last[at - 1] = str(sum(int(cell(column, n)) for n in (1, 2)))
        rows.append(last)
    lines = [layout.delimiter.join(row) for row in rows]
    head = [""] * layout.preamble
    name = kind.file_names[0].replace("*", "1") if kind.file_names else "file.csv"
    return name, "\n".join([*head, *lines, ""]).encode(layout.codec), kind.name


@pytest.fixture(scope="module")
def taken(spark, settings_at, tmp_path_factory):
    """The lake, in folders or in a store, after one delivery to each feed; and the deliveries by feed."""
    home = tmp_path_factory.mktemp("intake")
    patcher = pytest.MonkeyPatch()
    declared = {feed: dataclasses.replace(schemas.feed(feed), bad_share=0.9) for feed in FEEDS}
    original = schemas.feed
    patcher.setattr(schemas, "feed", lambda name: declared.get(name) or original(name))
    settings = settings_at(home / "lake")
    lab = [MESSAGE.format("ORU^R01", "m1"), MESSAGE.format("ORU^R01", "m2").replace("|2.5.1", "|9.9"),
           MESSAGE.format("ORM^O01", "m3")]  # fmt: skip
    given = {
        "lab_hl7v2": ("a.hl7", "".join(lab).encode("latin-1")),
        "adt_hl7v2": ("a.hl7", MESSAGE.format("ADT^A01", "m1").encode("latin-1")),
        "claims_x12": ("a.x12", CLAIM.encode()),
        "imaging_dicom": ("a.zip", images()),
        **{feed: table_of(feed)[:2] for feed in ("lab_csv", "claims_csv")},
    }
    deliveries = {}
    for feed, (name, data) in given.items():
        (home / feed).mkdir()
        (home / feed / name).write_bytes(data)
        deliveries[feed] = land(feed, [home / feed / name], settings, received_at=AT)
        assert deliveries[feed].state == "landed", deliveries[feed].details
    lake = Lake(spark, settings)
    report = run.run(lake, FEEDS, say=lambda text: None)
    assert report.state == "succeeded", report
    yield lake, deliveries
    patcher.undo()


@pytest.fixture
def bronze(taken):
    """`bronze(feed)`: its rows in the order of the file."""
    lake, _ = taken
    return lambda feed: lake.read(f"bronze.{feed}").orderBy("position").collect()


@pytest.mark.parametrize("feed", FEEDS)
def test_every_announced_record_is_in_bronze_or_in_quarantine(taken, feed):
    lake, deliveries = taken
    account = state.read(lake.settings, f"bronze.{feed}").accounting
    assert account["in"] == deliveries[feed].records > 0
    assert (account["out"] + account["held"], account["missing"]) == (account["in"], 0)


@pytest.mark.parametrize("feed", [one for one in FEEDS if one != "imaging_dicom"])
def test_the_payload_is_what_lies_at_its_place_in_the_file(taken, bronze, feed):
    lake, _ = taken
    found = bronze(feed)
    for row in found:
        lies_there = trace_bytes(lake.settings, feed, row.file_digest, row.position, row.length)
        assert bytes(row.payload) == lies_there
    assert len({row.record_id for row in found}) == len(found)


def test_messages_stay_in_the_characters_they_came_in(taken, bronze):
    lake, _ = taken
    found = bronze("lab_hl7v2")
    assert [(row.resource_type, row.resource_id, row.full_url) for row in found] == [
        ("ORU^R01", "m1", "LIS|LAB"),
        ("ORM^O01", "m3", "LIS|LAB"),
    ]
    assert "Müller".encode("latin-1") in bytes(found[0].payload)
    assert quarantine.reasons(lake, "bronze.lab_hl7v2") == {"unknown_version": 1}


def test_a_claim_carries_what_stands_above_it(bronze):
    found = bronze("claims_x12")
    assert [row.resource_type for row in found].count("837P") == 1
    [claim] = [row for row in found if row.resource_type == "837P"]
    assert claim.resource_id == "SENDER|1234567893|C1" and claim.full_url == "SENDER|000000001|1|0001"
    assert bytes(claim.context).startswith(b"ISA*00*") and bytes(claim.context).endswith(b"MI*M1~")
    assert b"".join(bytes(row.payload) for row in found) == CLAIM.encode()


@pytest.mark.parametrize("feed", ["lab_csv", "claims_csv"])
def test_rows_are_of_their_kind_and_carry_their_columns(bronze, feed):
    found = bronze(feed)
    assert [row.resource_type for row in found] == [table_of(feed)[2]] * 2
    named = found[0].context.decode().split(",")
    assert named == [column.name for column in layout_of(feed).files[0].columns]


def test_images_of_a_zip_are_read_and_found_again_packed_or_not(taken, bronze):
    lake, _ = taken
    found = bronze("imaging_dicom")
    assert [(row.entry, row.resource_type, row.resource_id) for row in found] == [
        (0, "DICOM", "1.2.3.4.1"),
        (1, "DICOM", "1.2.3.4.2"),
    ]
    plain, packed = (
        trace_bytes(lake.settings, "imaging_dicom", row.file_digest, row.position, row.length) for row in found
    )
    assert image(1).endswith(plain) and packed == image(2)
    assert sum(quarantine.reasons(lake, "bronze.imaging_dicom").values()) >= 1


def test_messages_and_interchanges_are_answered_and_the_others_are_not(taken):
    lake, deliveries = taken
    made = {feed: pathlib.Path(outbox.folder(feed, lake.settings), deliveries[feed].delivery_id) for feed in FEEDS}
    assert {feed for feed, folder in made.items() if folder.is_dir()} == {"lab_hl7v2", "adt_hl7v2", "claims_x12"}
    [acks] = [path.read_bytes() for path in made["lab_hl7v2"].glob("*.hl7")]
    assert acks.count(b"MSA|AA|") == 2 and acks.count(b"MSA|AR|m2") == 1


def test_taking_in_again_takes_nothing(taken):
    lake, _ = taken
    again = run.run(lake, FEEDS, say=lambda text: None)
    assert {one["action"] for one in again.outcomes} == {"unchanged"}


def test_small_deliveries_are_taken_in_together_and_a_bad_one_stops_no_other(spark, tmp_path):
    settings = Settings(str(tmp_path / "lake"))
    alone = Lake(spark, settings)
    bodies = [MESSAGE.format("ORU^R01", f"m{number}") for number in range(4)]
    bodies[2] = bodies[2].replace("|2.5.1", "|9.9")
    came = []
    for number, body in enumerate(bodies):
        (tmp_path / "a.hl7").write_bytes(body.encode("latin-1"))
        at = AT + datetime.timedelta(hours=number)
        came.append(land("lab_hl7v2", [tmp_path / "a.hl7"], settings, received_at=at).delivery_id)
    declared = schemas.feed("lab_hl7v2")
    strict, lenient = (dataclasses.replace(declared, bad_share=share, bad_least=1) for share in (0.05, 1.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "feed", lambda name: strict)
        report = run.run(alone, ["lab_hl7v2"], say=lambda text: None)
    known = state.read(settings, "bronze.lab_hl7v2")
    assert (report.state, known.rows, list(known.deliveries)) == ("failed", 3, [*came[:2], came[3]])
    [message] = [one["message"] for one in report.outcomes if one["action"] == "failed"]
    assert came[2] in message
    assert re.search(r"unknown_version 1 times, first in file [0-9a-f]{12} at byte 0$", message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "feed", lambda name: lenient)
        assert run.run(alone, ["lab_hl7v2"], say=lambda text: None).state == "succeeded"
    known = state.read(settings, "bronze.lab_hl7v2")
    assert (known.rows, sorted(known.deliveries), known.accounting["missing"]) == (3, sorted(came), 0)
    assert [known.deliveries[one]["quarantined"] for one in came] == [0, 0, 1, 0]
    assert sorted(os.listdir(outbox.folder("lab_hl7v2", settings))) == sorted(came)


TEST_DATA = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}


MODIFIED = {"modifierExtension": [{"url": "http://x/not", "valueBoolean": True}]}


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({"id": "t", "meta": TEST_DATA}, {"test_resource": 3}),
        ({"meta": TEST_DATA}, None),
        ({"id": "t", **MODIFIED}, {"modifier_extension": 3}),
    ],
)
def test_what_is_as_it_was_meant_waits_and_says_nothing_against_its_delivery_unless_it_is_faulty_too(
    spark, tmp_path, more, held
):
    settings = Settings(str(tmp_path / "lake"))
    sent = [{"resourceType": "Patient", "id": "p1"}] + [{"resourceType": "Patient", **more}] * 3
    (tmp_path / "a.ndjson").write_text("".join(json.dumps(one) + "\n" for one in sent))
    land("ehr_fhir", [tmp_path / "a.ndjson"], settings, received_at=AT)
    strict = dataclasses.replace(schemas.feed("ehr_fhir"), bad_least=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "feed", lambda name: strict)
        report = run.run(Lake(spark, settings), ["ehr_fhir"], say=lambda text: None)
    known = state.read(settings, "bronze.ehr_fhir")
    assert (report.state, known.rows) == (("succeeded", 1) if held else ("failed", 0))
    if held:
        account = known.accounting
        assert (account["in"], account["held"], account["missing"]) == (4, 3, 0)
        assert account["quarantined"] == held
        assert waiting.listing(settings).splitlines()[1].split() == [
            "bronze.ehr_fhir",
            "ehr_fhir",
            *held,
            "3",
        ]


def test_what_was_set_aside_is_taken_up_when_the_declaration_lets_it_in_and_the_rest_waits_on(spark, tmp_path):
    settings = Settings(str(tmp_path / "lake"))
    sent = [{"resourceType": "Patient", "id": "p1"}, {"resourceType": "Patient", "id": "t", "meta": TEST_DATA}]
    text = "".join(json.dumps(one) + "\n" for one in [*sent, {"resourceType": "Patient"}])
    (tmp_path / "a.ndjson").write_text(text)
    (tmp_path / "b.ndjson").write_text(json.dumps({"resourceType": "Patient", "id": "p2"}))
    for file in ("a.ndjson", "b.ndjson"):
        land("ehr_fhir", [tmp_path / file], settings, received_at=AT)
    lake = Lake(spark, settings)

    def take_in(**declared):
        feed = dataclasses.replace(schemas.feed("ehr_fhir"), bad_least=3, **declared)
        others = [one for one in schemas.feeds() if one.feed != feed.feed]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schemas, "feed", lambda name: feed)
            patch.setattr(schemas, "feeds", lambda: [*others, feed])
            [outcome] = run.run(lake, ["ehr_fhir"], say=lambda text: None).outcomes
        known = state.read(settings, "bronze.ehr_fhir")
        found = tables.read(spark, lake.path("bronze.ehr_fhir"), known.version).collect()
        account = known.accounting
        assert (account["missing"], account["out"], known.rows) == (0, len(found), len(found))
        noted = sum(one["quarantined"] for one in known.deliveries.values())
        assert noted == account["held"] == sum(account["quarantined"].values())
        assert sum(one["records"] for one in known.deliveries.values()) == 4
        return outcome["action"], known.version, sorted(one.resource_id for one in found), account["quarantined"]

    action, first, ids, aside = take_in()
    assert (action, ids, aside) == ("built", ["p1", "p2"], {"test_resource": 1, "no_id": 1})
    assert take_in() == ("unchanged", first, ids, aside)
    # Another declaration, under which the same waits.
    assert take_in(limits={"depth": 99}) == ("confirmed", first, ids, aside)
    action, second, ids, aside = take_in(options={"test_resources": True})
    assert (action, ids, aside) == ("built", ["p1", "p2", "t"], {"no_id": 1})
    touched = state.changes_since(settings, "bronze.ehr_fhir", first, second)
    assert len(touched.of("resource")) == 1 and touched.resource_types == {"Patient"}
    assert take_in(options={"test_resources": True}) == ("unchanged", second, ids, aside)
    # Who is in bronze stays there, also when he would not come in any more.
    assert take_in() == ("confirmed", second, ids, aside)


def landed(number, unpacked, shape="ndjson"):
    return LandedFile(number, "n", f"{number:064}", unpacked, f"d/{number}", "data", shape, False, unpacked, 1)


def test_splits_cover_a_file_and_tasks_weigh_about_the_same():
    feed = schemas.feed("ehr_fhir")
    large, small = landed(1, 200 << 20), [landed(number, 1 << 20) for number in range(2, 40)]
    planned = [one for file in [large, *small] for one in splits.of_file(feed, file, "/landing")]
    of_large = [(one.first, one.last) for one in planned if one.digest == large.digest]
    assert of_large[0][0] == 0 and of_large[-1][1] == large.unpacked
    assert all(before[1] == after[0] for before, after in zip(of_large, of_large[1:], strict=False))
    shared = splits.tasks(planned, cores=2)
    weights = [sum(one.weight for one in task) for task in shared]
    assert len(shared) % 2 == 0 and max(weights) < 1.2 * min(weights)
    assert sorted(one.path for task in shared for one in task) == sorted(one.path for one in planned)


def test_of_images_many_are_read_by_one_task_however_large_they_are():
    feed = schemas.feed("imaging_dicom")
    planned = [one for n in range(1000) for one in splits.of_file(feed, landed(n, 1 << 30, "dicom"), "/landing")]
    assert [len(task) for task in splits.tasks(planned, cores=2)] == [500, 500]


def test_what_waits_of_an_earlier_try_goes_when_the_delivery_has_no_fault_any_more(spark, rows, tmp_path):
    lake, table = Lake(spark, Settings(str(tmp_path))), schemas.table("bronze.lab_csv")
    path = lake.path(quarantine.name_of(table.table))
    given = [{"record_id": n, "delivery_id": d, "faults": ["bad_value"]} for n, d in ((1, "tried"), (2, "other"))]
    tables.keep(path, rows(table.table, *given), doc="waits")
    tried = types.SimpleNamespace(delivery_id="tried")
    for _ in range(2):
        records.set_aside(lake, schemas.feed("lab_csv"), table, [tried], [])
        left = tables.read(spark, path, delta_log.head(path)).collect()
        assert [row.delivery_id for row in left] == ["other"]
    assert delta_log.head(path) == 2, "the second time there was nothing to do"
