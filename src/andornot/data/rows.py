"""What samples of other packages say of themselves, looked at before anything hangs on it.

Nobody has checked the types of a plug-in, and what numpy or a manifest would make of a wrong one
(NaN that counts as true, say) is found late or never.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.user_code import others_code
from andornot.data.samples import groups_of
from andornot.errors import DataError, quoted

_NEEDED = ("path", "kind", "sample_ids", "splits", "classes", "subset", "fingerprint", "__len__")
_OF_ROWS = ("lengths", "names", "categories", "labels")


def are_rows(data: Any) -> bool:
    """Whether samples say how many positions each has, so that these stand in a row."""
    return hasattr(data, "lengths")


def check_samples_say(data: Any, rows: bool = False) -> None:
    """Look at all that samples say of themselves, but for their labels.

    Args:
        data: the samples.
        rows: whether they must be rows of positions (see ``probes.plain.AnnotatedRows``).

    Raises:
        DataError: something is missing, of another sort, or contradicts something else.
    """
    about = f"the data ({type(data).__name__})"
    with others_code(f"asking {about} what they hold", DataError):
        rows = rows or are_rows(data)
        for name in (*_NEEDED, *(_OF_ROWS if rows else ())):
            if not hasattr(data, name):
                raise DataError(f"{about} have no {name}; give them one")
        if not len(data):
            raise DataError(f"{about} at {data.path} hold no sample; give some")
        _check_samples(data, about)
        if rows:
            _check_rows(data, about)


def _check_samples(data: Any, about: str) -> None:
    if not isinstance(data.kind, str) or not isinstance(data.path, str | Path):
        raise DataError(f"{about} have a kind or a path that is no text; give texts")
    told = {"sample_ids": data.sample_ids, "splits": data.splits, "classes": data.classes}
    for name, texts in (told | {"groups": groups_of(data)}).items():
        _check_texts(texts, f"{name} of {about}")
        _check_number(texts, len(data), f"{name} of {about}", "sample")
    _check_different(data.sample_ids, f"sample_ids of {about}")


def _check_rows(data: Any, about: str) -> None:
    for name in ("names", "categories"):
        _check_texts(getattr(data, name), f"{name} of {about}")
    _check_different(data.names, f"names of {about}")
    _check_number(data.categories, len(data.names), f"categories of {about}", "concept")
    _check_number(data.lengths, len(data), f"lengths of {about}", "sample")
    for sample, n in enumerate(data.lengths):
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise DataError(
                f"the length of the sample {quoted(data.sample_ids[sample])} is {quoted(n)}; give "
                "how many positions it has, a whole number from 1 on"
            )


def _check_texts(given: Any, what: str) -> None:
    if isinstance(given, str):
        raise DataError(f"{what} are the text {quoted(given)}; give a sequence of texts")
    for value in given:
        if not isinstance(value, str):
            raise DataError(f"{what} hold {quoted(value)}, which is no text; give texts only")


def _check_number(given: Any, expected: int, what: str, each: str) -> None:
    if len(given) != expected:
        raise DataError(
            f"{what} are {len(given):,} for {expected:,} {each}s; give one for each {each}"
        )


def _check_different(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{what} hold {quoted(name)} twice; give each another name")
        seen.add(name)


def asking(data: Any, what: str) -> AbstractContextManager[object]:
    """Around a question to samples: what code of another package raises becomes a sentence."""
    if not are_rows(data):  # samples of ours, whose faults are to be seen
        return nullcontext()
    return others_code(f"asking the data ({type(data).__name__}) for {what}", DataError)


def fingerprint_of(data: Any) -> str:
    """A text that changes whenever the samples do.

    Raises:
        DataError: it is no text.
    """
    with asking(data, "their fingerprint"):
        key: object = data.fingerprint()
    if not isinstance(key, str) or not key:
        raise DataError(
            f"the data at {data.path} have the fingerprint {quoted(key)}; let fingerprint() return "
            "a text that changes whenever the samples do"
        )
    return key


def labels_of(data: Any, sample: int) -> NDArray[np.bool_]:
    """Which concept holds at which position of a sample, bool ``(n_concepts, n_positions)``.

    Raises:
        DataError: the labels cannot be read, have another shape, or are neither true nor false.
    """
    name = quoted(data.sample_ids[sample])
    with others_code(f"reading the labels of the sample {name} ({data.kind})", DataError):
        found = np.asarray(data.labels(sample))
        expected = len(data.names), int(data.lengths[sample])
    if found.shape != expected:
        raise DataError(
            f"the labels of the sample {name} have the shape {found.shape}; give {expected}, a "
            "row for each concept and a column for each position"
        )
    if found.dtype == np.bool_:
        return found
    # NaN would become true
    if found.dtype.kind not in "iuf" or not np.isin(found, (0, 1)).all():
        raise DataError(
            f"the labels of the sample {name} hold {_no_truth(found)}; give True and False, or 1 "
            "and 0"
        )
    return found.astype(np.bool_)


def _no_truth(found: NDArray[Any]) -> str:
    """The first value that is neither 0 nor 1, or the sort of all."""
    if found.dtype.kind not in "iuf":
        return f"values of the sort {found.dtype}"
    return quoted(found[~np.isin(found, (0, 1))][0].item())


def names_of_positions(data: Any, sample: int, n: int) -> list[str]:
    """A text for each position of a sample; numbers from 1 on where the samples have none.

    Args:
        data: the samples; they may have a method ``names_of_positions(sample)``.
        sample: which of them.
        n: how many positions it has.

    Raises:
        DataError: they cannot be read, or there are more or fewer.
    """
    if not hasattr(data, "names_of_positions"):
        return [str(i + 1) for i in range(n)]
    what = f"names_of_positions of the sample {quoted(data.sample_ids[sample])}"
    with others_code(f"asking for {what} ({data.kind})", DataError):
        names = [str(name) for name in data.names_of_positions(sample)]
    _check_number(names, n, what, "position")
    return names
