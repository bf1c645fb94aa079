"""A steward's decisions: kept, appended, masked where they are shown."""

import argparse
import datetime
import json
import stat
import threading

import duckdb
import pytest

from jobs.identity.decisions import DecisionError
from jobs.shell import identity_cli, steward
from jobs.shell.settings import Settings

NOW = datetime.datetime(2026, 3, 1, 8, tzinfo=datetime.UTC)


@pytest.fixture
def lake(tmp_path):
    return Settings(str(tmp_path))


def decide(lake, word, one, other, why="same mother"):
    return steward.decide(lake, word, one, other, who="mara", why=why, at=NOW)


def asked(*words):
    parser = argparse.ArgumentParser()
    identity_cli.add_to(parser.add_subparsers(dest="command"))
    return parser.parse_args(["identity", *map(str, words)])


def pairs(settings):
    """A lake of two patients and one pair, as the query connection shows it."""
    found = duckdb.connect()
    found.execute("CREATE SCHEMA silver")
    found.execute(
        "CREATE TABLE silver.patient AS SELECT i AS patient_id, 'lab' AS feed, ['Zephyr'] AS names,"
        " DATE '1980-02-03' AS birth_date, 'male' AS gender, []::VARCHAR[] AS addresses, NULL AS telecom,"
        " NULL AS identifiers"
        " FROM (VALUES (3), (7)) v(i)"
    )
    found.execute(
        "CREATE TABLE silver.person_pair AS SELECT 3 AS left_id, 7 AS right_id, 0.71 AS probability, 'review' AS band,"
        " 'possible_twins' AS rule, [{'comparison': 'surname', 'level': 'same', 'weight': 7.25}] AS explanation"
    )
    return found


def test_decisions_are_appended_in_the_order_of_the_words(lake):
    assert steward.decisions(lake) == []
    first, second = decide(lake, "link", 9, 4), decide(lake, "never", 4, 9)
    assert (first.left_id, first.right_id, first.decided_at) == (4, 9, "2026-03-01T08:00:00.000000+00:00")
    assert steward.decisions(lake) == [first, second]
    assert steward.as_table(lake)["decision"].to_pylist() == ["link", "never"]


def test_nobody_but_the_owner_reads_the_decisions(lake, tmp_path):
    decide(lake, "link", 1, 2)
    assert stat.S_IMODE((tmp_path / "ops/identity/decisions.jsonl").stat().st_mode) == 0o600


def test_a_decision_needs_two_records_a_reason_and_a_word_that_is_known(lake):
    with pytest.raises(DecisionError, match="two records"):
        decide(lake, "link", 1, 1)
    with pytest.raises(DecisionError, match="who decides and why"):
        decide(lake, "link", 1, 2, why=" ")
    with pytest.raises(DecisionError, match="one of link, unlink, never"):
        decide(lake, "join", 1, 2)
    assert steward.decisions(lake) == []


def test_a_line_that_a_crash_cut_off_was_never_said(lake, tmp_path):
    first = decide(lake, "link", 1, 2)
    with (tmp_path / "ops/identity/decisions.jsonl").open("ab") as out:
        out.write(b'{"left_id": 5')
    assert steward.decisions(lake) == [first]
    second = decide(lake, "never", 3, 4)
    assert steward.decisions(lake) == [first, second]


def test_a_spoilt_line_stops_the_reading_and_is_named_without_its_text(lake, tmp_path):
    decide(lake, "link", 1, 2)
    with (tmp_path / "ops/identity/decisions.jsonl").open("ab") as out:
        out.write(b'{"secret": 1}\n')
    with pytest.raises(steward.StewardError, match=r"decisions\.jsonl, line 2: not a decision$"):
        steward.decisions(lake)


def test_stewards_who_decide_at_once_lose_no_word(lake):
    threads = [threading.Thread(target=decide, args=(lake, "link", 1, number)) for number in range(2, 22)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.right_id for one in steward.decisions(lake)) == list(range(2, 22))


def test_what_waits_is_shown_without_values_unless_they_are_asked_for(lake):
    [found] = identity_cli.review(lake, limit=5, connect=pairs)
    assert (found["left_id"], found["right_id"], found["rule"]) == (3, 7, "possible_twins")
    assert found["records"][0] == {
        "patient_id": 3,
        "feed": "lab",
        "names": "***",
        "birth_date": "***",
        "gender": "***",
    }
    assert "Zephyr" not in identity_cli.waiting_text([found])
    [shown] = identity_cli.review(lake, limit=5, reveal=True, connect=pairs)
    assert shown["records"][0]["names"] == ["Zephyr"]


def test_a_settled_pair_waits_no_longer_and_an_unlinked_one_does(lake):
    decide(lake, "unlink", 3, 7)
    assert len(identity_cli.review(lake, limit=5, connect=pairs)) == 1
    decide(lake, "never", 3, 7)
    assert identity_cli.review(lake, limit=5, connect=pairs) == []


def test_a_pair_is_explained_by_its_levels_and_what_was_said(lake):
    decide(lake, "never", 7, 3)
    found = identity_cli.explain(lake, 7, 3, connect=pairs)
    text = identity_cli.explained_text(found)
    assert "surname           same                                 +7.25" in text
    assert "never  3 7  mara: same mother" in text
    with pytest.raises(identity_cli.NoPairError, match="were not compared"):
        identity_cli.explain(lake, 3, 8, connect=pairs)


def test_the_command_keeps_a_decision_and_says_what_carries_it_out(lake, capsys):
    given = asked("link", 8, 5, "--why", "saw the card", "--who", "mara")
    assert given.do(given, lake) == 0
    said = capsys.readouterr()
    assert said.out == "link 5 8: kept; `lakeward run silver gold` carries it out\n"
    assert "the decision waits for them" in said.err
    listed = asked("list", "--decisions", "--json")
    assert listed.do(listed, lake) == 0
    assert [one["why"] for one in json.loads(capsys.readouterr().out)] == ["saw the card"]


def test_a_decision_without_a_reason_is_refused_by_the_command(lake):
    with pytest.raises(SystemExit):
        asked("never", 1, 2)
