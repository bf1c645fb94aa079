"""Data docs: pages that say what was found, need no network and let no text through as markup."""

from jobs.shell import data_docs
from jobs.shell.gate import Judgement, Verdict


def _verdict(outcome="passed", severity="warn", column="person_id", check="isRequired"):
    failed = 3 if outcome == "failed" else 0
    return Verdict(check, column, severity, outcome, failed, 12, failed / 12, 0.0, "told" if failed else "")


def _read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def test_a_page_for_each_table_and_an_index_over_all(tmp_path):
    data_docs.build(str(tmp_path), [Judgement("gold.person", [_verdict()], {})], "run-1")
    index = data_docs.build(str(tmp_path), [Judgement("gold.death", [_verdict("failed", "stop")], {})], "run-2")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert index == str(tmp_path / "index.html")
    # The index knows the table of the earlier run too.
    assert 'href="gold.person.html"' in text and 'href="gold.death.html"' in text
    assert "stopped" in text


def test_what_failed_is_open_and_comes_first(tmp_path):
    data_docs.build(str(tmp_path), [Judgement("gold.person", [_verdict(), _verdict("failed")], {})])
    page = _read(tmp_path, "gold.person.html")
    assert page.index("failed: 1") < page.index("passed: 1")
    assert "<details open>" in page and "25.0000%" in page


def test_pages_ask_nothing_of_the_network(tmp_path):
    data_docs.build(str(tmp_path), [Judgement("gold.person", [_verdict()], {})])
    assert "http" not in _read(tmp_path, "gold.person.html") + _read(tmp_path, "index.html")


def test_markup_in_a_name_stays_text(tmp_path):
    data_docs.build(str(tmp_path), [Judgement("gold.person", [_verdict(column="<script>")], {})])
    assert "<script>" not in _read(tmp_path, "gold.person.html")
