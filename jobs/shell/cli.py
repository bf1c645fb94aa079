"""The `lakeward` command: what a person types. Each command is a few lines; the work is in its module."""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

from jobs.shell.settings import Settings

_CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def main(given: list[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when not, 2 when it was asked wrongly."""
    parser = _parser()
    asked, rest = parser.parse_known_args(given)
    if rest and asked.command not in ("run", "simulate", "identity"):
        parser.error(f"unknown argument: {' '.join(rest)}")
    asked.rest = rest
    command: Callable[[argparse.Namespace, Settings], int] = asked.do
    try:
        return command(asked, Settings.from_environment())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:
        from jobs.shell.faults import safe_text

        print(f"lakeward {asked.command}: {safe_text(fault)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lakeward",
        description="Health data from many sources to one traced OMOP. LAKEWARD_HOME (default ./lake) is the lake.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    one = commands.add_parser("land", help="deliver files or folders to a feed")
    one.add_argument("feed", metavar="FEED")
    one.add_argument("paths", metavar="PATH", nargs="+")
    one.add_argument("--each", action="store_true", help="each path is a delivery of its own, in the order given")
    one.set_defaults(do=_land)

    one = commands.add_parser("run", help="run stages or tables with spark-submit", add_help=False)
    one.add_argument("names", nargs="*")
    one.set_defaults(do=_run)

    one = commands.add_parser("vocabulary", help="load a vocabulary download")
    one.add_argument("action", choices=["load"])
    one.add_argument("path", metavar="DIR_OR_ZIP")
    one.set_defaults(do=_vocabulary)

    one = commands.add_parser("status", help="feeds, deliveries, publication, row accounting, coverage")
    one.add_argument("--json", action="store_true")
    one.set_defaults(do=_status)

    one = commands.add_parser("sql", help="query the published tables")
    one.add_argument("query", metavar="SQL")
    one.add_argument("--format", choices=["table", "csv", "json", "parquet"], default="table")
    one.add_argument("--trace", action="store_true", help="show the trace columns too")
    one.set_defaults(do=_sql)

    one = commands.add_parser("trace", help="walk from a gold row to the bytes it stands on")
    one.add_argument("table", metavar="gold.TABLE")
    one.add_argument("id", metavar="ID")
    one.add_argument("--json", action="store_true")
    one.add_argument("--masked", action="store_true", help="where it is and nothing that it says of a person")
    one.set_defaults(do=_trace)

    one = commands.add_parser("quarantine", help="what waits, and why")
    one.add_argument("action", choices=["list", "show"])
    one.add_argument(
        "table", nargs="?", metavar="TABLE", help="show: the table whose rows wait, such as silver.condition"
    )
    one.add_argument("--reason", help="show: only this reason")
    one.add_argument("--limit", type=int, default=20)
    one.add_argument("--reveal", action="store_true", help="show values; they are masked otherwise")
    one.set_defaults(do=_quarantine)

    one = commands.add_parser(
        "identity", help="who is whom: pairs to review, why, and a steward's words", add_help=False
    )
    one.set_defaults(do=_identity)

    one = commands.add_parser("simulate", help="write what a hospital would send, from made-up people", add_help=False)
    one.set_defaults(do=_simulate)

    one = commands.add_parser("new", help="write the skeleton of a feed or a table")
    one.add_argument("kind", choices=["feed", "table"])
    one.add_argument("name", metavar="NAME")
    one.set_defaults(do=_new)

    one = commands.add_parser("docs", help="write the data dictionary as pages")
    one.add_argument("--out", metavar="DIR")
    one.add_argument("--quick", action="store_true", help="without where each column comes from, which needs Spark")
    one.set_defaults(do=_docs)
    return parser


def _land(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import deliveries

    if asked.each:
        return _land_each(asked, settings)
    found = deliveries.land(asked.feed, asked.paths, settings)
    size = sum(file.size for file in found.files)
    counted = f"{len(found.files)} files, {size:,} bytes, {found.records:,} records"
    what = f"delivery {found.delivery_id} of {found.feed}: {counted}"
    if found.repeat:
        print(f"{what}: landed before, at {found.received_at}; nothing new")
        return 0
    if found.duplicates:
        print(f"{len(found.duplicates)} files were landed before and are not taken again")
    for one in found.left_out:
        # By its number: a partner's file name may say who somebody is.
        kind = pathlib.Path(one["name"]).suffix or "no extension"
        print(f"left out, as {found.feed} reads no such file: number {one['position']} of the folder ({kind})")
    if found.state == deliveries.HELD:
        print(f"{what}: HELD, bronze will not read it", file=sys.stderr)
        for detail in found.details:
            said = ", ".join(f"{name} {value}" for name, value in detail.items() if value is not None)
            print(f"  {said}", file=sys.stderr)
        return 1
    print(f"{what}: landed; `lakeward run` takes it in")
    return 0


def _land_each(asked: argparse.Namespace, settings: Settings) -> int:
    """Many deliveries in one go, told in a few lines; 1 when one of them is held."""
    from jobs.shell import deliveries

    made = [deliveries.land(asked.feed, [path], settings) for path in asked.paths]
    fresh = [one for one in made if not one.repeat]
    held = [one for one in fresh if one.state == deliveries.HELD]
    records = sum(one.records for one in fresh if one.state != deliveries.HELD)
    print(f"{len(made)} deliveries of {asked.feed}: {len(fresh) - len(held)} landed with {records:,} records,"
          f" {len(held)} held, {len(made) - len(fresh)} landed before")  # fmt: skip
    reasons = collections.Counter(reason for one in held for reason in one.reasons)
    for reason, count in reasons.most_common():
        print(f"  held for {reason}: {count}")
    return 1 if held else 0


def _run(asked: argparse.Namespace, settings: Settings) -> int:
    import schemas
    from jobs.shell import ledger, state, submit

    arguments = [*asked.names, *asked.rest]
    taken: set[str] = set()
    # Says what is wrong with the arguments, or helps, before a JVM is started.
    if not submit.arguments(arguments).full and not state.rebuilds(settings):
        taken = {one for feed in schemas.feeds() for one in state.read(settings, feed.table).deliveries}
    return _submit(arguments, settings, ledger.size(settings, taken))


def _submit(arguments: list[str], settings: Settings, size: int) -> int:
    from jobs.shell import submit
    from jobs.shell.session import environment

    command = [os.path.join(os.path.dirname(sys.executable), "spark-submit"), submit.__file__, *arguments]
    return subprocess.call(command, env={**environment(size), **settings.environment()})


def _vocabulary(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import session

    if not os.path.exists(asked.path):
        print(f"lakeward vocabulary: no such file or folder: {asked.path}", file=sys.stderr)
        return 2
    # An Athena download has millions of rows, whatever was delivered besides.
    arguments = ["vocabulary", "--vocabulary-from", os.path.abspath(asked.path)]
    return _submit(arguments, settings, session.SMALL)


def _status(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import status

    found = status.collect(settings)
    print(json.dumps(found, indent=2) if asked.json else status.as_text(found))
    return 0


def _sql(asked: argparse.Namespace, settings: Settings) -> int:
    import duckdb

    from jobs.shell import query

    connection = query.connect(settings, trace=asked.trace)
    try:
        query.write(connection.sql(asked.query), asked.format, sys.stdout)
    except duckdb.Error as fault:
        print(f"lakeward sql: {fault}", file=sys.stderr)
        return 1
    return 0


def _trace(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import trace

    found = trace.walk(settings, asked.table, asked.id, masked=asked.masked)
    print(json.dumps(found, indent=2, default=str) if asked.json else trace.as_text(found))
    return 0


def _quarantine(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import waiting

    if asked.action == "list":
        print(waiting.listing(settings))
        return 0
    if not asked.table:
        print("lakeward quarantine show: name the table whose rows wait, such as silver.condition", file=sys.stderr)
        return 2
    print(waiting.show(settings, asked.table, reason=asked.reason, limit=asked.limit, reveal=asked.reveal))
    return 0


def _identity(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import identity_cli

    parser = argparse.ArgumentParser(prog="lakeward")
    identity_cli.add_to(parser.add_subparsers(dest="command"))
    return identity_cli.do(parser.parse_args(["identity", *asked.rest]), settings)


def _simulate(asked: argparse.Namespace, settings: Settings) -> int:
    # The hospital stands outside the product, so it is started as a user would start it.
    return subprocess.call([sys.executable, "-m", "infra.hospital.simulation", *asked.rest], cwd=_CHECKOUT)


def _new(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import skeleton

    for path in skeleton.write(asked.kind, asked.name):
        print(path)
    return 0


def _docs(asked: argparse.Namespace, settings: Settings) -> int:
    from jobs.shell import dictionary

    lineage = None if asked.quick else dictionary.lineage_of_code()
    print(dictionary.write(asked.out or f"{settings.root('ops')}/docs", lineage))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
