"""Documents: written whole or not at all."""

import os

import pytest

from jobs.shell import documents


def test_what_is_written_is_read_back(tmp_path):
    documents.write(tmp_path / "a" / "b" / "one.json", {"name": "é", "rows": [1, None]})
    assert documents.read(tmp_path / "a" / "b" / "one.json") == {"name": "é", "rows": [1, None]}


def test_a_document_that_is_not_there_is_none(tmp_path):
    assert documents.read(tmp_path / "none.json") is None
    assert documents.entries(tmp_path / "none") == []


def test_what_cannot_be_written_leaves_the_old_document_and_no_rest(tmp_path):
    documents.write(tmp_path / "one.json", {"version": 1})
    with pytest.raises(TypeError):
        documents.write(tmp_path / "one.json", {"version": object()})
    assert documents.read(tmp_path / "one.json") == {"version": 1}
    assert os.listdir(tmp_path) == ["one.json"]


def test_a_crash_before_the_rename_leaves_the_old_document(tmp_path, monkeypatch):
    documents.write(tmp_path / "one.json", {"version": 1})

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        documents.write(tmp_path / "one.json", {"version": 2})
    assert documents.read(tmp_path / "one.json") == {"version": 1}


def test_entries_are_the_documents_in_order_without_unfinished_ones(tmp_path):
    for name in ("b.json", "a.json", "c.json.12.0.part"):
        (tmp_path / name).write_text("{}")
    assert [os.path.basename(path) for path in documents.entries(tmp_path)] == ["a.json", "b.json"]


def test_a_broken_document_is_named_without_its_content(tmp_path):
    (tmp_path / "one.json").write_text("{secret")
    with pytest.raises(documents.DocumentError) as fault:
        documents.read(tmp_path / "one.json")
    assert "one.json" in str(fault.value) and "secret" not in str(fault.value)
