"""Deliveries: landed once, whole, under no name that could be a patient's; or held with named reasons."""

import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

import pytest

from jobs.formats import stored
from jobs.formats.fhir import Limits, read
from jobs.shell import deliveries, objects
from jobs.shell.deliveries import DeliveryError, folder, land, trace_bytes, waiting
from jobs.shell.settings import Settings

FEED = "ehr_fhir"
CHECKOUT = pathlib.Path(__file__).resolve().parents[3]


def lines(kind, *ids):
    return b"".join(json.dumps({"resourceType": kind, "id": i}).encode() + b"\n" for i in ids)


PATIENTS = lines("Patient", "p1", "p2", "p3")
DEVICES = lines("Device", "d1", "d2")


@pytest.fixture
def settings(tmp_path):
    return Settings(str(tmp_path / "lake"))


@pytest.fixture
def outbox(tmp_path):
    """`outbox({name: bytes})`: a partner's folder with these files, emptied before."""
    folder = tmp_path / "outbox"

    def fill(files):
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return [folder]

    return fill


def manifest(*files, **more):
    output = [{"type": kind, "url": f"https://ehr.example/{name}", "count": count} for name, kind, count in files]
    return json.dumps({"transactionTime": "2026-03-01T06:00:00-05:00", "output": output, **more}).encode()


def tree(settings):
    root = pathlib.Path(settings.root("landing"))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_delivery_is_kept_byte_for_byte_under_its_digests(settings, outbox):
    found = land(FEED, outbox({"Anna Muster.ndjson": PATIENTS, "b.json.gz": gzip.compress(DEVICES)}), settings)
    assert (found.state, found.reasons, found.records, found.tenant) == ("landed", (), 5, "demo")
    assert [pathlib.Path(file.path).suffixes for file in found.files] == [[".ndjson"], [".ndjson", ".gz"]]
    landed = pathlib.Path(settings.root("landing"), FEED, found.files[0].path)
    assert landed.read_bytes() == PATIENTS
    assert not any("Anna" in name for name in tree(settings))
    assert found.files[0].name == "Anna Muster.ndjson"


def test_what_is_landed_waits_until_it_is_taken_in(settings, outbox):
    found = land(FEED, outbox({"a.ndjson": PATIENTS}), settings)
    assert waiting(FEED, settings) == [found]
    assert waiting(FEED, settings, {found.delivery_id}) == []


def test_the_same_files_again_are_the_same_delivery(settings, outbox):
    first = land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES}), settings)
    before = tree(settings)
    again = land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES}), settings)
    assert (again.delivery_id, again.repeat, first.repeat) == (first.delivery_id, True, False)
    assert tree(settings) == before


def test_the_same_bytes_under_another_name_are_recognised(settings, outbox):
    first = land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES}), settings)
    again = land(FEED, outbox({"renamed.json": DEVICES}), settings)
    assert (again.delivery_id, again.repeat) == (first.delivery_id, True)


def test_only_what_is_new_of_a_delivery_is_landed(settings, outbox):
    first = land(FEED, outbox({"a.ndjson": PATIENTS}), settings)
    second = land(FEED, outbox({"a.ndjson": PATIENTS, "c.ndjson": DEVICES, "d.ndjson": DEVICES}), settings)
    assert [file.name for file in second.files] == ["c.ndjson"]
    assert [(one["name"], one["delivery_id"]) for one in second.duplicates] == [
        ("a.ndjson", first.delivery_id),
        ("d.ndjson", None),
    ]


def test_the_id_of_a_delivery_follows_from_its_bytes_and_its_feed(tmp_path, outbox):
    ids = [
        land(FEED, outbox(files), Settings(str(tmp_path / f"lake{number}"))).delivery_id
        for number, files in enumerate([{"a": PATIENTS, "b": DEVICES}, {"z": DEVICES, "y": PATIENTS}, {"a": PATIENTS}])
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_manifest_that_agrees_gives_the_time_of_the_export(settings, outbox):
    files = {
        "1.ndjson": PATIENTS,
        "2.ndjson": DEVICES,
        "m.json": manifest(("1.ndjson", "Patient", 3), ("2.ndjson", "Device", 2)),
    }
    found = land(FEED, outbox(files), settings)
    assert (found.state, found.exported_at, len(found.data)) == ("landed", "2026-03-01T06:00:00-05:00", 2)
    assert [file.role for file in found.files] == ["data", "data", "manifest"]
    assert found.announcements[0]["agrees"] and found.announcements[0]["counts_compared"] == 2


def test_a_count_that_differs_holds_the_whole_delivery_and_names_no_name(settings, outbox):
    files = {"Anna.ndjson": PATIENTS, "b.ndjson": DEVICES}
    files["m.json"] = manifest(("Anna.ndjson", "Patient", 4), ("b.ndjson", "Device", 2))
    found = land(FEED, outbox(files), settings)
    assert (found.state, found.reasons, waiting(FEED, settings)) == ("held", ("manifest_mismatch",), [])
    [detail] = found.details
    assert (detail["file"], detail["expected"], detail["found"]) == (1, 4, 3)
    assert "Anna" not in json.dumps(found.details)


def test_a_file_that_lost_whole_lines_is_found_by_the_manifest(settings, outbox):
    said = manifest(("a.ndjson", "Patient", 3))
    for end in [*range(1, len(PATIENTS) - 1, 9), len(PATIENTS) - 1]:
        found = land(FEED, outbox({"a.ndjson": PATIENTS[:end], "m.json": said}), settings)
        # Only the last line end may be absent.
        assert found.state == ("landed" if end == len(PATIENTS) - 1 else "held"), f"cut at {end}"


def test_the_right_files_after_a_held_delivery_are_taken(settings, outbox):
    said = manifest(("a.ndjson", "Patient", 3), ("b.ndjson", "Device", 2))
    cut = land(FEED, outbox({"a.ndjson": PATIENTS[:-5], "b.ndjson": DEVICES, "m.json": said}), settings)
    assert set(cut.reasons) == {"truncated"}
    right = land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES, "m.json": said}), settings)
    assert (right.state, right.records, right.duplicates) == ("landed", 5, ())
    assert waiting(FEED, settings) == [right]
    assert [one.state for one in deliveries.deliveries(FEED, settings)] == ["held", "landed"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.ndjson": PATIENTS[:-3]}, "truncated"),
        ({"a.ndjson.gz": gzip.compress(PATIENTS)[:-3]}, "truncated_gzip"),
        ({"a.ndjson.gz": gzip.compress(b" " * (5 << 20))}, "zip_bomb"),
        ({"Observation.2026.gz": gzip.compress(PATIENTS)[:-3]}, "truncated_gzip"),
        ({"part1.dat.gz": gzip.compress(b" " * (5 << 20))}, "zip_bomb"),
        ({"a.ndjson": b""}, "empty_file"),
        ({"a.ndjson": b"<html>504</html>"}, "unknown_format"),
        ({"a.ndjson.part": PATIENTS}, "still_in_transfer"),
    ],
)
def test_one_file_that_is_not_whole_holds_the_delivery(settings, outbox, files, reason):
    found = land(FEED, outbox({"good.ndjson": DEVICES, **files}), settings)
    assert (found.state, found.reasons) == ("held", (reason,))


def test_an_empty_file_that_was_announced_empty_is_right(settings, outbox):
    said = manifest(("a.ndjson", "Patient", 3), ("b.ndjson", "Device", 0))
    assert land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": b"", "m.json": said}), settings).state == "landed"


def test_an_exports_log_is_compared_too(settings, outbox):
    events = [
        ("status_complete", {"transactionTime": "2026-03-01T06:00:00Z"}),
        ("download_request", {"fileUrl": "https://x/a.ndjson", "itemType": "output", "resourceType": "Patient"}),
        ("download_complete", {"fileUrl": "https://x/a.ndjson", "resourceCount": 4}),
        ("export_complete", {"files": 1, "resources": 4}),
    ]
    log = b"".join(json.dumps({"exportId": "1", "eventId": e, "eventDetail": d}).encode() + b"\n" for e, d in events)
    held = land(FEED, outbox({"a.ndjson": PATIENTS, "log.ndjson": log}), settings)
    right = land(FEED, outbox({"a.ndjson": PATIENTS, "log.ndjson": log.replace(b": 4", b": 3")}), settings)
    assert (held.reasons, right.state, right.exported_at) == (("manifest_mismatch",), "landed", "2026-03-01T06:00:00Z")


def test_files_of_another_kind_in_a_folder_are_left_out_and_said(settings, outbox):
    files = {
        "a.ndjson": PATIENTS,
        "README.md": b"# hello",
        "claims.csv.gz": gzip.compress(b"a,b"),
        "s.json": b'{"x":1}',
    }
    found = land(FEED, outbox(files), settings)
    assert (found.state, [one["name"] for one in found.left_out]) == (
        "landed",
        ["README.md", "claims.csv.gz", "s.json"],
    )


def test_a_file_of_another_kind_that_is_asked_for_is_held(settings, outbox):
    [folder] = outbox({"README.md": b"# hello"})
    assert land(FEED, [folder / "README.md"], settings).reasons == ("unknown_format",)


def test_nothing_to_deliver_is_said(settings, outbox, tmp_path):
    with pytest.raises(DeliveryError, match="no file"):
        land(FEED, outbox({}), settings)
    with pytest.raises(DeliveryError, match="path 1 of 1") as fault:
        land(FEED, [tmp_path / "Anna Muster"], settings)
    assert "Anna" not in str(fault.value)


def test_links_out_of_a_folder_and_devices_are_refused(settings, outbox, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(PATIENTS)
    [folder] = outbox({"a.ndjson": PATIENTS})
    (folder / "link").symlink_to(secret)
    with pytest.raises(DeliveryError, match="symbolic link"):
        land(FEED, [folder], settings)
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(DeliveryError, match="pipe"):
        land(FEED, [folder], settings)
    with pytest.raises(DeliveryError, match="device"):
        land(FEED, ["/dev/zero"], settings)
    assert deliveries.deliveries(FEED, settings) == []


def test_the_bytes_of_a_record_are_found_again_in_plain_and_packed_files(settings, outbox):
    found = land(FEED, outbox({"a.ndjson": PATIENTS, "b.gz": gzip.compress(DEVICES)}), settings)
    for file in found.files:
        path = str(pathlib.Path(settings.root("landing"), FEED, file.path))
        for record in read(path, limits=Limits()):
            assert trace_bytes(settings, FEED, file.digest, record.position, record.length) == record.payload


def test_a_digest_nobody_delivered_is_refused(settings, outbox):
    land(FEED, outbox({"a.ndjson": PATIENTS}), settings)
    with pytest.raises(DeliveryError, match="no delivery"):
        trace_bytes(settings, FEED, "0" * 64, 0, 1)


def test_a_landed_delivery_is_not_held_afterwards_by_a_stricter_rule(settings, outbox, monkeypatch):
    first = land(FEED, outbox({"a.ndjson": PATIENTS}), settings)
    monkeypatch.setattr(deliveries.judgement, "IN_TRANSFER", (".ndjson",))
    assert land(FEED, outbox({"a.ndjson": PATIENTS}), settings).repeat
    assert waiting(FEED, settings) == [first]


def test_two_landers_at_once_leave_one_delivery(settings, outbox):
    paths = outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES})
    found = []
    threads = [threading.Thread(target=lambda: found.append(land(FEED, paths, settings))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.repeat for one in found) == [False, True, True, True]
    assert len(deliveries.deliveries(FEED, settings)) == 1


LANDER = """
import sys
from jobs.shell import deliveries, settings
deliveries.land("ehr_fhir", sys.argv[1:], settings.Settings.from_environment())
"""


@pytest.fixture(params=["folders", "store"])
def anywhere(request, settings):
    """Settings of a lake whose landing is a folder, or in a store."""
    if request.param == "folders":
        return settings
    return Settings(settings.home, {"landing": f"{request.getfixturevalue('store')()}/landing"})


@pytest.mark.parametrize("point", ["land-copied", "land-moved", "land-entered"])
def test_a_lander_killed_at_any_point_leaves_all_or_nothing(anywhere, outbox, tmp_path, point):
    settings = anywhere
    paths = outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES})
    whole = land(FEED, paths, Settings(str(tmp_path / "other")))
    environment = {**os.environ, **settings.environment(), "LAKEWARD_KILL_AT": point, "PYTHONPATH": str(CHECKOUT)}
    killed = subprocess.run([sys.executable, "-c", LANDER, *map(str, paths)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    known = deliveries.deliveries(FEED, settings)
    assert [one.delivery_id for one in known] == ([whole.delivery_id] if point == "land-entered" else [])
    assert land(FEED, outbox({"c.ndjson": lines("Device", "d9")}), settings).state == "landed"
    after = land(FEED, outbox({"a.ndjson": PATIENTS, "b.ndjson": DEVICES}), settings)
    assert (after.state, after.delivery_id, after.repeat) == ("landed", whole.delivery_id, point == "land-entered")
    in_store = stored.is_object(settings.root("landing"))
    landing = pathlib.Path(settings.home, "incoming" if in_store else "landing", FEED)
    assert list((landing / ".incoming").iterdir()) == []
    here = objects.names(folder(FEED, settings)) if in_store else [one.name for one in landing.iterdir()]
    assert set(here) - {".incoming", ".lock", "ledger"} == {
        one.delivery_id for one in deliveries.deliveries(FEED, settings)
    }
