"""What the footers of Parquet files say: how many rows have a value, without reading one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow.parquet as pq


def filled(files: Sequence[str], columns: Collection[str]) -> dict[str, int]:
    """Rows with a value in each of these columns, over all of the files; a column of which not all say it is left out.

    Lists and structs are left out, since a footer does not tell an empty list from none, and so is what is no column
    of a file, such as a partition's. Parquet's writers leave the count out where a column's values are long.

    >>> import tempfile, pyarrow as pa
    >>> rows = pa.table({"a": [1, None, 3], "b": [["x"], [], None], "c": pa.nulls(3, pa.int64())})
    >>> with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
    ...     pq.write_table(rows, file.name)
    ...     sorted(filled([file.name, file.name], ["a", "b", "c", "d"]).items())
    [('a', 4), ('c', 0)]
    """
    found = dict.fromkeys(columns, 0) if files else {}
    for file in files:
        footer = pq.read_metadata(file)
        places = {footer.schema.column(place).path: place for place in range(footer.num_columns)}
        for name in list(found):
            if (values := _filled(footer, places.get(name))) is None:
                del found[name]
            else:
                found[name] += values
    return found


def _filled(footer: pq.FileMetaData, place: int | None) -> int | None:
    if place is None or footer.schema.column(place).max_repetition_level:
        return None
    groups = [footer.row_group(number).column(place).statistics for number in range(footer.num_row_groups)]
    if any(one is None or not one.has_null_count for one in groups):
        return None
    return sum(int(footer.row_group(number).num_rows - one.null_count) for number, one in enumerate(groups))
