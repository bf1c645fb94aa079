"""What does not fit into memory is written where nobody else can read it."""

import pathlib
import stat

import pyarrow as pa

from jobs.identity import scoring
from jobs.shell import spill


def _where(connection):
    return pathlib.Path(connection.execute("SELECT current_setting('temp_directory')").fetchone()[0])


def _is_closed(folder):
    return stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU


def test_a_database_spills_into_a_folder_of_its_owner_and_not_into_the_one_where_somebody_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with spill.database(memory_limit="40MB", threads=1) as connection:
        connection.execute("CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS text FROM range(2000000) r(i)")
        spilt = list(_where(connection).glob("duckdb_temp*"))
        assert spilt
        assert _is_closed(_where(connection))
    assert list(tmp_path.iterdir()) == []
    assert not any(one.exists() for one in spilt)


def test_so_does_the_matching_of_people_and_leaves_nothing():
    with scoring.connect(pa.table({"patient_id": [1]}), 1) as connection:
        folder = _where(connection)
        assert _is_closed(folder)
    assert not folder.exists()
