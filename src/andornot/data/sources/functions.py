"""Concepts from a function of the user's: masks of pictures, or truths of words.

Of an image the function gets the picture, uint8 ``(H, W, 3)``, and the shape ``(h, w)`` of the grid
of positions. It returns a dictionary: for each concept a mask of booleans of either size, or one
boolean for the whole image; or else, if it has an attribute ``names``, a label map ``(h, w)`` of
whole numbers, 0 for none and k for the k-th name.

Of sentences it gets the tokens of one sentence, as they were written, and returns for each concept
one boolean, or one for each token.

Of an image it may return None for all concepts: nobody looked for them there. What is known is told
by category, and a function has one, so it is all or none of them.

What it returns for the first sample tells the names, unless it has the attribute ``names``. It may
also have ``category`` (a text), ``provenance`` (see ``Provenance.of``) and ``key`` (a text that
changes whenever its answers do).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.checks import as_array, names_of
from andornot._tools.user_code import importable
from andornot.concepts.provenance import Provenance
from andornot.data.sources.base import ConceptSource, Labels, Plain, SampleView, Segment
from andornot.data.sources.words import labels_of
from andornot.errors import DataError, quoted
from andornot.formula import nfc

BoolArray = NDArray[np.bool_]

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class ConceptFunction:
    """A function that has not been asked for its names yet.

    Attributes:
        function: the function.
        who: what messages call it, such as ``bright in concepts.py``.
        category: of its concepts.
        provenance: whom they come from.
        names: of its concepts, where it tells them itself.
        digest: of all that shapes its answers, as far as we see.
        folder: where modules beside its file lie.
        code: the text that named it, or None of what came from Python.
    """

    function: Callable[..., Any]
    who: str
    category: str
    provenance: Provenance
    names: tuple[str, ...] | None
    digest: str
    folder: Path | None = None
    code: str | None = None
    lock: Lock = field(default_factory=Lock, repr=False)

    def key(self) -> Mapping[str, Any]:
        """A digest of the function's file, and what it says of its concepts."""
        told = {"names": self.names, "category": self.category, "by": str(self.provenance)}
        return {"function": self.who, "digest": self.digest} | told

    def of(self, first: SampleView, segments: Sequence[str] = ()) -> ConceptSource:
        """The source, with the names that the function tells or gives for the first sample.

        Args:
            first: a sample whose shape is known.
            segments: of sentences whose sample is one position: what stands before a name for each
                segment, such as ``pre``; nothing where there is one segment alone.

        Raises:
            DataError: the function fails, or gives no names.
        """
        names = self.names or self._names_of(first)
        if first.open_picture is not None:
            return OfPictures(self, names, self.provenance)
        if segments and not first.by_token:
            names = tuple(f"{side}:{name}" for side in segments for name in names)
        return OfSentences(self, names, self.provenance)

    def _names_of(self, first: SampleView) -> tuple[str, ...]:
        picture = first.picture if first.open_picture else None  # its damage is not the function's
        with asking(f"function {self.who}", first):
            found = self.ask(first.segments[0]) if picture is None else self.ask_picture(first)
            if not isinstance(found, Mapping) or not found:
                raise DataError(
                    f"it returned {_shown(found)}; return a dictionary with each concept, also "
                    "where it holds nowhere, or give the function an attribute names"
                )
            return named(found)

    def ask_picture(self, sample: SampleView) -> Any:
        """What the function returns for an image."""
        return self._call(np.array(sample.picture.convert("RGB")), sample.grid)

    def ask(self, segment: Segment) -> Any:
        """What the function returns for a sentence."""
        return self._call(list(segment.tokens))

    def _call(self, *given: Any) -> Any:
        # its author need not think of threads; and modules beside its file may be imported late
        with self.lock, nullcontext() if self.folder is None else importable(self.folder):
            return self.function(*given)

    def check(self, found: Mapping[str, Any], names: Mapping[str, int]) -> None:
        """Refuse concepts that the first sample did not have, and that it had and this one lacks.

        Raises:
            DataError: there is one.
        """
        given = named(found)
        if new := [name for name in given if name not in names]:
            raise DataError(
                f"it returned the concept {quoted(new[0])}, which is none of its names "
                f"({', '.join(list(names)[:5])}{', ...' if len(names) > 5 else ''}); return all "
                "names each time, or give the function an attribute names"
            )
        # who names its concepts beforehand may return those that hold
        if self.names is None and (lost := [name for name in names if name not in given]):
            raise DataError(
                f"it left out the concept {quoted(lost[0])}, which it returned for the first "
                "sample; return all names each time, False where one does not hold, or give the "
                "function an attribute names"
            )


@contextmanager
def asking(who: str, sample: SampleView) -> Iterator[None]:
    """Turn whatever goes wrong in code of the user's into a sentence that names the sample.

    Args:
        who: whose code, such as ``function bright in concepts.py``.
        sample: what it is asked about.

    Raises:
        DataError: something goes wrong.
    """
    where = f"at the sample {quoted(sample.id)}"
    try:
        yield
    except DataError as error:
        raise DataError(f"The {who} cannot be used {where}: {error}.") from error
    except (Exception, SystemExit) as error:  # it is the user's, and may raise anything
        reason = " ".join(str(error).split())
        raise DataError(
            f"The {who} failed {where} with {type(error).__name__}: {reason}; mend it, or leave it "
            "out."
        ) from error


def named(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in what a function returned.

    Raises:
        DataError: one is no text on one line.
    """
    return names_on_a_line(list(found), "names")


def names_on_a_line(given: Any, what: str) -> tuple[str, ...]:
    """Names as they are compared, each of which fits on a line of a table.

    Raises:
        DataError: one is no such text.
    """
    names = tuple(map(nfc, names_of(given, what)))
    for name in names:
        if name.splitlines() != [name]:
            raise DataError(f"a line ends in {quoted(name)}, one of the {what}; leave that out")
    return names


@dataclass(frozen=True, eq=False)
class _Asked(Plain):
    """The concepts of a function whose names are known.

    Attributes:
        function: the function.
        names: of the concepts.
        provenance: whom they come from.
    """

    function: ConceptFunction
    names: tuple[str, ...]
    provenance: Provenance

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """One for all."""
        return ((self.function.category,),) * len(self.names)

    def key(self) -> Mapping[str, Any]:
        """That of the function."""
        return self.function.key()


class OfPictures(_Asked):
    """Masks of a function, as label maps."""

    def labels(self, sample: SampleView) -> Labels:
        """What the function gives for an image.

        Raises:
            DataError: it fails, or gives something else.
        """
        picture = sample.picture.size[::-1]  # read before: its damage is not the function's
        with asking(f"function {self.function.who}", sample):
            found = self.function.ask_picture(sample)
            if not isinstance(found, Mapping):
                return Labels((self._map(found, sample.grid),), (), sample.grid)
            index = {name: i for i, name in enumerate(self.names)}
            self.function.check(found, index)
            if self._nobody_looked(found):
                return Labels((), (), sample.grid, unknown={self.function.category: None})
            whole, maps = [], []
            for name, value in found.items():
                own = index[nfc(name)]
                mask = on_grid(value, name, sample.grid, picture)
                if isinstance(mask, bool):
                    whole += [own] * mask
                elif mask.any():
                    maps.append(np.where(mask, np.int32(own + 1), np.int32(0)))
            return Labels(tuple(maps), tuple(whole), sample.grid)

    @staticmethod
    def _nobody_looked(found: Mapping[str, Any]) -> bool:
        """Whether nothing is known of the sample."""
        unknown = [name for name, value in found.items() if value is None]
        if unknown and len(unknown) < len(found):
            looked = next(name for name in found if name not in unknown)
            raise DataError(
                f"it returned None for {quoted(unknown[0])}, and not for {quoted(looked)}; None "
                "says that nobody looked for the concepts of its category, so return it for all "
                "of them, or write two functions"
            )
        return bool(unknown)

    def _map(self, found: Any, grid: tuple[int, int]) -> NDArray[np.int32]:
        """A label map, checked."""
        if self.function.names is None:
            raise DataError(f"it returned {_shown(found)}; return a dictionary of masks")
        ids = as_array(found, "label maps")
        if ids.shape != grid or ids.dtype.kind not in "iu":
            raise DataError(
                f"it returned {_shown(ids)}; a label map is of whole numbers, of shape {grid}"
            )
        if ids.size and not 0 <= ids.min() <= ids.max() <= len(self.names):
            raise DataError(
                f"it returned a label map with numbers from {ids.min()} to {ids.max()}; 0 is no "
                f"label, and there are {len(self.names)} names"
            )
        return ids.astype(np.int32)


class OfSentences(_Asked):
    """Truths of a function, at samples or at tokens."""

    def labels(self, sample: SampleView) -> Labels:
        """What the function gives for each sentence of the sample.

        Raises:
            DataError: it fails, or gives something else.
        """
        bare = sample.by_token or len(sample.segments) == 1
        n_names = len(self.names) if bare else len(self.names) // len(sample.segments)
        plain = [name if bare else name.partition(":")[2] for name in self.names]
        index = {name: i for i, name in enumerate(plain[:n_names])}
        with asking(f"function {self.function.who}", sample):
            found = []
            for place, segment in enumerate(sample.segments):
                start = 0 if sample.by_token else place * n_names
                found.append([[start + i for i in held] for held in self._held(segment, index)])
            return labels_of(found, sample)

    def _held(self, segment: Segment, index: Mapping[str, int]) -> list[list[int]]:
        """The concepts of each token."""
        found = self.function.ask(segment)
        if not isinstance(found, Mapping):
            raise DataError(f"it returned {_shown(found)}; return a dictionary")
        self.function.check(found, index)
        held: list[list[int]] = [[] for _ in segment.tokens]
        for name, value in found.items():
            if value is None:
                raise DataError(
                    f"it returned None for {quoted(name)}; of sentences all counts as known, so "
                    "give True or False, or a list of them"
                )
            for own in np.flatnonzero(at_tokens(value, name, len(held))):
                held[own].append(index[nfc(name)])
        return held


def on_grid(
    value: Any, name: str, grid: tuple[int, int], picture: tuple[int, int]
) -> bool | BoolArray:
    """A mask on the grid of positions, or one truth for all of it.

    A mask of the picture's size holds at a position where it does on half of the pixels under it,
    or more.

    Raises:
        DataError: it is neither.
    """
    mask = as_array(value, f"the mask of {quoted(name)}")
    if mask.dtype != np.bool_ or mask.shape not in ((), grid, picture):
        raise DataError(
            f"it returned {_shown(mask)} for {quoted(name)}; give booleans, such as mask > 0.5, of "
            f"shape {grid} (of positions) or {picture} (of pixels), or one for the whole image"
        )
    if mask.shape == ():
        return bool(mask)
    if mask.shape == grid:
        return mask
    shares = Image.fromarray(mask.astype(np.float32), "F").resize(grid[::-1], Image.Resampling.BOX)
    return np.asarray(shares) >= _HALF


def at_tokens(value: Any, name: str, n_tokens: int) -> BoolArray:
    """Truths at the tokens of a sentence; one truth holds at all of them.

    Raises:
        DataError: they are none.
    """
    truth = as_array(value, f"the truths of {quoted(name)}")
    if truth.dtype != np.bool_ or truth.shape not in ((), (n_tokens,)):
        raise DataError(
            f"it returned {_shown(truth)} for {quoted(name)}; give True or False, or a list of "
            f"them for the {n_tokens} tokens"
        )
    return np.broadcast_to(truth, (n_tokens,))


def _shown(found: Any) -> str:
    """What was returned, in a few words."""
    if isinstance(found, np.ndarray):
        return f"an array of shape {found.shape} and dtype {found.dtype}"
    return f"{quoted(found)} ({type(found).__name__})"
