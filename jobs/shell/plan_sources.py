"""What the columns of a Spark plan stand on: an analyzed plan, read node by node from its leaves up.

Class names are those of org.apache.spark.sql.catalyst.plans.logical in Spark 4. A node that is not named here
and gives no columns of its own passes its children's through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.shell.column_sources import (
    FILTER,
    GROUP_BY,
    JOIN,
    NOTHING,
    SORT,
    TRANSFORMATION,
    How,
    Source,
    Sources,
    Value,
    flat,
    merged,
    through,
    touched,
    union,
    whole,
)
from jobs.shell.expression_sources import Env, Expressions, Node, tree

# Which input column a leaf's attribute is: by its id and the names of the leaf's columns.
Leaf = Callable[[list[Node]], Sequence[Source | None]]


@dataclass
class Relation:
    """What a plan node gives: its columns in order, what attributes in reach stand on, what decides its rows."""

    columns: list[tuple[int, str]] = field(default_factory=list)
    env: Env = field(default_factory=dict)
    rows: Sources = field(default_factory=dict)

    def values(self) -> list[Value]:
        """What each column stands on, in order."""
        return [self.env.get(i, NOTHING) for i, _ in self.columns]


class Plans:
    """Evaluates plans over input columns.

    `inputs` says which input column an attribute of a leaf is; `frames` which input column an attribute is that
    the shell itself made of no table; `declared` what the columns of an opaque Python node are made of.
    """

    def __init__(
        self, inputs: Leaf, frames: Mapping[int, Source], declared: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._inputs = inputs
        self._frames = frames
        self._declared = declared or {}
        self._expressions = Expressions(self._subquery)
        self._ctes: dict[int, Relation] = {}

    def relation(self, listed: list[dict[str, Any]], outer: Env | None = None) -> Relation:
        """What the plan gives."""
        done: list[Relation] = []
        todo: list[tuple[Node, bool]] = [(tree(listed), False)]
        while todo:
            node, ready = todo.pop()
            if not ready:
                todo.append((node, True))
                todo.extend((child, False) for child in reversed(node.children))
                continue
            count = len(node.children)
            children = done[len(done) - count :]
            del done[len(done) - count :]
            done.append(self._node(node, children, outer or {}))
        return done[-1]

    def _subquery(self, listed: list[dict[str, Any]], env: Env) -> tuple[list[Value], Sources]:
        found = self.relation(listed, env)
        return found.values(), found.rows

    def _node(self, node: Node, children: list[Relation], outer: Env) -> Relation:
        rule = _RULES.get(node.kind)
        if not children:
            return rule(self, node, Relation(), outer) if rule else self._leaf(node)
        below = children[0]
        if len(children) > 1:
            env = {name: value for child in children for name, value in child.env.items()}
            below = Relation([], env, union(child.rows for child in children))
        if node.kind in _OF_MANY:
            return _OF_MANY[node.kind](self, node, children, below)
        below.columns = [column for child in children for column in child.columns]
        if rule is not None:
            return rule(self, node, below, outer)
        return self._opaque(node, below) if node.given.get("output") else below

    def _leaf(self, node: Node) -> Relation:
        attributes = node.expressions("output")
        values = {}
        for attribute, source in zip(attributes, self._inputs(attributes), strict=True):
            values[attribute.id] = Value({source: frozenset({How("DIRECT", "IDENTITY")})}) if source else NOTHING
        return Relation([(a.id, a.name) for a in attributes], values)

    def _project(self, node: Node, below: Relation, outer: Env) -> Relation:
        return self._select(node.expressions("projectList"), below, outer)

    def _select(self, listed: list[Node], below: Relation, outer: Env) -> Relation:
        reach = {**outer, **below.env} if outer else below.env
        env: dict[int, Value] = {}
        for one in listed:
            value = self._expressions.value(one, reach)
            if not whole(value) and one.id in self._frames:
                value = Value({self._frames[one.id]: frozenset({How("DIRECT", "IDENTITY")})})
            env[one.id] = value
        return Relation([(one.id, one.name) for one in listed], env, below.rows)

    def _grouped(self, node: Node, below: Relation, outer: Env) -> Relation:
        found = self._select(node.expressions("aggregateExpressions"), below, outer)
        found.rows = self._rows(below, node.expressions("groupingExpressions"), GROUP_BY)
        return found

    def _window(self, node: Node, below: Relation, outer: Env) -> Relation:
        added = self._select(node.expressions("windowExpressions"), below, outer)
        return Relation(below.columns + added.columns, {**below.env, **added.env}, below.rows)

    def _filter(self, node: Node, below: Relation, outer: Env) -> Relation:
        reach = {**outer, **below.env} if outer else below.env
        rows = self._rows(Relation([], reach, below.rows), node.expressions("condition"), FILTER)
        return Relation(below.columns, below.env, rows)

    def _sort(self, node: Node, below: Relation, outer: Env) -> Relation:
        return Relation(below.columns, below.env, self._rows(below, node.expressions("order"), SORT))

    def _deduplicate(self, node: Node, below: Relation, outer: Env) -> Relation:
        keys = self._expressions.sources(node.expressions("keys"), below.env)
        if node.kind == "Distinct":
            keys = union(whole(value) for value in below.values())
        return Relation(below.columns, below.env, union([below.rows, through(keys, GROUP_BY)]))

    def _rows(self, below: Relation, deciding: list[Node], how: How) -> Sources:
        return union([below.rows, through(self._expressions.sources(deciding, below.env), how)])

    def _generate(self, node: Node, below: Relation, outer: Env) -> Relation:
        [generator] = node.expressions("generator")
        attributes = node.expressions("generatorOutput")
        made = self._generated(generator, len(attributes), {**outer, **below.env})
        env = {**below.env, **{a.id: value for a, value in zip(attributes, made, strict=True)}}
        dropped = set(node.given.get("unrequiredChildIndex") or ())
        kept = [column for i, column in enumerate(below.columns) if i not in dropped]
        return Relation(kept + [(a.id, a.name) for a in attributes], env, below.rows)

    def _generated(self, generator: Node, width: int, env: Env) -> list[Value]:
        value = self._expressions.value(generator, env)
        if generator.kind == "PosExplode" and width == 2:
            element = self._expressions.value(generator.children[0], env)
            return [flat([element], TRANSFORMATION), touched(element)]
        if width == 1 and generator.kind == "Explode":
            return [value]
        if generator.kind == "Inline" and value.fields and len(value.fields) == width:
            return [merged([Value(value.own), one]) for one in value.fields.values()]
        if generator.kind == "Stack":
            cells = self._expressions.values(generator.children[1:], env)
            return [merged(touched(cell) for cell in cells[i::width]) for i in range(width)]
        return [flat([value], TRANSFORMATION)] * width

    def _expand(self, node: Node, below: Relation, outer: Env) -> Relation:
        attributes = node.expressions("output")
        rows = [[tree(one) for one in projection] for projection in node.given["projections"]]
        values = [self._expressions.values(row, below.env) for row in rows]
        env = {a.id: merged(v[i] for v in values) for i, a in enumerate(attributes)}
        return Relation([(a.id, a.name) for a in attributes], env, below.rows)

    def _opaque(self, node: Node, below: Relation) -> Relation:
        """A node that makes its columns in Python or Scala: as declared, else each of all it is given."""
        given = {name: i for i, name in below.columns}
        env = {}
        attributes = node.expressions("output")
        for attribute in attributes:
            names = [name for name in self._declared.get(attribute.name, given) if name in given]
            env[attribute.id] = flat((below.env.get(given[name], NOTHING) for name in names), TRANSFORMATION)
        return Relation([(a.id, a.name) for a in attributes], env, below.rows)

    def _lateral(self, node: Node, below: Relation, outer: Env) -> Relation:
        found = self.relation(node.given["right"][0]["plan"], {**outer, **below.env})
        rows = union([below.rows, found.rows])
        rows = self._rows(Relation([], {**below.env, **found.env}, rows), node.expressions("condition"), JOIN)
        return Relation(below.columns + found.columns, {**below.env, **found.env}, rows)

    def _cte_reference(self, node: Node, below: Relation, outer: Env) -> Relation:
        defined = self._ctes.get(node.given["cteId"], Relation())
        attributes = node.expressions("output")
        env = {a.id: value for a, value in zip(attributes, defined.values(), strict=False)}
        return Relation([(a.id, a.name) for a in attributes], env, defined.rows)

    def _cte(self, node: Node, below: Relation, outer: Env) -> Relation:
        self._ctes[node.given["id"]] = below
        return below

    def _join(self, node: Node, children: list[Relation], both: Relation) -> Relation:
        left, right = children
        kind = str(node.given.get("joinType", {}).get("object", "")).rpartition(".")[2].rstrip("$")
        one_sided = kind in ("LeftSemi", "LeftAnti")
        if kind == "LeftSemi" and not any(whole(value) for value in right.values()):
            # The shell's list of whom to rebuild: which rows are looked at, not what they are made of.
            return left
        rows = self._rows(both, node.expressions("condition"), JOIN)
        return Relation(left.columns + ([] if one_sided else right.columns), both.env, rows)

    def _union(self, node: Node, children: list[Relation], both: Relation) -> Relation:
        first = children[0]
        columns = zip(*(child.values() for child in children), strict=True)
        env = {i: merged(values) for (i, _), values in zip(first.columns, columns, strict=True)}
        return Relation(first.columns, env, both.rows)

    def _set_operation(self, node: Node, children: list[Relation], both: Relation) -> Relation:
        left, right = children
        compared = union(whole(value) for child in (left, right) for value in child.values())
        return Relation(left.columns, left.env, union([both.rows, through(compared, FILTER)]))

    def _with_cte(self, node: Node, children: list[Relation], both: Relation) -> Relation:
        return children[-1]


_RULES: dict[str, Callable[[Plans, Node, Relation, Env], Relation]] = {
    "Project": Plans._project,
    "Aggregate": Plans._grouped,
    "Window": Plans._window,
    "Filter": Plans._filter,
    "Sort": Plans._sort,
    "Deduplicate": Plans._deduplicate,
    "Distinct": Plans._deduplicate,
    "Generate": Plans._generate,
    "Expand": Plans._expand,
    "LateralJoin": Plans._lateral,
    "CTERelationRef": Plans._cte_reference,
    "CTERelationDef": Plans._cte,
}
_OF_MANY: dict[str, Callable[[Plans, Node, list[Relation], Relation], Relation]] = {
    "Join": Plans._join,
    "Union": Plans._union,
    "Intersect": Plans._set_operation,
    "Except": Plans._set_operation,
    "WithCTE": Plans._with_cte,
}
