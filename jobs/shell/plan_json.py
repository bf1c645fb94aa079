"""An analyzed plan as JSON, in the form of Spark's own TreeNode.toJSON but without the data types.

Spark writes the whole type of a column at each place where it is used. A FHIR resource's type is some 15 kB and a
silver table uses it some 500 times: 7 MB and a second for each table, against 0.2 MB and hundredths this way. The
walk is Java, compiled once per session by the compiler that Spark carries for its generated code (Janino).
"""

from __future__ import annotations

import threading
from typing import Any

from py4j.protocol import Py4JError

_NAME = "PlanJson"
_SOURCE = """
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.ExprId;
import org.apache.spark.sql.catalyst.expressions.RuntimeReplaceable;
import org.apache.spark.sql.catalyst.plans.JoinType;
import org.apache.spark.sql.catalyst.trees.TreeNode;
import org.apache.spark.sql.types.StructField;
import scala.Option;
import scala.Product;
import scala.collection.Iterator;
import scala.collection.Seq;

public class PlanJson {
    private final StringBuilder out = new StringBuilder();

    public String of(Object root) {
        list((TreeNode) root);
        return out.toString();
    }

    private void list(TreeNode root) {
        out.append('[');
        node(root);
        out.append(']');
    }

    private void node(TreeNode node) {
        Seq children = (Seq) node.children();
        out.append("{\\"class\\":");
        String name = node.getClass().getName();
        text(name.substring(name.lastIndexOf('.') + 1));
        out.append(",\\"num-children\\":").append(children.size());
        if (node instanceof NamedExpression) {
            out.append(",\\"exprId\\":{\\"id\\":").append(((NamedExpression) node).exprId().id()).append('}');
        }
        if (node instanceof RuntimeReplaceable) out.append(",\\"replacement\\":0");
        Product product = (Product) node;
        for (int i = 0; i < product.productArity(); i++) {
            int before = out.length();
            out.append(',');
            text(product.productElementName(i));
            out.append(':');
            if (!field(product.productElement(i), children, node instanceof Literal)) out.setLength(before);
        }
        out.append('}');
        Iterator each = children.iterator();
        while (each.hasNext()) {
            out.append(',');
            node((TreeNode) each.next());
        }
    }

    private boolean field(Object value, Seq children, boolean literal) {
        if (value instanceof Option) {
            return !((Option) value).isEmpty() && field(((Option) value).get(), children, literal);
        }
        if (value instanceof TreeNode) {
            if (among(children, value)) return false;
            list((TreeNode) value);
        } else if (value instanceof String || literal && value instanceof org.apache.spark.unsafe.types.UTF8String) {
            text(value.toString());
        } else if (value instanceof Integer || value instanceof Long || value instanceof Boolean) {
            out.append(literal ? "null" : value.toString());
        } else if (value instanceof JoinType) {
            out.append("{\\"object\\":");
            text(value.getClass().getName());
            out.append('}');
        } else if (value instanceof StructField) {
            out.append("{\\"name\\":");
            text(((StructField) value).name());
            out.append('}');
        } else if (value instanceof Seq) {
            return all((Seq) value, children);
        } else {
            return false;
        }
        return true;
    }

    private boolean all(Seq values, Seq children) {
        out.append('[');
        boolean first = true;
        Iterator each = values.iterator();
        while (each.hasNext()) {
            Object value = each.next();
            boolean known = value instanceof TreeNode || value instanceof Seq || value instanceof Integer;
            // Rows of a local table, branches told twice: what is not of the plan's form is left out whole.
            if (!known || among(children, value)) return false;
            if (!first) out.append(',');
            first = false;
            if (!field(value, children, false)) return false;
        }
        out.append(']');
        return true;
    }

    private static boolean among(Seq children, Object value) {
        Iterator each = children.iterator();
        while (each.hasNext()) if (each.next() == value) return true;
        return false;
    }

    private void text(String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\\\') out.append('\\\\').append(c);
            else if (c < ' ' || c > '~') out.append(String.format("\\\\u%04x", new Object[] {Integer.valueOf(c)}));
            else out.append(c);
        }
        out.append('"');
    }
}
"""
_compiled: list[tuple[Any, Any]] = []
_guard = threading.Lock()


def plan_json(jvm: Any, plan: Any) -> str:
    """The plan as JSON."""
    walker = _walker(jvm, plan)
    return str(walker.newInstance().of(plan) if walker is not None else plan.toJSON())


def _walker(jvm: Any, plan: Any) -> Any | None:
    """The compiled class; None where Spark's compiler cannot make it, and then Spark's own JSON has to do."""
    with _guard:
        if not _compiled or _compiled[0][0] is not jvm:
            _compiled[:] = [(jvm, _compile(jvm, plan))]
        return _compiled[0][1]


def _compile(jvm: Any, plan: Any) -> Any | None:
    try:
        compiler = jvm.org.codehaus.janino.SimpleCompiler()
        compiler.setParentClassLoader(plan.getClass().getClassLoader())
        compiler.cook(_SOURCE)
        return compiler.getClassLoader().loadClass(_NAME)
    except (Py4JError, TypeError):
        # A name that the JVM does not have is a package to py4j, and calling it a TypeError.
        return None
