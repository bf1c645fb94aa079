"""The data dictionary: one page per table, rendered from the declarations, the suites and the code that builds."""

from __future__ import annotations

import html
import importlib
import inspect
import pathlib
from collections.abc import Iterable, Mapping

import schemas
from expectations.check import STOP, Check
from expectations.suite import suite
from jobs.shell.column_lineage import ColumnLineage
from jobs.shell.ledger import STAMPED

LAYER_MEANING = {
    "bronze": "What was delivered, verbatim, record by record, with where it came from.",
    "silver": "One row per clinical or financial thing, typed, newest version, whatever feed said it.",
    "gold": "OMOP CDM v5.4: all 39 tables, and the imaging extension; every code mapped or kept with concept 0.",
}
PRIVACY_MEANING = {
    "direct": "names a person",
    "quasi": "may point to a person together with others",
    "sensitive": "says something about a person's health or money",
    "operational": "surrogate keys, times of processing, concepts",
    "derived": "made of others",
}
STYLE = """
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #dde4ea; --paper: #fff; --shade: #f5f8fa; --lake: #0b6e8a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4eaf0; --soft: #9badbd; --line: #2c3a47; --paper: #12191f; --shade: #1a232b; --lake: #5cc3de; } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 }
main { max-width: 78rem; margin: 0 auto; padding: 2rem 1.5rem 4rem }
h1 { font-size: 1.9rem; margin: .2rem 0 } h2 { margin: 2.2rem 0 .6rem; font-size: 1.25rem }
a { color: var(--lake); text-decoration: none } a:hover { text-decoration: underline }
.lead { font-size: 1.1rem; color: var(--soft); max-width: 50rem }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: 1rem 0; padding: 0; list-style: none }
.facts b { color: var(--soft); font-weight: 500; margin-right: .4rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th { text-align: left; color: var(--soft); font-weight: 500; border-bottom: 2px solid var(--line) }
th, td { padding: .45rem .7rem .45rem 0; vertical-align: top } td { border-bottom: 1px solid var(--line) }
code { font: .88em ui-monospace, monospace; background: var(--shade); padding: .1em .3em; border-radius: 3px }
.key::after { content: " key"; color: var(--lake); font-size: .8em }
.tag { font-size: .8rem; padding: .05rem .5rem; border-radius: 1rem; white-space: nowrap;
  border: 1px solid var(--line) }
.direct { background: #c0392b; color: #fff; border: 0 } .sensitive { background: #b9770e; color: #fff; border: 0 }
.quasi { background: #2e6f95; color: #fff; border: 0 } .from { color: var(--soft); font-size: .86em }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .8rem }
.card { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; background: var(--shade) }
.card p { margin: .2rem 0 0; color: var(--soft); font-size: .9rem }
input { font: inherit; padding: .5rem .8rem; width: 100%; max-width: 28rem; border: 1px solid var(--line);
  border-radius: 6px; background: var(--paper); color: inherit }
"""
SEARCH = """
const box = document.querySelector("input"), cards = [...document.querySelectorAll(".card")];
box.addEventListener("input", () => { const want = box.value.toLowerCase();
  for (const card of cards) card.hidden = !card.dataset.text.includes(want) });
"""


def write(out: str, lineage: Mapping[str, ColumnLineage] | None = None) -> str:
    """Write the pages into a folder; returns the path of the first one.

    `lineage` says where each column comes from; a table without it shows what it is built from only.
    """
    folder = pathlib.Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    tables = schemas.tables()
    for table in tables:
        page = _page(table.table, _table(table, (lineage or {}).get(table.table)))
        (folder / f"{table.table}.html").write_text(page, encoding="utf-8")
    (folder / "index.html").write_text(_page("Data dictionary", _index(tables)), encoding="utf-8")
    return str(folder / "index.html")


def lineage_of_code() -> dict[str, ColumnLineage]:
    """Where each column comes from, read off the plans that the jobs build from empty tables. Needs Spark, no data."""
    from jobs.shell.column_lineage import derive
    from jobs.shell.inputs import handed
    from jobs.shell.lake import of_feed
    from jobs.shell.session import session
    from jobs.shell.tables import spark_schema

    spark = session("lakeward dictionary")
    spark.sparkContext.setLogLevel("ERROR")
    found: dict[str, ColumnLineage] = {}
    for table in [*schemas.tables("silver"), *schemas.tables("gold")]:
        job = importlib.import_module(f"jobs.{table.table}")
        frames = {}
        for parameter, source in table.built_from.items():
            frames[parameter] = of_feed(spark.createDataFrame([], spark_schema(schemas.table(source))), source)
        given = {
            **handed(frames),
            **({"as_of": "2000-01-01"} if "as_of" in inspect.signature(job.build).parameters else {}),
        }
        opaque = getattr(job, "STANDS_ON", None)
        found[table.table] = derive(frames, job.build(**given), dict(table.built_from), opaque).without(table.table)
    spark.stop()
    return found


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)} · Lakeward</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _index(tables: Iterable[schemas.Table]) -> str:
    parts = [
        "<h1>Data dictionary</h1>",
        '<p class="lead">Every table of the lake: what a row is, what each column means, how private it is, where it '
        "comes from and what is expected of it. Rendered from the declarations that build it.</p>",
        '<p><input type="search" placeholder="Find a table or column" aria-label="Find a table or column"></p>',
    ]
    for layer, meaning in LAYER_MEANING.items():
        own = [table for table in tables if table.layer == layer]
        parts.append(f"<h2>{layer.title()} <span class=from>{len(own)} tables</span></h2><p>{meaning}</p>")
        parts.append('<div class="cards">')
        for table in own:
            words = " ".join([table.table, table.doc, *table.columns]).lower()
            parts.append(
                f'<div class="card" data-text="{html.escape(words)}"><a href="{table.table}.html">{table.table}</a>'
                f"<p>{html.escape(table.doc)}</p></div>"
            )
        parts.append("</div>")
    return "".join(parts) + f"<script>{SEARCH}</script>"


def _table(table: schemas.Table, lineage: ColumnLineage | None) -> str:
    checks = suite(table)
    by_column: dict[str, list[Check]] = {}
    for check in checks:
        by_column.setdefault(check.column, []).append(check)
    sources = ", ".join(_link(source) for source in dict.fromkeys(table.built_from.values())) or "what a feed delivers"
    used_by = [t.table for t in schemas.tables() if table.table in t.built_from.values()]
    facts = {
        "one row is": html.escape(table.grain),
        "built from": sources,
        "feeds": ", ".join(map(_link, used_by)) or "readers",
        "owner": html.escape(table.owner),
        "standard": html.escape(table.standard or "our own"),
    }
    parts = [
        '<p><a href="index.html">Data dictionary</a></p>',
        f"<h1>{table.table}</h1><p class=lead>{html.escape(table.doc)}</p>",
        '<ul class="facts">' + "".join(f"<li><b>{name}</b>{value}</li>" for name, value in facts.items()) + "</ul>",
        "<h2>Columns</h2><div class=wide><table><thead><tr>",
        *[f"<th>{title}" for title in ("column", "type", "meaning", "privacy", "expected")],
        "</tr></thead><tbody>",
        *[_column(table, column, by_column.get(column.name, []), lineage) for column in table.columns.values()],
        "</tbody></table></div>",
        "<h2>Expected of the table</h2>",
        _expected(check for check in checks if check.column not in table.columns),
    ]
    return "".join(parts)


def _column(table: schemas.Table, column: schemas.Column, checks: list[Check], lineage: ColumnLineage | None) -> str:
    css = "key" if column.name in table.key else ""
    came = _stamped(table, column)
    if lineage and column.name in lineage.columns:
        named = sorted(f"{source.dataset}.{source.field}" for source in lineage.columns[column.name])
        shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
        came = f'<div class="from">from {html.escape(shown)}</div>' if named else '<div class="from">a constant</div>'
    more = [f"unit {column.unit}"] if column.unit else []
    more += [f"key of {column.refers_to}"] if column.refers_to else []
    meaning = html.escape(column.doc) + (f" <span class=from>({html.escape(', '.join(more))})</span>" if more else "")
    return (
        f'<tr><td class="{css}"><code>{column.name}</code><td><code>{html.escape(column.type)}</code>'
        f"{'' if column.required else ' <span class=from>optional</span>'}<td>{meaning}{came}"
        f'<td><span class="tag {column.privacy}" title="{PRIVACY_MEANING[column.privacy]}">{column.privacy}</span>'
        f"<td>{_expected(checks)}</tr>"
    )


def _stamped(table: schemas.Table, column: schemas.Column) -> str:
    """Where a column of bronze comes from, which no build shows."""
    if table.layer != "bronze":
        return ""
    if table.table not in {feed.table for feed in schemas.feeds()}:
        return '<div class="from">from the vocabulary that was loaded</div>'
    return f'<div class="from">from {"the delivery" if column.name in STAMPED else "the delivered file"}</div>'


def _expected(checks: Iterable[Check]) -> str:
    lines: dict[str, None] = {}
    for check in checks:
        # The share is told as it is declared: some are fractions of a per mille.
        share = f"{check.threshold * 100:.4f}".rstrip("0").rstrip(".")
        limit = "none may fail" if check.threshold == 0 else f"at most {share} %"
        stops = " · stops" if check.severity == STOP else ""
        several = f" of {html.escape(check.column)}" if ", " in check.column else ""
        named = f'<span title="{html.escape(check.doc)}">{check.name}</span>{several}'
        lines[f"<div>{named} <span class=from>{limit}{stops}</span></div>"] = None
    return "".join(lines) or '<span class="from">nothing beyond its type</span>'


def _link(name: str) -> str:
    return f'<a href="{name}.html">{name}</a>' if name in schemas.names() else name
