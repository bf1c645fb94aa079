"""Column lineage, derived: the analyzed plan of what `build` gave, read back to the frames it was given.

Nothing is declared twice, and MERGE does not come into it: the shell builds the frame and merges it afterwards.
One call to Spark per built frame brings its plan as JSON; a few small ones per input name its attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from py4j.protocol import Py4JError
from pyspark.sql import DataFrame

from jobs.shell.column_sources import IDENTITY, TRANSFORMATION, How, Source, Sources, whole
from jobs.shell.expression_sources import Node
from jobs.shell.plan_json import plan_json
from jobs.shell.plan_sources import Plans

_ATTRIBUTE = re.compile(r"(.*)#(\d+)[A-Za-z]*(?:-T\d+ms)?", re.DOTALL)
_BETWEEN = "\u0001"


@dataclass(frozen=True)
class ColumnLineage:
    """For each output column the input columns it stands on; in `rows` those that decide which rows there are."""

    columns: Mapping[str, Sources] = field(default_factory=dict)
    rows: Sources = field(default_factory=dict)

    def only(self, names: Iterable[str]) -> ColumnLineage:
        """The lineage of these columns alone."""
        return ColumnLineage({name: self.columns[name] for name in names if name in self.columns}, self.rows)

    def without(self, dataset: str) -> ColumnLineage:
        """The lineage without what stands on this dataset: a table that reads what it was is no input of itself."""

        def others(sources: Sources) -> Sources:
            return {source: how for source, how in sources.items() if source.dataset != dataset}

        return ColumnLineage({name: others(found) for name, found in self.columns.items()}, others(self.rows))


def declared(columns: Mapping[str, Iterable[Source]], identical: Iterable[str] = ()) -> ColumnLineage:
    """The lineage of what Python code makes outside any plan, as its parser declares it."""
    same = set(identical)
    return ColumnLineage(
        {
            name: {source: frozenset({IDENTITY if name in same else TRANSFORMATION}) for source in sources}
            for name, sources in columns.items()
        }
    )


def derive(
    frames: Mapping[str, DataFrame],
    built: DataFrame,
    datasets: Mapping[str, str],
    opaque: Mapping[str, Sequence[str]] | None = None,
) -> ColumnLineage:
    """Where each column of `built` comes from.

    `frames` are the frames that were given to build, `datasets` names the dataset of each. `opaque` says for the
    columns that a Python node makes (mapInArrow and its like) from which of its input's columns; without it they
    are taken to stand on all of them.
    """
    plan = _analyzed(built)
    inputs = _Inputs(frames, datasets, plan)
    found = Plans(inputs.of_leaf, inputs.frame_columns, opaque).relation(
        orjson.loads(plan_json(built.sparkSession._jvm, plan))
    )
    names = [name for _, name in _attributes(plan.output())]
    values = found.values()
    return ColumnLineage({name: whole(value) for name, value in zip(names, values, strict=True)}, found.rows)


class _Inputs:
    """Tells which input column an attribute of a leaf is."""

    def __init__(self, frames: Mapping[str, DataFrame], datasets: Mapping[str, str], plan: Any) -> None:
        self.frame_columns: dict[int, Source] = {}
        self._plan = plan
        self._known: dict[int, Source] = {}
        self._by_names: dict[tuple[str, ...], list[tuple[Any, str]]] = {}
        for parameter, frame in frames.items():
            self._learn(_analyzed(frame), datasets[parameter])

    def _learn(self, plan: Any, dataset: str) -> None:
        given = _attributes(plan.output())
        self.frame_columns |= {i: Source(dataset, name) for i, name in given}
        ids = {i for i, _ in given}
        leaves = _leaves(plan)
        # A list of ids that the frame was narrowed by is a leaf too, but none of its columns is the frame's.
        for leaf, attributes in [one for one in leaves if ids & {i for i, _ in one[1]}] or leaves:
            self._known |= {i: Source(dataset, name) for i, name in attributes}
            self._by_names.setdefault(tuple(name for _, name in attributes), []).append((leaf, dataset))

    def of_leaf(self, attributes: list[Node]) -> Sequence[Source | None]:
        """The input columns that the attributes of a leaf are; None for what no input gave."""
        if not any(a.id in self._known for a in attributes):
            # Spark renumbers the attributes of one side of a self-join.
            names = tuple(a.name for a in attributes)
            alike = self._by_names.get(names, [])
            datasets = {dataset for _, dataset in alike}
            if len(datasets) == 1:
                [dataset] = datasets
                return [Source(dataset, name) for name in names]
            if datasets:
                self._look_for(names, alike)
        return [self._known.get(a.id) for a in attributes]

    def _look_for(self, names: tuple[str, ...], alike: list[tuple[Any, str]]) -> None:
        """Tell tables with the same columns apart by where they lie."""
        places = {_place(leaf): dataset for leaf, dataset in alike}
        for leaf, attributes in _leaves(self._plan):
            if tuple(name for _, name in attributes) == names and (dataset := places.get(_place(leaf))):
                self._known |= {i: Source(dataset, name) for i, name in attributes}


def _analyzed(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().analyzed()


def _attributes(output: Any) -> list[tuple[int, str]]:
    """Ids and names of a Scala sequence of attributes, by one call."""
    text = output.mkString(_BETWEEN)
    found = [_ATTRIBUTE.fullmatch(one) for one in text.split(_BETWEEN)] if text else []
    return [(int(one[2]), one[1]) for one in found if one]


def _leaves(plan: Any) -> list[tuple[Any, list[tuple[int, str]]]]:
    leaves = plan.collectLeaves()
    return [(leaf, _attributes(leaf.output())) for leaf in map(leaves.apply, range(leaves.size()))]


def _place(leaf: Any) -> str | None:
    """Where the table of a leaf lies; None when it is not a table."""
    try:
        return str(leaf.relation().location().rootPaths().head().toString())
    except Py4JError:
        return None


__all__ = ["ColumnLineage", "How", "Source", "declared", "derive"]
