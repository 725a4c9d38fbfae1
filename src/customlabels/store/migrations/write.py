"""`python -m customlabels.store.migrations.write "what changes"`: writes the next revision from `store/tables.py`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from customlabels.store.database import Database
from customlabels.store.migrations import VERSIONS, revisions, run


def main(message: str) -> Path:
    """Write the revision and return its module's path. Raises alembic.util.CommandError."""
    known = revisions()
    revision = f"{len(known) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        if known:
            database.migrate()
        with database.write() as connection:
            run.write(connection, revision, message)
        database.close()
    path = next(VERSIONS.glob(f"{revision}_*.py"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ### " not in line), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(main(sys.argv[1]))
