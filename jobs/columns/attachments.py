"""Attachments: the texts of notes and reports, out of the base64 they travel in (FHIR R4 datatypes, Attachment)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

ATTACHMENT = "struct<contentType:string,language:string,data:string,url:string,title:string>"


def text_of_attachments(attachments: Column) -> Column:
    """The texts among attachments, decoded, a blank line between them; null when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> notes = [("text/plain", None, "w7xiZXI=", None, None), ("application/pdf", None, "JVBERg==", None, None)]
    >>> latin = [("text/plain; charset=iso-8859-1", None, "/GJlcg==", None, None)]
    >>> rows = spark.createDataFrame([(notes,), (latin,), ([],)], f"a array<{ATTACHMENT}>")
    >>> [row.t for row in rows.select(text_of_attachments(F.col("a")).alias("t")).collect()]
    ['über', 'über', None]
    """
    texts = F.transform(F.filter(attachments, _is_text), lambda a: _decoded(a["data"]))
    return F.nullif(F.array_join(texts, "\n\n"), F.lit(""))


def is_undecodable(attachments: Column) -> Column:
    """Whether any text among attachments is not base64.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([([("text/plain", None, "a", None, None)],)], f"a array<{ATTACHMENT}>")
    >>> rows.select(is_undecodable(F.col("a")).alias("bad")).first().bad
    True
    """
    return F.exists(attachments, lambda a: _is_text(a) & F.try_to_binary(a["data"], F.lit("base64")).isNull())


def _is_text(attachment: Column) -> Column:
    return attachment["contentType"].startswith("text/") & attachment["data"].isNotNull()


def _decoded(data: Column) -> Column:
    content = F.try_to_binary(data, F.lit("base64"))
    # What is not UTF-8 is read byte by byte, so that nothing is lost whatever the declared charset.
    return F.coalesce(F.try_validate_utf8(content.cast("string")), F.decode(content, "ISO-8859-1"))
