"""An answer: tables by name, and plain sentences that say what was found and what it cannot tell.

Command line, figures and report all work from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from andornot._tools.files import text_writer, writing
from andornot._tools.folders import listed
from andornot._tools.tables import write_csv


@dataclass(frozen=True, eq=False)
class Answer:
    """What an analysis found.

    Attributes:
        name: the question in one word, such as ``length``.
        title: the question in a line.
        tables: data frames by name, the most telling first; a value that does not exist is
            missing there, never infinite.
        sentences: what was found, then what it cannot tell.

    Examples:
        >>> from andornot.analyses import length
        >>> found = length.answer(run)
        >>> found.title
        'IoU by maximum length of the formula'
        >>> list(found.tables)
        ['by_length', 'tests', 'histogram', 'units']
        >>> print(found.sentences[0])
        relu: 4 units with a formula; none is left out.
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
            folder: made if it is not there; what an earlier call wrote is replaced.

        Returns:
            The files.

        Raises:
            OptionError: a file of somebody else has the name of one of these.
            RunError: the folder cannot be written to.
        """
        writers = self.writers()
        with listed(folder) as ours, writing(Path(folder)):
            ours.check_free(writers)
            return tuple(ours.write(name, write) for name, write in writers.items())

    def writers(self) -> dict[str, Callable[[Path], None]]:
        """What writes each file, by the file's name."""
        text = "\n".join((self.title, "", *self.sentences)) + "\n"
        found = {f"{self.name}.txt": text_writer(text)}
        for name, table in self.tables.items():
            stem = f"{self.name}-{name}"
            found[f"{stem}.csv"] = partial(write_csv, table)
            found[f"{stem}.parquet"] = partial(table.to_parquet, index=False)
        return found
