"""Attachments: the texts of notes and reports, out of the base64 they travel in (FHIR R4 datatypes, Attachment)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.lists import compact, distinct
from jobs.columns.reference_texts import normal

PLAIN, XHTML = "text/plain", "application/xhtml+xml"
ATTACHMENT = "struct<contentType:string,language:string,data:string,url:string,title:string>"


def texts(attachments: Column) -> Column:
    """The texts among attachments, decoded; null in the place of one that is not base64.

    Several formats say the same (FHIR R4 DocumentReference.content, DiagnosticReport.presentedForm): of one format all
    are taken, the plain text where there is any.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> sent = [("text/plain", "w7xiZXI="), ("application/pdf", "JVBERg=="), ("text/html; charset=latin1", "/GJlcg==")]
    >>> sent = [(kind, None, data, None, None) for kind, data in [*sent, ("Text/Plain", "a")]]
    >>> rows = spark.createDataFrame([(sent,), (sent[1:3],)], f"a array<{ATTACHMENT}>")
    >>> [row.t for row in rows.select(texts(F.col("a")).alias("t")).collect()]
    [['über', None], ['über']]
    """
    written = F.filter(attachments, lambda attachment: _is_text(attachment) & attachment["data"].isNotNull())
    return F.transform(_of_one_format(written), lambda attachment: _decoded(attachment["data"]))


def text_refs(attachments: Column) -> Column:
    """The Binary resources that hold the text of attachments, normalised; none where a text came along.

    The address of a Binary is often one that its server alone can read (FHIR R4 datatypes, Attachment.url); an export
    has the resource itself.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> html, pdf = ("text/html", None, None, "Binary/1", None), ("application/pdf", None, None, "Binary/3", None)
    >>> plain, far = [("text/plain", None, None, url, None) for url in ("http://x/r4/Binary/2", "http://x/4")]
    >>> given = [[html, plain, pdf], [html, far], [pdf], [plain, ("text/plain", None, "YQ==", None, None)]]
    >>> rows = spark.createDataFrame([(sent,) for sent in [*given, None]], f"a array<{ATTACHMENT}>")
    >>> [row.t for row in rows.select(text_refs(F.col("a")).alias("t")).collect()]
    [['Binary/2'], ['Binary/1'], [], [], []]
    """
    known = F.filter(attachments, lambda attachment: _is_text(attachment) & _binary(attachment).startswith("Binary/"))
    held = F.exists(attachments, lambda attachment: _is_text(attachment) & attachment["data"].isNotNull())
    asked = F.transform(_of_one_format(known), _binary)
    return F.when(~held, asked).otherwise(F.array().cast("array<string>"))


def _of_one_format(attachments: Column) -> Column:
    kinds = F.transform(attachments, _kind)
    format_ = F.when(F.array_contains(kinds, PLAIN), PLAIN).otherwise(F.get(kinds, F.lit(0)))
    return F.filter(attachments, lambda attachment: _kind(attachment) == format_)


def _binary(attachment: Column) -> Column:
    return normal(attachment["url"], F.lit("Binary"))


def joined(decoded: Column) -> Column:
    """Texts as one, a blank line between them; null when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["a", "b"],), ([],)], "t array<string>")
    >>> [row.t for row in rows.select(joined(F.col("t")).alias("t")).collect()]
    ['a\\n\\nb', None]
    """
    return F.nullif(F.array_join(decoded, "\n\n"), F.lit(""))


def has_undecodable(decoded: Column) -> Column:
    """Whether any text was not base64.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["a", None],), (["a"],), (None,)], "t array<string>")
    >>> [row.bad for row in rows.select(has_undecodable(F.col("t")).alias("bad")).collect()]
    [True, False, None]
    """
    return F.exists(decoded, lambda text: text.isNull())


def described(attachments: Column) -> list[Column]:
    """Columns note_title, note_language, content_types, content_urls, text_refs: what is known besides the text."""
    return [
        F.try_element_at(attachments["title"], F.lit(1)).alias("note_title"),
        F.try_element_at(attachments["language"], F.lit(1)).alias("note_language"),
        distinct(attachments["contentType"]).alias("content_types"),
        compact(attachments["url"]).alias("content_urls"),
        text_refs(attachments).alias("text_refs"),
    ]


def _is_text(attachment: Column) -> Column:
    kind = _kind(attachment)
    return kind.startswith("text/") | (kind == XHTML)


def _kind(attachment: Column) -> Column:
    """The media type without its parameters; in lower case, as its case means nothing (RFC 6838 section 4.2)."""
    return F.lower(F.trim(F.substring_index(attachment["contentType"], ";", 1)))


def _decoded(data: Column) -> Column:
    content = F.try_to_binary(data, F.lit("base64"))
    # What is not UTF-8 is read byte by byte, so that nothing is lost whatever the declared charset.
    return F.coalesce(F.try_validate_utf8(content.cast("string")), F.decode(content, "ISO-8859-1"))
