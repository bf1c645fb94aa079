"""Skeletons: the files that a new feed or table needs, ready to be filled in."""

from __future__ import annotations

import pathlib

from jobs.shell.session import CHECKOUT

TABLE_YAML = """\
table: {layer}.{name}
doc: One sentence that says what a row is and when it is there.
grain: one ...
built_from: {{}}          # parameter of build(): table it reads
key: [{name}_id]
columns:
  {name}_id: {{type: bigint, required: true, doc: "Hash of what the row is."}}
"""
TABLE_JOB = '''\
"""{layer}.{name}: what one row is."""

from __future__ import annotations

from pyspark.sql import DataFrame


def build(**frames: DataFrame) -> DataFrame:
    """Say which rule or section of a standard makes the rows."""
    raise NotImplementedError("{layer}.{name} is not written yet")
'''
TABLE_TEST = '''\
"""What {layer}.{name} promises."""

from jobs.{layer}.{name} import build


def test_a_sentence_of_the_domain(rows):
    assert build().collect() == []
'''
FEED_YAML = """\
feed: {name}
doc: Who sends what, and how often.
format: {format}
owner: ""
contract_version: "1.0"
tenant: ""
jurisdiction: ""
time_zone: ""            # a feed without a declared zone is refused
schedule: "@daily"
bad_share: 0.01
limits: {{}}
"""
FEED_JOB = '''\
"""bronze.{name}: one row per record that the feed delivered, verbatim."""

from __future__ import annotations

from pyspark.sql import DataFrame


def build(splits: DataFrame) -> DataFrame:
    """Carry the parser of jobs/formats over the splits of a delivery."""
    raise NotImplementedError("bronze.{name} is not written yet")
'''


class NameTakenError(ValueError):
    """A skeleton would overwrite a file, or its name is not one: names it."""


def write(kind: str, name: str, *, root: pathlib.Path = CHECKOUT) -> list[pathlib.Path]:
    """Write the skeleton of a table (`layer.table`) or a feed (`place_format`); overwrites nothing."""
    files = _feed(name) if kind == "feed" else _table(name)
    for path in files:
        if (root / path).exists():
            raise NameTakenError(f"{path} is there already")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return [root / path for path in files]


def _table(name: str) -> dict[str, str]:
    layer, _, bare = name.partition(".")
    if layer not in ("bronze", "silver", "gold") or not bare.isidentifier():
        raise NameTakenError(f"{name}: a table is named layer.table, such as silver.allergy")
    fill = {"layer": layer, "name": bare}
    return {
        f"schemas/{layer}/{bare}.yaml": TABLE_YAML.format(**fill),
        f"jobs/{layer}/{bare}.py": TABLE_JOB.format(**fill),
        f"tests/{layer}/test_{bare}.py": TABLE_TEST.format(**fill),
    }


def _feed(name: str) -> dict[str, str]:
    if not name.isidentifier() or "_" not in name:
        raise NameTakenError(f"{name}: a feed is named place_format, such as lab_hl7v2")
    fill = {"layer": "bronze", "name": name, "format": name.partition("_")[2]}
    return {
        f"schemas/feeds/{name}.yaml": FEED_YAML.format(**fill),
        f"schemas/bronze/{name}.yaml": TABLE_YAML.format(**fill),
        f"jobs/bronze/{name}.py": FEED_JOB.format(**fill),
        f"tests/bronze/test_{name}.py": TABLE_TEST.format(**fill),
    }
