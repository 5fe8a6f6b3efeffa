"""An answer: tables by name, and plain sentences that say what was found and what it cannot tell.

Command line, figures and report all work from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from andornot.files import write_whole, writing
from andornot.tables import write_csv


@dataclass(frozen=True, eq=False)
class Answer:
    """What an analysis found.

    Attributes:
        name: the question in one word, such as ``length``.
        title: the question in a line.
        tables: data frames by name, the most telling first; a value that does not exist is
            missing there, never infinite.
        sentences: what was found, then what it cannot tell.
    """

    name: str
    title: str
    tables: dict[str, pd.DataFrame]
    sentences: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; tables are lists of rows, and missing values null."""
        tables = {
            name: json.loads(table.to_json(orient="records", double_precision=15))
            for name, table in self.tables.items()
        }
        return {
            "name": self.name,
            "title": self.title,
            "tables": tables,
            "sentences": list(self.sentences),
        }

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write each table as ``NAME-TABLE.csv`` and ``.parquet``, and the sentences as text.

        Args:
            folder: made if it is not there; files of the same names are replaced.

        Returns:
            The files.

        Raises:
            RunError: the folder cannot be written to.
        """
        folder = Path(folder)
        text = "\n".join((self.title, "", *self.sentences)) + "\n"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            said = folder / f"{self.name}.txt"
            files = [write_whole(said, lambda path: path.write_text(text, encoding="utf-8"))]
            for name, table in self.tables.items():
                stem = folder / f"{self.name}-{name}"
                files += _write_table(stem, table)
        return tuple(files)


def _write_table(stem: Path, table: pd.DataFrame) -> list[Path]:
    """Write a table as CSV and as Parquet."""
    return [
        write_whole(stem.with_name(f"{stem.name}.csv"), lambda path: write_csv(table, path)),
        write_whole(
            stem.with_name(f"{stem.name}.parquet"),
            lambda path: table.to_parquet(path, index=False),
        ),
    ]
