"""Where the positions of a run lie in the text, kept beside its concept table.

Whoever shows a run needs to know which characters each position has, and must not have to load the
network, which may be code of a stranger's, to ask its tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import arrays_writer, json_writer
from andornot._tools.folders import Folder
from andornot._tools.reading import parse_json, read_arrays
from andornot._tools.words import brief
from andornot.data.sequences.document import Extents
from andornot.data.sequences.view import DocumentView
from andornot.errors import DataError

_ARRAYS, _NAMES = "places.npz", "places.json"


@dataclass(frozen=True, eq=False)
class Places:
    """The characters of each position, document after document.

    Attributes:
        offsets: int64 ``(documents + 1,)``, where the positions of each document start.
        extents: of all positions.
        codes: int32, the name of each in ``names``.
        names: what the network calls them, each once.
    """

    offsets: NDArray[np.int64]
    extents: Extents
    codes: NDArray[np.int32]
    names: tuple[str, ...]

    __repr__ = brief

    def of(self, document: int) -> tuple[Extents, list[str]]:
        """The stretches and the names of one document's positions."""
        own = slice(self.offsets[document], self.offsets[document + 1])
        extents = Extents(self.extents.starts[own], self.extents.ends[own])
        return extents, [self.names[code] for code in self.codes[own]]

    @classmethod
    def from_views(cls, views: Iterable[DocumentView]) -> Self:
        """From what is known of each document."""
        numbers: dict[str, int] = {}
        sizes, starts, ends, codes = [0], [], [], []
        for view in views:
            sizes.append(len(view))
            starts.append(view.positions.starts)
            ends.append(view.positions.ends)
            own = [numbers.setdefault(name, len(numbers)) for name in view.tokens]
            codes.append(np.array(own, np.int32))
        extents = Extents(np.concatenate(starts), np.concatenate(ends))
        offsets = np.cumsum(np.array(sizes, np.int64))
        return cls(offsets, extents, np.concatenate(codes), tuple(numbers))

    def save(self, directory: Path) -> None:
        """Write into the folder of a concept table."""
        folder = Folder.at(directory, whole=True)
        arrays = {"offsets": self.offsets, "codes": self.codes}
        folder.write(
            _ARRAYS, arrays_writer(**arrays, starts=self.extents.starts, ends=self.extents.ends)
        )
        folder.write(_NAMES, json_writer({"names": self.names}))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: a file is missing or damaged.
        """
        arrays = read_arrays(directory / _ARRAYS, ("offsets", "starts", "ends", "codes"))
        names = parse_json(directory / _NAMES).get("names")
        codes, offsets = arrays["codes"], arrays["offsets"]
        extents = Extents(arrays["starts"], arrays["ends"])
        if not (
            isinstance(names, list)
            and len(codes) == len(extents.ends) == len(extents)
            and (not len(codes) or 0 <= codes.min() <= codes.max() < len(names))
            and len(offsets) and offsets[-1] == len(codes) and not np.diff(offsets).min() < 0
        ):  # fmt: skip
            raise DataError(
                f"{directory / _ARRAYS} does not fit {_NAMES}; make the run again, which repeats "
                "what is missing"
            )
        return cls(offsets, extents, codes, tuple(map(str, names)))
