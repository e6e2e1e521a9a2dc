"""Parquet: the tables of a session for data frames and databases, by pyarrow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor import __version__
from monitor.exchange.session_data import Outgoing, needed
from monitor.exchange.tables import session_tables


def write_parquet(session: Outgoing, folder: Path) -> list[Path]:
    """Write one file a table; unknown is null, so that a mean leaves it out.

    Raises
    ------
    UserError
        When pyarrow is not installed.
    """
    pyarrow, parquet = needed("pyarrow", "parquet"), needed("pyarrow.parquet", "parquet")
    about = {"session": session.name, "program": f"backrelease {__version__}"}
    paths = []
    for table in session_tables(session.raw, session.result):
        columns = {
            name: pyarrow.array(values, from_pandas=True)  # NaN becomes null
            if isinstance(values, np.ndarray)
            else pyarrow.array(values, pyarrow.string())
            for name, values in table.columns.items()
        }
        path = folder / f"{table.name}.parquet"
        data = pyarrow.table(columns).replace_schema_metadata(about)
        parquet.write_table(data, path, compression="zstd")
        path.chmod(0o600)
        paths.append(path)
    return paths
