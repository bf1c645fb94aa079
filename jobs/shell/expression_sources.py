"""What a Spark expression stands on: the expression trees of an analyzed plan, read for their sources.

Class names are those of org.apache.spark.sql.catalyst.expressions in Spark 4. An expression that is not named
here is a function of all its children: its lineage is complete, only less sharp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.shell.column_sources import (
    AGGREGATION,
    CONDITIONAL,
    COUNTED,
    IDENTITY,
    MASKED,
    NOTHING,
    TRANSFORMATION,
    WINDOW,
    Sources,
    Value,
    deep,
    flat,
    merged,
    picked,
    through,
    touched,
    union,
    whole,
)

Env = Mapping[int, Value]

DIGESTS = {"Sha1", "Sha2", "Md5", "Crc32", "XxHash64", "Murmur3Hash", "HiveHash", "CollationAwareXxHash64"}
# The same value, or one of its elements: fields stay what they are.
ELEMENTS = {
    "ArrayCompact", "ArrayDistinct", "ArrayMax", "ArrayMin", "ArrayRepeat", "ArraySort", "Cast", "ElementAt", "Explode",
    "Flatten", "GetArrayItem", "Inline", "Reverse", "Shuffle", "Slice", "SortArray",
}  # fmt: skip
CHOICES = {"ArrayAppend", "ArrayInsert", "ArrayPrepend", "ArrayUnion", "Coalesce", "Concat", "CreateArray", "Greatest"}
CHOICES |= {"Least"}
SAME = {"Alias", "KnownNotNull", "KnownNullable", "KnownNotContainsNull", "AssertNotNull", "TempResolvedColumn"}
COUNTS = {"Count", "CountIf", "HyperLogLogPlusPlus", "RegrCount"}
# Aggregates that give back values they were given.
CHOSEN = {"AnyValue", "CollectList", "CollectSet", "First", "Last", "Max", "MaxBy", "Min", "MinBy", "Mode"}


@dataclass(slots=True)
class Node:
    """One node of a plan or an expression, as Spark's JSON gives it."""

    kind: str
    given: dict[str, Any]
    children: list[Node] = field(default_factory=list)

    @property
    def id(self) -> int:
        """The exprId of an attribute or alias."""
        return int(self.given["exprId"]["id"])

    @property
    def name(self) -> str:
        """The name of an attribute or alias."""
        return str(self.given.get("name"))

    def expressions(self, key: str) -> list[Node]:
        """The expressions that a field of this node holds."""
        found = self.given.get(key)
        if not found:
            return []
        return [tree(found)] if isinstance(found[0], dict) else [tree(one) for one in found if one]


def tree(listed: list[dict[str, Any]]) -> Node:
    """A tree from Spark's list of its nodes, parents first."""
    stack: list[Node] = []
    for given in reversed(listed):
        count = given["num-children"]
        children = [stack.pop() for _ in range(count)]
        stack.append(Node(given["class"].rpartition(".")[2], given, children))
    return stack[-1]


# Evaluates the plan of a subquery: the values of its columns, and what decides its rows.
Subquery = Callable[[list[dict[str, Any]], Env], tuple[list[Value], Sources]]


class Expressions:
    """Evaluates expressions over what the attributes in reach stand on."""

    def __init__(self, subquery: Subquery) -> None:
        self._subquery = subquery

    def value(self, node: Node, env: Env) -> Value:
        """What the expression stands on."""
        rule = _RULES.get(node.kind)
        if rule is not None:
            return rule(self, node, env)
        if "plan" in node.given:
            return self._of_subquery(node, env)
        if "replacement" in node.given and len(node.children) == 1:
            return self.value(node.children[0], env)
        return flat(self.values(node.children, env), MASKED if node.kind in DIGESTS else TRANSFORMATION)

    def values(self, nodes: list[Node], env: Env) -> list[Value]:
        """What each of the expressions stands on."""
        return [self.value(node, env) for node in nodes]

    def sources(self, nodes: list[Node], env: Env) -> Sources:
        """Everything that the expressions stand on."""
        return union(whole(value) for value in self.values(nodes, env))

    def _of_subquery(self, node: Node, env: Env) -> Value:
        columns, rows = self._subquery(node.given["plan"], env)
        first = columns[0] if node.kind == "ScalarSubquery" and columns else flat(columns, TRANSFORMATION)
        others = self.sources(node.children, env)
        return Value(union([first.own, through(union([rows, others]), CONDITIONAL)]), first.fields)

    def _attribute(self, node: Node, env: Env) -> Value:
        return env.get(node.id, NOTHING)

    def _outer(self, node: Node, env: Env) -> Value:
        return self.value(tree(node.given["e"]), env)

    def _same(self, node: Node, env: Env) -> Value:
        return self.value(node.children[0], env)

    def _nothing(self, node: Node, env: Env) -> Value:
        return NOTHING

    def _field(self, node: Node, env: Env) -> Value:
        field_given = node.given.get("field")
        name = field_given["name"] if isinstance(field_given, dict) else node.given.get("name")
        ordinal = node.given.get("ordinal")
        return picked(self.value(node.children[0], env), name, ordinal if isinstance(ordinal, int) else None)

    def _struct(self, node: Node, env: Env) -> Value:
        names = [str(child.given.get("value")) for child in node.children[::2]]
        return Value({}, dict(zip(names, self.values(node.children[1::2], env), strict=True)))

    def _zip(self, node: Node, env: Env) -> Value:
        names = [str(name.given.get("value")) for name in node.expressions("names")]
        values = [touched(value) for value in self.values(node.children, env)]
        return Value({}, dict(zip(names, values, strict=True))) if len(names) == len(values) else flat(values, IDENTITY)

    def _updated(self, node: Node, env: Env) -> Value:
        struct = self.value(node.children[0], env)
        fields = dict(struct.fields or {})
        for operation in node.children[1:]:
            fields.pop(operation.name, None)
            if operation.kind == "WithField":
                fields[operation.name] = self.value(operation.children[0], env)
        return Value(struct.own, fields)

    def _presence(self, node: Node, env: Env) -> Value:
        value = self.value(node.children[0], env)
        # A struct that was put together is null where its row is missing, whatever its fields hold.
        return Value(through(value.own, TRANSFORMATION)) if value.fields else flat([value], TRANSFORMATION)

    def _element(self, node: Node, env: Env) -> Value:
        first, *others = self.values(node.children, env)
        return merged([touched(first), flat(others, TRANSFORMATION)])

    def _choice(self, node: Node, env: Env) -> Value:
        return merged(touched(value) for value in self.values(node.children, env))

    def _case(self, node: Node, env: Env) -> Value:
        pairs = len(node.children) // 2
        conditions = node.children[0 : 2 * pairs : 2]
        outcomes = node.children[1 : 2 * pairs : 2] + node.children[2 * pairs :]
        return self._decided(conditions, outcomes, env)

    def _if(self, node: Node, env: Env) -> Value:
        return self._decided(node.children[:1], node.children[1:], env)

    def _decided(self, conditions: list[Node], outcomes: list[Node], env: Env) -> Value:
        decisive = Value(through(self.sources(conditions, env), CONDITIONAL))
        return merged([decisive, *(touched(value) for value in self.values(outcomes, env))])

    def _aggregate(self, node: Node, env: Env) -> Value:
        function, *filters = node.children
        value = self._function(function, env)
        return merged([value, Value(through(self.sources(filters, env), CONDITIONAL))])

    def _function(self, function: Node, env: Env) -> Value:
        if "replacement" in function.given and len(function.children) == 1:
            return self._function(function.children[0], env)
        if function.kind in CHOSEN and function.children:
            first, *order = self.values(function.children, env)
            return merged([deep(first, AGGREGATION), Value(through(union(map(whole, order)), CONDITIONAL))])
        return flat(self.values(function.children, env), COUNTED if function.kind in COUNTS else AGGREGATION)

    def _windowed(self, node: Node, env: Env) -> Value:
        value = touched(self.value(node.children[0], env))
        return merged([value, Value(through(self.sources(node.children[1:], env), WINDOW))])

    def _lambda(self, node: Node, env: Env, *bound: Value) -> Value:
        variables = dict(zip((v.id for v in node.children[1:]), bound, strict=False))
        return self.value(node.children[0], {**env, **variables})

    def _filtered(self, node: Node, env: Env) -> Value:
        array = touched(self.value(node.children[0], env))
        # That plain elements stand on themselves says nothing; of structs one field decides about the others.
        bound = Value({}, array.fields) if array.fields else NOTHING
        decisive = Value(through(whole(self._lambda(node.children[1], env, bound)), CONDITIONAL))
        return merged([array, decisive])

    def _mapped(self, node: Node, env: Env) -> Value:
        *arrays, function = node.children
        made = self._lambda(function, env, *(touched(value) for value in self.values(arrays, env)))
        # A body without its variable still gives one element for each of the array's.
        length = Value(through(self.sources(arrays, env), CONDITIONAL)) if not whole(made) else NOTHING
        return merged([made, length])


Rule = Callable[[Expressions, Node, Env], Value]
_RULES: dict[str, Rule] = {
    "AttributeReference": Expressions._attribute,
    "NamedLambdaVariable": Expressions._attribute,
    "OuterReference": Expressions._outer,
    "Literal": Expressions._nothing,
    "GetStructField": Expressions._field,
    "GetArrayStructFields": Expressions._field,
    "CreateNamedStruct": Expressions._struct,
    "ArraysZip": Expressions._zip,
    "UpdateFields": Expressions._updated,
    "CaseWhen": Expressions._case,
    "If": Expressions._if,
    "IsNull": Expressions._presence,
    "IsNotNull": Expressions._presence,
    "AggregateExpression": Expressions._aggregate,
    "WindowExpression": Expressions._windowed,
    "LambdaFunction": Expressions._lambda,
    "ArrayFilter": Expressions._filtered,
    "ArrayTransform": Expressions._mapped,
    "ZipWith": Expressions._mapped,
    **dict.fromkeys(SAME, Expressions._same),
    **dict.fromkeys(ELEMENTS, Expressions._element),
    **dict.fromkeys(CHOICES, Expressions._choice),
}
