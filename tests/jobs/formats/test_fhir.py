"""FHIR records: exact bytes at their offsets, facts, and every fault by name."""

import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats import fhir, ndjson
from jobs.formats.declaration import FormatDeclarationError
from jobs.formats.fhir import Limits, Options, instant

LIMITS = Limits()
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "3", "lastUpdated": "2026-03-01T01:00:00+01:00"},
}


def raw(value):
    return json.dumps(value).encode()


def records(data, limits=LIMITS):
    return list(fhir.records(ndjson.lines(io.BytesIO(data), longest=limits.document_bytes), limits))


def only(data, limits=LIMITS):
    [found] = records(data, limits)
    return found


def documented(tmp_path, data, limits=LIMITS):
    path = tmp_path / "document"
    path.write_bytes(data)
    return list(fhir.read(str(path), document=True, limits=limits))


def test_a_record_says_what_it_is_and_keeps_its_bytes():
    line = b'{ "id" : "p1", "resourceType":"Patient","meta":{"versionId":"3","lastUpdated":"2026-03-01T00:00:00Z"} }'
    found = only(line + b"\n")
    assert found == (0, len(line), None, "Patient", "p1", "3", 1772323200000000, None, None, line, ())


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b"", ("empty_line",)),
        (b"  \t", ("empty_line",)),
        (b'{"resourceType":"Patient","id":"1"', ("not_json",)),
        (b"oops", ("not_json",)),
        (b'{"resourceType":"Patient","id":"1","x":NaN}', ("nan",)),
        (b'{"resourceType":"Patient","id":"1","id":"2"}', ("duplicate_key",)),
        (b'\xef\xbb\xbf{"resourceType":"Patient","id":"1"}', ("byte_order_mark",)),
        (b'{"resourceType":"Patient","id":"\xe9"}', ("bad_utf8",)),
        (b'{"id":"1"}', ("no_resource_type",)),
        (b'{"resourceType":7,"id":"1"}', ("no_resource_type",)),
        (b'[{"resourceType":"Patient","id":"1"}]', ("no_resource_type",)),
        (b'{"resourceType":"../../etc","id":"1"}', ("bad_resource_type",)),
        (b'{"resourceType":"Patient"}', ("no_id",)),
        (b'{"resourceType":"Patient","id":""}', ("no_id",)),
        (b'{"resourceType":"Patient","id":5}', ("no_id",)),
        (b'{"id":"","x":NaN}', ("nan", "no_resource_type", "no_id")),
        (b'{"resourceType":"Patient","id":"1","x":' + b"[" * 100 + b"]" * 100 + b"}", ("too_deep",)),
        (b'{"resourceType":"Patient","id":"1","x":1e999}', ("number_out_of_range",)),
    ],
)
def test_each_fault_of_a_line_has_its_name(line, named):
    good = raw(PATIENT)
    first, bad, last = records(good + b"\n" + line + b"\n" + good + b"\n")
    assert bad.faults == named
    assert (bad.position, bad.payload) == (len(good) + 1, line)
    assert first.faults == last.faults == ()


DENIED = [{"url": "http://example.org/denied", "valueBoolean": True}]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"modifierExtension": DENIED}, ("modifier_extension",)),
        ({"link": [{}, {"modifierExtension": DENIED}]}, ("modifier_extension",)),
        ({"contained": [{"resourceType": "Organization", "modifierExtension": DENIED}]}, ("modifier_extension",)),
        ({"modifierExtension": []}, ()),
        ({"modifierExtension": None}, ()),
        ({"extension": DENIED}, ()),
        ({"name": [{"text": "modifierExtension"}]}, ()),
        ({"name": [{"text": '"modifierExtension":[{"url":"x"}]'}]}, ()),
    ],
)
def test_what_says_that_it_means_something_else_in_a_way_nobody_knows_is_not_read_as_if_it_did_not(more, named):
    found = only(raw({**PATIENT, **more}))
    assert (found.resource_id, found.faults) == ("p1", named)
    of_bundle = only(raw({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {**PATIENT, **more}}]}))
    assert of_bundle.faults == named


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"modifierExtension": DENIED}, ()),
        ({"link": [{}, {"modifierExtension": DENIED}]}, ()),
        ({"modifierExtension": [*DENIED, {"url": "http://example.org/other"}]}, ("modifier_extension",)),
        ({"modifierExtension": [*DENIED, {}]}, ("modifier_extension",)),
        ({"modifierExtension": DENIED[0]}, ("modifier_extension",)),
        ({"modifierExtension": [{**DENIED[0], "modifierExtension": [{"url": "x"}]}]}, ("modifier_extension",)),
    ],
)
def test_modifier_extensions_that_a_feed_understands_let_a_record_in_if_they_are_all_there_is(more, named):
    text = raw({**PATIENT, **more})
    knowing = Options.of({"modifier_extensions": ["http://example.org/denied"]})
    [found] = fhir.records([(0, len(text), text)], LIMITS, knowing)
    assert (found.resource_id, found.faults) == ("p1", named)


ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@pytest.mark.parametrize(
    ("labels", "is_test"),
    [
        ([{"system": ACT_REASON, "code": "HTEST"}], True),
        ([{"code": "R"}, {"system": "http://hl7.org/fhir/v3/ActReason", "code": "HTEST"}], True),
        ([{"system": ACT_REASON, "code": "TREAT"}], False),
        ([{"system": "urn:local", "code": "HTEST"}], False),
        ([{"system": [], "code": {}}, "HTEST", None], False),
        ({"system": ACT_REASON, "code": "HTEST"}, False),
    ],
)
def test_what_is_labelled_as_test_data_has_a_fault_of_its_own_unless_the_feed_takes_it(labels, is_test):
    line = raw({**PATIENT, "meta": {**PATIENT["meta"], "security": labels}})
    bundle = raw({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": json.loads(line)}]})
    for text in (line, bundle):
        found = only(text)
        assert (found.resource_id, found.version_id) == ("p1", "3")
        assert found.faults == (("test_resource",) if is_test else ())
        [taken] = fhir.records([(0, len(text), text)], LIMITS, Options.of({"test_resources": True}))
        assert taken.faults == ()


@pytest.mark.parametrize(
    "declared",
    [{"test_resources": "yes"}, {"test_resources": 1}, {"test_interchanges": True}, {"modifier_extensions": "x"}],
)
def test_an_option_that_cannot_be_is_refused(declared):
    with pytest.raises(FormatDeclarationError, match=f"^options: .*{next(iter(declared))}"):
        Options.of(declared)


def test_every_fault_a_record_can_have_is_described():
    named = {name for name in vars(fhir) if name.isupper()}
    assert {getattr(fhir, name) for name in named if isinstance(getattr(fhir, name), str)} <= fhir.FAULTS.keys()


def test_a_record_above_the_limit_keeps_its_place_but_not_its_bytes():
    line = raw({**PATIENT, "text": "x" * 500})
    found = only(line + b"\n", Limits(record_bytes=200))
    assert (found.length, found.payload, found.faults) == (len(line), None, ("too_large",))


def test_an_endless_line_is_too_large_and_the_next_is_read():
    limits = Limits(record_bytes=200, document_bytes=300)
    found = records(b"x" * 5000 + b"\n" + raw(PATIENT) + b"\n", limits)
    assert [record.faults for record in found] == [("too_large",), ()]


def test_one_poisoned_record_in_a_thousand_leaves_the_others_alone():
    lines = [raw({"resourceType": "Patient", "id": f"p{n}"}) for n in range(1000)]
    lines[617] = b'{"resourceType":"Patient","id":' + b"[" * 50_000
    found = records(b"\n".join(lines))
    assert [record.resource_id for record in found if not record.faults] == [f"p{n}" for n in range(1000) if n != 617]
    assert found[617].faults == ("too_deep",)


@pytest.mark.parametrize("kind", ["OperationOutcome", "Parameters"])
def test_a_message_of_an_operation_needs_no_id(kind):
    assert only(raw({"resourceType": kind})).faults == ()


def test_an_unknown_limit_is_refused_by_name():
    with pytest.raises(ValueError, match="record_size"):
        Limits.of({"record_size": 5})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T00:00:00Z", 1772323200000000),
        ("2026-03-01T01:00:00.123+01:00", 1772323200123000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-03-01T00:00:00", None),
        ("2026-02-30T00:00:00Z", None),
        ("yesterday", None),
        (20260301, None),
        (None, None),
    ],
)
def test_an_instant_has_a_zone_or_is_none(text, expected):
    assert instant(text) == expected


def test_gzip_and_plain_give_the_same_records(tmp_path):
    data = b"\n".join(raw({"resourceType": "Patient", "id": f"p{n}"}) for n in range(50))
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    assert list(fhir.read(str(plain), limits=LIMITS)) == list(fhir.read(str(packed), limits=LIMITS))


# Bundles


def bundle(kind, *entries, **more):
    return {"resourceType": "Bundle", "type": kind, **more, "entry": list(entries)}


@pytest.mark.parametrize("kind", ["collection", "transaction", "searchset", "history", "batch"])
@pytest.mark.parametrize("indent", [None, 2])
def test_entries_of_a_bundle_are_records_with_their_exact_bytes(tmp_path, kind, indent):
    entries = [
        {
            "fullUrl": f"urn:uuid:{n}",
            "request": {"method": "PUT", "url": f"Patient/p{n}"},
            "resource": {**PATIENT, "id": f"p{n}"},
        }
        for n in range(3)
    ]
    data = json.dumps(bundle(kind, *entries), indent=indent).encode()
    found = documented(tmp_path, data)
    assert [(r.entry, r.resource_id, r.full_url, r.method) for r in found] == [
        (n, f"p{n}", f"urn:uuid:{n}", "PUT") for n in range(3)
    ]
    assert all(r.payload == data[r.position : r.position + r.length] for r in found)
    assert [json.loads(r.payload) for r in found] == [entry["resource"] for entry in entries]


def test_lines_may_be_bundles_and_offsets_count_from_the_start_of_the_file():
    data = (
        raw(PATIENT) + b"\n" + raw(bundle("collection", {"resource": {**PATIENT, "id": "p2"}})) + b"\n" + raw(PATIENT)
    )
    found = records(data)
    assert [(r.resource_id, r.entry) for r in found] == [("p1", None), ("p2", 0), ("p1", None)]
    assert all(r.payload == data[r.position : r.position + r.length] for r in found)


def test_a_delete_without_resource_is_a_tombstone_that_keeps_the_entry():
    entry = {
        "fullUrl": "https://ehr.example/fhir/Patient/p9",
        "request": {"method": "DELETE", "url": "https://ehr.example/fhir/Patient/p9"},
        "response": {"status": "204", "etag": 'W/"7"', "lastModified": "2026-03-01T00:00:00Z"},
    }
    found = only(raw(bundle("history", entry)))
    assert found[2:9] == (0, "Patient", "p9", "7", 1772323200000000, "https://ehr.example/fhir/Patient/p9", "DELETE")
    assert (json.loads(found.payload), found.faults) == (entry, ())


def test_a_delete_of_a_bulk_export_happened_before_the_bundle_that_tells_of_it():
    # Bulk Data Access, "deleted": transaction Bundles with nothing but requests.
    entry = {"request": {"method": "DELETE", "url": "Patient/123/_history/4"}}
    found = only(raw(bundle("transaction", entry, meta={"lastUpdated": "2026-03-01T00:00:00Z"})))
    assert (found.resource_type, found.resource_id, found.last_updated) == ("Patient", "123", 1772323200000000)


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"fullUrl": "urn:uuid:1"}, ("no_resource",)),
        ({"resource": None}, ("no_resource",)),
        ({"request": {"method": "GET", "url": "Patient/1"}}, ("no_resource",)),
        ({"request": {"method": "DELETE", "url": "Patient?identifier=x|1"}}, ("no_id",)),
        ({"request": {"method": "DELETE"}}, ("no_id",)),
        ({"resource": {"resourceType": "Patient"}}, ("no_id",)),
        ({"resource": {"id": "1"}}, ("no_resource_type",)),
        ({"resource": 5}, ("no_resource_type",)),
        (5, ("not_json",)),
    ],
)
def test_each_fault_of_an_entry_has_its_name_and_the_others_stand(entry, named):
    data = raw(bundle("collection", {"resource": PATIENT}, entry, {"resource": {**PATIENT, "id": "p3"}}))
    first, bad, last = records(data)
    assert (bad.entry, bad.faults) == (1, named)
    assert bad.payload == data[bad.position : bad.position + bad.length]
    assert (first.faults, last.faults, last.resource_id) == ((), (), "p3")


def test_a_repeated_key_inside_one_entry_is_that_entrys_fault():
    data = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"1"}},'
    data += b'{"resource":{"resourceType":"Patient","id":"2","id":"3"}}]}'
    assert [record.faults for record in records(data)] == [(), ("duplicate_key",)]


@pytest.mark.parametrize(
    "data",
    [
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"1"}}],"entry":[]}',
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"1"},'
        b'"resource":{"resourceType":"Patient","id":"2"}}]}',
    ],
)
def test_a_repeated_key_around_the_resources_would_hide_one_so_the_bundle_waits_whole(data):
    found = only(data)
    assert (found.resource_type, found.faults, found.payload) == ("Bundle", ("duplicate_key",), data)


def test_a_bundle_cut_in_the_middle_is_one_faulty_record_and_never_a_part(tmp_path):
    data = raw(bundle("collection", *[{"resource": {**PATIENT, "id": f"p{n}"}} for n in range(5)]))
    for end in range(1, len(data), 7):
        assert [record.faults for record in documented(tmp_path, data[:end])] == [("not_json",)]


@pytest.mark.parametrize("kind", ["document", "message", "transaction-response"])
def test_a_bundle_that_means_something_as_a_whole_stays_one_record(kind):
    found = only(raw({**bundle(kind, {"resource": PATIENT}), "id": "b1"}))
    assert (found.resource_type, found.resource_id, found.entry, found.faults) == ("Bundle", "b1", None, ())


def test_a_bundle_inside_a_bundle_stays_one_record():
    inner = {**bundle("collection", {"resource": PATIENT}), "id": "b2"}
    found = only(raw(bundle("collection", {"resource": inner})))
    assert (found.resource_type, found.resource_id, json.loads(found.payload)) == ("Bundle", "b2", inner)


def test_a_byte_order_mark_before_a_bundle_is_the_fault_of_its_first_record(tmp_path):
    data = b"\xef\xbb\xbf" + raw(bundle("collection", {"resource": PATIENT}, {"resource": {**PATIENT, "id": "p2"}}))
    found = documented(tmp_path, data)
    assert [record.faults for record in found] == [("byte_order_mark",), ()]
    assert all(r.payload == data[r.position : r.position + r.length] for r in found)


def test_the_record_limit_is_for_entries_and_not_for_the_bundle():
    small = {"resource": PATIENT}
    large = {"resource": {**PATIENT, "id": "p2", "text": "x" * 400}}
    found = records(raw(bundle("collection", *[small] * 10, large)), Limits(record_bytes=300))
    assert [record.faults for record in found] == [()] * 10 + [("too_large",)]
    assert found[-1].payload is None


def test_a_single_resource_over_many_lines_is_one_record(tmp_path):
    data = b"\n " + json.dumps(PATIENT, indent=2).encode() + b"\n"
    [found] = documented(tmp_path, data)
    assert (found.resource_id, found.payload) == ("p1", data[found.position : found.position + found.length])


# Garbage

good_lines = st.sampled_from(
    [
        raw(PATIENT),
        raw(
            bundle(
                "collection",
                {"fullUrl": "urn:uuid:1", "resource": PATIENT},
                {"request": {"method": "DELETE", "url": "Patient/1"}},
            )
        ),
        raw({**PATIENT, "contained": [{"resourceType": "Organization", "id": "o"}], "text": {"div": 'a "b": \\ é'}}),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(good_lines | st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_whatever_the_bytes_only_named_faults_come_out_and_no_byte_is_lost(lines, data):
    text = bytearray(b"\n".join(lines))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, max(0, len(text) - 1)))
        action = data.draw(st.sampled_from(["flip", "cut", "double"]))
        if action == "flip" and text:
            text[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del text[at : at + data.draw(st.integers(1, 30))]
        else:
            text[at:at] = text[at : at + data.draw(st.integers(1, 30))]
    found = records(bytes(text))
    assert all(set(record.faults) <= fhir.FAULTS.keys() for record in found)
    assert all(record.payload == text[record.position : record.position + record.length] for record in found)
    assert all(record.resource_type for record in found if not record.faults)
    assert len({record.position for record in found}) == len(found)


@settings(max_examples=1500, deadline=None)
@given(st.text(alphabet='{}[]",:\\ \tabu0123eE+-.nulltrefsNI\u00e9', max_size=60))
def test_json_like_garbage_gives_only_named_faults(text):
    for record in records(b'{"resourceType":"Patient","id":"1","x":' + text.encode() + b"}"):
        assert set(record.faults) <= fhir.FAULTS.keys()
