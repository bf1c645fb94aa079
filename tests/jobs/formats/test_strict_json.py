"""Strict JSON: every fault has its name, and the fast way never differs from the slow one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.formats import strict_json
from jobs.formats.strict_json import examine, is_cut


def faults(raw, deepest=100):
    return examine(raw, deepest)[1]


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b'{"a": 1', ("not_json",)),
        (b'{"a": 1}{"b": 2}', ("not_json",)),
        (b"{'a': 1}", ("not_json",)),
        (b'{"a": 01}', ("not_json",)),
        (b'{"a": "line\x0abreak"}', ("not_json",)),
        (b'{"a": NaN}', ("nan",)),
        (b'{"a": [1, -Infinity]}', ("nan",)),
        (b'{"a": NaN, "a": 1}', ("duplicate_key", "nan")),
        (b'{"a": 1, "a": 1}', ("duplicate_key",)),
        (b'{"x": [{"a": {}, "b": 2, "a": {}}]}', ("duplicate_key",)),
        (b'{"a" :1,"a":2}', ("duplicate_key",)),
        (b'{"a":1,"\\u0061":2}', ("duplicate_key",)),
        # The escape gives back the colon that the repeated key takes away.
        (b'{"a":"\\u003a","a":"\\u003a","b":"\\u003A"}', ("duplicate_key",)),
        (b'{"a": "\xff"}', ("bad_utf8",)),
        (b'{"a": "\xc3"}', ("bad_utf8",)),
        (b'{"a": "\\ud800"}', ("bad_utf8",)),
        (b'{"a": 1e999}', ("number_out_of_range",)),
        (b'{"a": ' + b"9" * 5000 + b"}", ("number_out_of_range",)),
        (b"[" * 100_000, ("too_deep",)),
    ],
)
def test_each_fault_has_its_name(raw, named):
    assert faults(raw) == named


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\u003a","b":"\\":\\u0022:"}',
        b'{ "a" : 1.50, "b":\t[1e2, -0, 12345678901234567890] }',
        b'{"div":"a : b :: c","e":"caf\xc3\xa9 \\u00e9 \\ud83d\\ude00"}',
        b'{"a":{"a":{"a":1}}}',
    ],
)
def test_what_is_only_written_in_another_way_is_no_fault(raw):
    assert faults(raw) == ()


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("beside", ["", "[],", "[[[]]],"])
def test_depth_is_counted_exactly_at_the_limit(opening, beside):
    def nested(depth):
        inner = "1"
        for level in range(depth):
            array = f"[{beside if 2 < level < depth - 4 else ''}{inner}]"
            inner = array if opening == "[" else f'{{"a":{inner}}}'
        return inner.encode()

    assert (faults(nested(100)), faults(nested(101))) == ((), ("too_deep",))


def test_brackets_in_texts_do_not_count_as_depth():
    assert faults(json.dumps({"a": "[" * 500, "b": ["}{" * 300]}).encode(), 10) == ()


def test_a_record_of_millions_of_values_is_too_large_before_it_is_built(monkeypatch):
    monkeypatch.setattr(strict_json, "SURELY_SMALL", 1000)
    monkeypatch.setattr(strict_json, "MOST_VALUES", 400)
    assert faults(b"[" + b"[]," * 1000 + b"1]") == ("too_large",)
    assert faults(b'["' + b"x" * 5000 + b'"]') == ()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_whatever_python_writes_is_read_back_without_fault(value, ascii_only, indent):
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert examine(raw, 100) == (value, ())


@given(st.dictionaries(st.text(max_size=4), values, min_size=1, max_size=4), st.data())
def test_a_repeated_key_is_found_wherever_it_stands(value, data):
    name = data.draw(st.sampled_from(sorted(value)))
    at = data.draw(st.integers(0, len(value)))
    pairs = list(value.items())
    pairs.insert(at, (name, data.draw(values)))
    raw = "{" + ",".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in pairs) + "}"
    assert faults(b'{"outer":[' + raw.encode() + b"]}") == ("duplicate_key",)


@given(st.dictionaries(st.text(max_size=4), values, min_size=1, max_size=4), st.data())
def test_every_beginning_of_an_object_is_seen_as_cut(value, data):
    raw = json.dumps(value).encode()
    end = data.draw(st.integers(1, len(raw) - 1))
    assert is_cut(raw[:end])
    assert not is_cut(raw)
