"""What the sender announced against what arrived."""

import json

import pytest

from jobs.formats import fhir_export
from jobs.formats.announcement import Announced, Announcement, Arrived, merge, plain_name, reconcile


def said(*files, **more):
    return Announcement("2026-03-01T00:00:00Z", tuple(Announced(*file) for file in files), **more)


def here(*files):
    return [
        Arrived(number, name, f"digest{number}", kind, count) for number, (name, kind, count) in enumerate(files, 1)
    ]


def reasons(found):
    return [reason.document() for reason in found.reasons]


def test_files_are_compared_by_name_where_the_names_are_the_senders():
    found = reconcile(
        said(("https://x/1.Patient.ndjson", "Patient", 3), ("https://x/2.Patient.ndjson?sig=1", "Patient", 4)),
        here(("a/2.Patient.ndjson.gz", "Patient", 3), ("a/1.Patient.ndjson", "Patient", 3)),
    )
    assert (found.by, found.counts_compared) == ("name", 2)
    assert reasons(found) == [
        {"fault": "manifest_mismatch", "file": 1, "digest": "digest1", "type": "Patient", "expected": 4, "found": 3}
    ]


def test_renamed_files_are_compared_by_type():
    announced = said(
        ("https://x/file?id=1", "Patient", 3), ("https://x/file?id=2", "Patient", 4), ("https://x/f", "Device", 1)
    )
    arrived = here(("p.ndjson", "Patient", 7), ("d.ndjson", "Device", 2))
    found = reconcile(announced, arrived)
    assert found.by == "type"
    assert reasons(found) == [{"fault": "manifest_mismatch", "type": "Device", "expected": 1, "found": 2}]


def test_without_counts_the_number_of_files_of_a_type_is_compared():
    announced = said(("https://x/a", "Patient", None), ("https://x/b", "Patient", None))
    [reason] = reasons(reconcile(announced, here(("p.ndjson", "Patient", 7))))
    assert reason == {"fault": "manifest_mismatch", "type": "Patient", "expected": 2, "found": 1}


@pytest.mark.parametrize("name", ["1.Patient.ndjson", "renamed.ndjson"])
def test_an_announced_file_that_did_not_arrive_is_missing(name):
    announced = said(("https://x/1.Patient.ndjson", "Patient", 3), ("https://x/1.Device.ndjson", "Device", 2))
    [reason] = reasons(reconcile(announced, here((name, "Patient", 3))))
    assert reason == {"fault": "manifest_file_missing", "type": "Device", "expected": 2}


@pytest.mark.parametrize("name", ["1.Patient.ndjson", "renamed.ndjson"])
def test_a_file_nobody_announced_is_named(name):
    announced = said(("https://x/1.Patient.ndjson", "Patient", 3))
    [reason] = reasons(reconcile(announced, here((name, "Patient", 3), ("x.ndjson", "Device", 1))))
    assert (reason["fault"], reason["type"]) == ("not_in_manifest", "Device")


def test_an_empty_announced_file_need_not_arrive():
    announced = said(("https://x/1.Patient.ndjson", "Patient", 3), ("https://x/1.Device.ndjson", "Device", 0))
    assert reasons(reconcile(announced, here(("1.Patient.ndjson", "Patient", 3)))) == []
    assert reasons(reconcile(announced, here(("renamed.ndjson", "Patient", 3)))) == []


def test_two_pages_of_a_manifest_are_one():
    both = merge(said(("a", "Patient", 1)), said(("b", "Patient", 1)))
    assert (len(both.files), both.exported_at) == (2, "2026-03-01T00:00:00Z")


def test_a_name_has_no_folder_no_query_and_no_gz():
    assert plain_name("https://x/out/1.Pat%20ient.ndjson.gz?sig=a/b") == "1.Pat ient.ndjson"


def test_a_manifest_announces_output_deleted_and_error_files():
    found = fhir_export.manifest(
        json.dumps(
            {
                "transactionTime": "2026-03-01T00:00:00Z",
                "output": [
                    {"type": "Patient", "url": "https://x/p", "count": 5},
                    {"type": "Device", "url": "https://x/d"},
                ],
                "deleted": [{"url": "https://x/gone", "count": 1}],
                "error": [{"type": "OperationOutcome", "url": "https://x/e"}],
            }
        ).encode()
    )
    assert found == Announcement(
        "2026-03-01T00:00:00Z",
        (
            Announced("https://x/p", "Patient", 5),
            Announced("https://x/d", "Device", None),
            Announced("https://x/gone", "Bundle", 1, "deleted"),
            Announced("https://x/e", "OperationOutcome", None, "error"),
        ),
    )


@pytest.mark.parametrize(
    "data", [b"[]", b"oops", b'{"transactionTime":"2026-03-01T00:00:00Z","output":[{"type":"x"}]}']
)
def test_a_manifest_that_cannot_be_read_says_so(data):
    assert fhir_export.manifest(data).faults == ("manifest_unreadable",)


def log(*events, export="e1"):
    return b"\n".join(
        json.dumps({"exportId": export, "eventId": name, "eventDetail": detail}).encode() for name, detail in events
    )


def request(url, kind="Patient"):
    return "download_request", {"fileUrl": url, "itemType": "output", "resourceType": kind}


def complete(url, count):
    return "download_complete", {"fileUrl": url, "resourceCount": count, "fileSize": 1}


WHOLE = log(
    ("kickoff", {"exportUrl": "https://x/$export"}),
    ("status_complete", {"transactionTime": "2026-03-01T00:00:00Z", "outputFileCount": 1}),
    request("https://x/p"),
    complete("https://x/p", 5),
    ("export_complete", {"files": 1, "resources": 5, "bytes": 1}),
)


def test_a_log_announces_what_was_downloaded():
    expected = (Announced("https://x/p", "Patient", 5),)
    assert fhir_export.log(WHOLE) == Announcement("2026-03-01T00:00:00Z", expected, 5)


def test_only_the_newest_export_in_a_log_counts():
    older = log(request("https://x/old"), export="e0")
    assert fhir_export.log(older + b"\n" + WHOLE) == fhir_export.log(WHOLE)


@pytest.mark.parametrize(
    "data",
    [
        log(request("https://x/p"), complete("https://x/p", 5)),
        log(
            request("https://x/p"),
            ("download_error", {"fileUrl": "https://x/p"}),
            ("export_complete", {"resources": 0}),
        ),
    ],
)
def test_an_export_without_its_end_or_with_a_failed_file_is_incomplete(data):
    assert fhir_export.log(data).faults == ("export_incomplete",)


def test_a_broken_line_in_a_log_makes_it_unreadable():
    assert fhir_export.log(WHOLE + b"\n{oops").faults[0] == "manifest_unreadable"
