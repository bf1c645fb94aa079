"""Skeletons: the files that a new feed or table needs, ready to be filled in."""

from __future__ import annotations

import pathlib

import schemas
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
FEED_HEAD = """\
# As {model} is declared, to be made its own: who sends what, owner, tenant, time zone, schedule, limits, options.
"""
FEED_TEST = '''\
"""What bronze.{name} promises."""

import pytest


def test_every_record_of_a_sample_is_read():
    pytest.fail("give {name} a sample of its own, and say here what its records are")
'''
# What says in silver what feeds say that do not speak FHIR.
TRANSLATED = "schemas/silver/translated.yaml"


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
    if kind == "feed":
        _read_by_silver(name, root)
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
    """A feed after the pattern of one of its format, so that whatever reads declarations still can."""
    form = name.rpartition("_")[2]
    models = {feed.format: feed.feed for feed in schemas.feeds()}
    if not name.isidentifier() or form == name or form not in models:
        raise NameTakenError(f"{name}: a feed is named place_format, of {', '.join(sorted(models))}: such as lab_hl7v2")
    model = models[form]

    def like(path: str) -> str:
        text = (CHECKOUT / path.format(model)).read_text(encoding="utf-8")
        return text.replace(f"bronze.{model}", f"bronze.{name}").replace(f"feed: {model}\n", f"feed: {name}\n")

    return {
        f"schemas/feeds/{name}.yaml": FEED_HEAD.format(model=model) + like("schemas/feeds/{}.yaml"),
        f"schemas/bronze/{name}.yaml": like("schemas/bronze/{}.yaml"),
        f"jobs/bronze/{name}.py": like("jobs/bronze/{}.py"),
        f"tests/bronze/test_{name}.py": FEED_TEST.format(name=name),
    }


def _read_by_silver(name: str, root: pathlib.Path) -> None:
    """Let silver read a feed; those that speak FHIR it reads by their name (`bronze.*_fhir`)."""
    path = root / TRANSLATED
    if name.endswith("_fhir") or not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition("built_from:\n")
    path.write_text(f"{head}{mark}  {name}: bronze.{name}\n{rest}", encoding="utf-8")
