"""`lakeward identity`: the pairs that wait for a steward, why a pair looks as it does, and the steward's word on it."""

from __future__ import annotations

import argparse
import datetime
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from jobs.identity.bands import REVIEW
from jobs.identity.decisions import LINK, MEANINGS, NEVER, UNLINK
from jobs.identity.settling import RULES_OF_ALL
from jobs.shell import query, steward
from jobs.shell.settings import Settings

PAIRS, PATIENTS = "silver.person_pair", "silver.patient"
# What a steward looks at to tell two records apart; masked unless revealed.
SHOWN = ("names", "birth_date", "gender", "addresses", "telecom", "identifiers")
MASK = "***"
Connect = Callable[[Settings], duckdb.DuckDBPyConnection]


class NoPairError(ValueError):
    """Two records are asked for that were never compared, or the pairs were not made yet."""


def add_to(commands: Any) -> None:
    """Add `identity` to the commands of jobs.shell.cli."""
    one = commands.add_parser("identity", help="who is whom: pairs to review, why, and a steward's decisions")
    words = one.add_subparsers(dest="word", required=True, metavar="list|explain|link|unlink|never")
    listed = words.add_parser("list", help="pairs that wait for a steward, the most probable first")
    listed.add_argument("--limit", type=int, default=20)
    listed.add_argument("--rule", help="only pairs that wait for this reason")
    listed.add_argument("--decisions", action="store_true", help="what stewards have said, instead")
    explained = words.add_parser("explain", help="how two records compare, and what was said of them")
    _two(explained)
    for also in (listed, explained):
        also.add_argument("--reveal", action="store_true", help="show values; they are masked otherwise")
        also.add_argument("--json", action="store_true")
    for word in (LINK, UNLINK, NEVER):
        said = words.add_parser(word, help=MEANINGS[word])
        _two(said)
        said.add_argument("--why", required=True, metavar="TEXT")
        said.add_argument("--who", metavar="NAME", help="default: who is logged in")
    one.set_defaults(do=do)


def _two(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("left", type=int, metavar="PATIENT_ID")
    parser.add_argument("right", type=int, metavar="PATIENT_ID")


def do(asked: argparse.Namespace, settings: Settings) -> int:
    """Carry out what was asked."""
    if asked.word in MEANINGS:
        return _decide(asked, settings)
    if asked.word == "explain":
        found = explain(settings, asked.left, asked.right, reveal=asked.reveal)
        print(json.dumps(found, indent=2, default=str) if asked.json else explained_text(found))
        return 0
    if asked.decisions:
        said = [one._asdict() for one in steward.decisions(settings)]
        print(json.dumps(said, indent=2) if asked.json else _decisions_text(said))
        return 0
    waiting = review(settings, limit=asked.limit, rule=asked.rule, reveal=asked.reveal)
    print(json.dumps(waiting, indent=2, default=str) if asked.json else waiting_text(waiting))
    return 0


def _decide(asked: argparse.Namespace, settings: Settings) -> int:
    now = datetime.datetime.now(datetime.UTC)
    who = asked.who or getpass.getuser()
    made = steward.decide(settings, asked.word, asked.left, asked.right, who=who, why=asked.why, at=now)
    print(f"{made.decision} {made.left_id} {made.right_id}: kept; `lakeward run silver gold` carries it out")
    if not _known(settings, {made.left_id, made.right_id}):
        print("not both records are in silver.patient now; the decision waits for them", file=sys.stderr)
    return 0


def _known(settings: Settings, ids: set[int], connect: Connect = query.connect) -> bool:
    try:
        found = connect(settings).execute(f"SELECT patient_id FROM {PATIENTS} WHERE patient_id IN (?, ?)", [*ids])
    except (duckdb.Error, query.NothingPublishedError):
        return False
    return {row[0] for row in found.fetchall()} == ids


def review(
    settings: Settings, *, limit: int, rule: str | None = None, reveal: bool = False, connect: Connect = query.connect
) -> list[dict[str, Any]]:
    """Pairs in the review band that no steward has settled, with both records; values masked unless `reveal`."""
    connection = _with_pairs(settings, connect)
    last = {(one.left_id, one.right_id): one.decision for one in steward.decisions(settings)}
    wanted = "" if rule is None else "AND rule = ?"
    found = connection.execute(
        f"SELECT left_id, right_id, probability, rule FROM {PAIRS} WHERE band = ? {wanted}"
        " ORDER BY probability DESC NULLS LAST, left_id, right_id",
        [REVIEW] if rule is None else [REVIEW, rule],
    )
    rows = [row for row in found.fetchall() if last.get((row[0], row[1]), UNLINK) == UNLINK][:limit]
    return [
        {"left_id": left, "right_id": right, "probability": probability, "rule": why,
         "records": _records(connection, left, right, reveal=reveal)}
        for left, right, probability, why in rows
    ]  # fmt: skip


def explain(
    settings: Settings, one: int, other: int, *, reveal: bool = False, connect: Connect = query.connect
) -> dict[str, Any]:
    """How a pair was judged, level by level, with both records and what stewards said of it."""
    left, right = min(one, other), max(one, other)
    connection = _with_pairs(settings, connect)
    asked = f"SELECT probability, band, rule, explanation FROM {PAIRS} WHERE left_id = ? AND right_id = ?"
    rows = connection.execute(asked, [left, right]).fetchall()
    said = [made._asdict() for made in steward.decisions(settings) if (made.left_id, made.right_id) == (left, right)]
    if not rows and not said:
        raise NoPairError(f"{left} and {right} were not compared: they have no key in common, or are too unlike")
    probability, band, rule, levels = rows[0] if rows else (None, None, None, [])
    return {
        "left_id": left,
        "right_id": right,
        "probability": probability,
        "band": band,
        "rule": rule,
        "meaning": RULES_OF_ALL.get(str(rule)),
        "comparisons": levels or [],
        "decisions": said,
        "records": _records(connection, left, right, reveal=reveal),
    }


def _with_pairs(settings: Settings, connect: Connect) -> duckdb.DuckDBPyConnection:
    connection = connect(settings)
    schema, _, name = PAIRS.partition(".")
    known = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
    if not connection.execute(known, [schema, name]).fetchall():
        raise NoPairError(f"{PAIRS} has not been built: `lakeward run silver` makes it")
    return connection


def _records(connection: duckdb.DuckDBPyConnection, left: int, right: int, *, reveal: bool) -> list[dict[str, Any]]:
    """Both records: feed, and which of the columns are told; what they say only with `reveal`."""
    asked = (
        f"SELECT patient_id, feed, {', '.join(SHOWN)} FROM {PATIENTS} WHERE patient_id IN (?, ?) ORDER BY patient_id"
    )
    rows = connection.execute(asked, [left, right]).fetchall()
    return [
        {"patient_id": patient_id, "feed": feed}
        | {name: value if reveal else MASK for name, value in zip(SHOWN, values, strict=True) if value}
        for patient_id, feed, *values in rows
    ]


def waiting_text(waiting: list[dict[str, Any]]) -> str:
    """The pairs as lines."""
    if not waiting:
        return "Nothing waits for a steward."
    lines = []
    for one in waiting:
        lines.append(f"{one['left_id']} {one['right_id']}  {_probable(one['probability'])}  {one['rule']}")
        lines += _record_lines(one["records"])
    return "\n".join(lines)


def explained_text(found: dict[str, Any]) -> str:
    """A pair as lines: verdict, table of weights, decisions, records."""
    lines = [f"{found['left_id']} {found['right_id']}  {_probable(found['probability'])}  {found['band'] or '-'}"]
    if found["rule"]:
        lines.append(f"  {found['rule']}: {found['meaning'] or 'a decision'}")
    lines += [f"  {one['comparison']:<18}{one['level']:<34}{one['weight']:>+8.2f}" for one in found["comparisons"]]
    lines += [f"  {line}" for line in _decisions_text(found["decisions"]).splitlines() if found["decisions"]]
    return "\n".join([*lines, *_record_lines(found["records"])])


def _record_lines(records: list[dict[str, Any]]) -> Iterator[str]:
    for one in records:
        told = "  ".join(f"{name} {one[name]}" for name in SHOWN if name in one)
        yield f"    {one['patient_id']} {one['feed']}: {told}"


def _decisions_text(said: list[dict[str, Any]]) -> str:
    if not said:
        return "No steward has said anything."
    return "\n".join(
        f"{one['decided_at']}  {one['decision']:<7}{one['left_id']} {one['right_id']}  {one['who']}: {one['why']}"
        for one in said
    )


def _probable(probability: float | None) -> str:
    return "not compared" if probability is None else f"{probability:.4f}"
