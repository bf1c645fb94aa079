"""How many rows of a table have a value in a column: footers of Parquet files say it, or the lightest part of it."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.shell.arrow_rows import ArrowRows


def filled(rows: ArrowRows, columns: Collection[str]) -> dict[str, int]:
    """Rows with a value in each of these columns; a column of which not all files say it is left out.

    Parquet's writers leave the count out where a column's values are long, and what is no column of a file, such as a
    partition's, is not in its footer. Of a list or struct a footer does not tell an empty one from none: the smallest
    part of it is read.

    >>> import tempfile, pyarrow.dataset as ds
    >>> rows = pa.table({"a": [1, None, 3], "b": [["x"], [], None], "c": pa.nulls(3, pa.int64())})
    >>> with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
    ...     pq.write_table(rows, file.name)
    ...     sorted(filled(ds.dataset([file.name, file.name]), ["a", "b", "c", "d"]).items())
    [('a', 4), ('b', 4), ('c', 0)]
    >>> filled(rows, ["b"])
    {'b': 2}
    """
    if isinstance(rows, pa.Table):
        return {name: rows.num_rows - rows[name].null_count for name in columns}
    found = dict.fromkeys(columns, 0)
    for path in rows.files:
        with pq.ParquetFile(path, filesystem=rows.filesystem) as file:
            for name in list(found):
                if (values := _filled(file, name)) is None:
                    del found[name]
                else:
                    found[name] += values
    return found


def _filled(file: pq.ParquetFile, column: str) -> int | None:
    footer = file.metadata
    paths = {place: footer.schema.column(place).path for place in range(footer.num_columns)}
    leaves = [place for place, path in paths.items() if path == column or path.startswith(f"{column}.")]
    if not leaves:
        return None
    groups = range(footer.num_row_groups)
    if paths[leaves[0]] != column:
        size = {leaf: sum(footer.row_group(g).column(leaf).total_compressed_size for g in groups) for leaf in leaves}
        lightest = file.read(columns=[paths[min(leaves, key=size.__getitem__)]])
        return int(footer.num_rows - lightest[column].null_count)
    said = [footer.row_group(g).column(leaves[0]).statistics for g in groups]
    if any(one is None or not one.has_null_count for one in said):
        return None
    return sum(int(footer.row_group(g).num_rows - one.null_count) for g, one in zip(groups, said, strict=True))
