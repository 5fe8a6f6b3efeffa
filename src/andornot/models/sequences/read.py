"""How a model of sequences reads a document: its tokens, its windows, and which rows count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.user_code import others_code
from andornot._tools.words import brief
from andornot.data.sequences.align import item_of
from andornot.data.sequences.document import Extents
from andornot.errors import ModelError, quoted
from andornot.models.sequences.protocol import Tokens, Windows, prefix_of, skips_first
from andornot.models.sequences.windows import Window, windows_of


@dataclass(frozen=True, eq=False)
class ReadDocument:
    """A document as a model reads it.

    Attributes:
        tokens: all its tokens.
        windows: what is read together, from left to right.
        counted: int32, the tokens that may be positions: they have characters, and none is the
            first of what is read from its beginning, where that is left out.
        skipped: how many have characters and are left out for being the first.
    """

    tokens: Tokens
    windows: tuple[Window, ...]
    counted: NDArray[np.int32]
    skipped: int

    __repr__ = brief

    @property
    def in_window(self) -> NDArray[np.int32]:
        """The place of each counted token in the window that it counts in, from 0."""
        places = np.zeros(len(self.tokens), np.int32)
        for window in self.windows:
            own = np.arange(window.counted, window.stop)
            places[own] = own - window.first
        return places[self.counted]


def read_document(
    model: Any, text: str, name: str, overlap: int | None = None, sentences: Extents | None = None
) -> ReadDocument:
    """Cut a document into tokens, and these into windows.

    Args:
        model: a ``SequenceModel``.
        text: the document.
        name: its id, for messages.
        overlap: see :func:`~andornot.models.sequences.windows.windows_of`.
        sentences: where no window may look across; None: anywhere.

    Raises:
        ModelError: what the model says of the tokens cannot be.
        OptionError: the overlap does not fit into a window.
    """
    tokens = _tokens(model, text, name)
    first, windows = skips_first(model), []
    room = None if model.context is None else int(model.context) - len(prefix_of(model))
    if first and overlap == 0:
        overlap = 1  # or the first token of a later window would have no context either
    begins = _begins(tokens.extents, sentences)
    for start, stop in zip(begins, [*begins[1:], len(tokens)], strict=True):
        for own in windows_of(stop - start, room, overlap):
            windows.append(Window(own.first + start, own.counted + start, own.stop + start))
    seen = tokens.extents.starts < tokens.extents.ends
    counts = seen.copy()
    if first:
        counts[begins[: len(begins) if len(tokens) else 0]] = False
    counted = np.flatnonzero(counts).astype(np.int32)
    return ReadDocument(tokens, tuple(windows), counted, int(seen.sum()) - len(counted))


def _begins(tokens: Extents, sentences: Extents | None) -> list[int]:
    """The tokens with which something new begins that no window looks across."""
    if sentences is None or not len(tokens):
        return [0]
    # what lies in no sentence, such as a line break, belongs to the one before
    within = np.maximum.accumulate(item_of(_filled(tokens), sentences))
    return [0, *(np.flatnonzero(np.diff(within) > 0) + 1).tolist()]


def _filled(extents: Extents) -> Extents:
    """The same in an order that alignment needs: an empty stretch lies where the last one ended."""
    empty = extents.starts == extents.ends
    ends = np.maximum.accumulate(np.where(empty, 0, extents.ends)).astype(np.int32)
    return Extents(np.where(empty, ends, extents.starts).astype(np.int32), ends)


def _tokens(model: Any, text: str, name: str) -> Tokens:
    with others_code(f"cutting the document {quoted(name)} into tokens", ModelError):
        given = model.tokenize(text)
        ids = np.asarray(given.ids, np.int64)
        starts = np.asarray(given.extents.starts, np.int32)
        ends = np.asarray(given.extents.ends, np.int32)
        names = tuple(map(str, given.names))
    if not (ids.ndim == 1 and len(ids) == len(starts) == len(ends) == len(names)):
        raise ModelError(
            f"the model cut the document {quoted(name)} into {len(ids)} token numbers, "
            f"{len(starts)} stretches and {len(names)} names; let tokenize give one of each"
        )
    wrong = (starts < 0) | (ends < starts) | (ends > len(text))
    filled = starts < ends
    back = np.zeros(len(ids), np.bool_)
    back[np.flatnonzero(filled)[1:]] = (np.diff(starts[filled]) < 0) | (np.diff(ends[filled]) < 0)
    for i in np.flatnonzero(wrong | back)[:1]:
        raise ModelError(
            f"the model says that token {i} of the document {quoted(name)}, {quoted(names[i])}, "
            f"has the characters from {starts[i]} to {ends[i]}, of {len(text):,}; they must lie in "
            "the text and never go back"
        )
    return Tokens(ids, Extents(starts, ends), names)


def recorded(
    model: Any, documents: Sequence[ReadDocument], layers: Sequence[str], at_once: int
) -> dict[str, NDArray[np.float32]]:
    """What the layers give at the counted tokens of some documents.

    Args:
        model: a ``SequenceModel``.
        documents: how it reads each.
        layers: some of its layers.
        at_once: windows in a forward pass.

    Returns:
        for each layer float32 ``(counted tokens of all documents, units)``.

    Raises:
        ModelError: what it gives has another shape than asked for.
    """
    prefix, parts = prefix_of(model), {layer: [] for layer in layers}  # type: ignore[var-annotated]
    windows = [(document, own) for document in documents for own in document.windows]
    for at in range(0, len(windows), at_once):
        some = windows[at : at + at_once]
        ids = [np.concatenate([prefix, d.tokens.ids[w.first : w.stop]]) for d, w in some]
        rows = _rows(some, len(prefix))
        for layer, values in _given(model, ids, layers).items():
            parts[layer].append(values[rows])
    return {layer: np.concatenate(own) for layer, own in parts.items()}


def _rows(windows: Sequence[tuple[ReadDocument, Window]], prefix: int) -> NDArray[np.int64]:
    """Which rows of what a model gave for some windows are those of counted tokens."""
    rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    before = 0
    for document, window in windows:
        low, high = np.searchsorted(document.counted, (window.counted, window.stop))
        own = document.counted[low:high].astype(np.int64)
        rows.append(own - window.first + prefix + before)
        before += window.stop - window.first + prefix
    return np.concatenate(rows)


def _given(model: Any, ids: Windows, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    given = model.record(ids, layers)
    expected, found = sum(map(len, ids)), {}
    for layer in layers:
        if layer not in given:
            raise ModelError(
                f"the model gave nothing of the layer {quoted(layer)} but "
                f"{', '.join(map(str, given)) or 'no layer at all'}; give an array for each"
            )
        values = np.asarray(given[layer], np.float32)
        if values.ndim != 2 or len(values) != expected or not values.shape[1]:
            raise ModelError(
                f"the layer {layer} gave an array of shape {values.shape} for {len(ids)} windows "
                f"of {expected} tokens; a model must give ({expected}, units), a row for each "
                "token number that it was given"
            )
        found[layer] = values
    return found


def whole(model: Any, documents: Sequence[ReadDocument]) -> Iterator[NDArray[np.int64]]:
    """Whole documents as token numbers, with the model's prefix."""
    prefix = prefix_of(model)
    for document in documents:
        yield np.concatenate([prefix, document.tokens.ids])
