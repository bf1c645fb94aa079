"""Attachments: the texts of notes and reports, out of the base64 they travel in (FHIR R4 datatypes, Attachment)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.lists import compact, distinct

ATTACHMENT = "struct<contentType:string,language:string,data:string,url:string,title:string>"


def texts(attachments: Column) -> Column:
    """The texts among attachments, decoded; null in the place of one that is not base64.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> sent = [("text/plain", "w7xiZXI="), ("application/pdf", "JVBERg=="), ("text/html; charset=latin1", "/GJlcg==")]
    >>> sent = [(kind, None, data, None, None) for kind, data in [*sent, ("text/plain", "a")]]
    >>> spark.createDataFrame([(sent,)], f"a array<{ATTACHMENT}>").select(texts(F.col("a")).alias("t")).first().t
    ['über', 'über', None]
    """
    return F.transform(F.filter(attachments, _is_text), lambda attachment: _decoded(attachment["data"]))


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
    """What is known of attachments besides their text: note_title, note_language, content_types, content_urls."""
    return [
        F.try_element_at(attachments["title"], F.lit(1)).alias("note_title"),
        F.try_element_at(attachments["language"], F.lit(1)).alias("note_language"),
        distinct(attachments["contentType"]).alias("content_types"),
        compact(attachments["url"]).alias("content_urls"),
    ]


def _is_text(attachment: Column) -> Column:
    return attachment["contentType"].startswith("text/") & attachment["data"].isNotNull()


def _decoded(data: Column) -> Column:
    content = F.try_to_binary(data, F.lit("base64"))
    # What is not UTF-8 is read byte by byte, so that nothing is lost whatever the declared charset.
    return F.coalesce(F.try_validate_utf8(content.cast("string")), F.decode(content, "ISO-8859-1"))
