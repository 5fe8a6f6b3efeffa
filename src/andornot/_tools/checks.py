"""What users hand over, checked where it comes in: arrays of any library, names, numbers.

NumPy is loaded where arrays are looked at: records of options need the rest, and the command line
needs those for its help.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andornot.errors import DataError, OptionError, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST_PATH, _LONGEST_NAME = 4096, 255


def as_array(value: Any, what: str) -> NDArray[Any]:
    """A NumPy array of what NumPy, torch, pandas, polars or plain lists hold.

    Raises:
        DataError: it does not make an array, for instance since rows differ in length.
    """
    import numpy as np

    # NumPy would make one object of it, without a word
    if hasattr(value, "tocsr"):
        raise DataError(f"{what} are a sparse matrix; give it to from_sparse, or its toarray()")
    try:
        array = np.asarray(_on_cpu(value))
    except Exception as error:  # each library raises what it likes
        raise DataError(
            f"{what} cannot be read as an array ({quoted(str(error))}); give a NumPy array"
        ) from error
    if array.dtype == object and array.size and all(isinstance(v, bool) for v in array.flat):
        return array.astype(np.bool_)  # a frame of booleans that could have gaps, but has none
    return array


def as_masks(value: Any, what: str, example: str) -> NDArray[np.bool_]:
    """An array of booleans; numbers that are all 0 or 1 are read as such.

    Args:
        value: whatever was given.
        what: what it is called in an error, in the plural.
        example: how booleans could be made, for the error.

    Raises:
        DataError: it is none; numbers that may be labels or activations are never guessed at.
    """
    array = as_array(value, what)
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf":
        raise DataError(f"{what} have dtype {array.dtype}; give booleans, for instance {example}")
    masks = _of_zeros_and_ones(array)
    if masks is None:
        raise DataError(
            f"{what} have dtype {array.dtype} and hold {_other_value(array)}, where only 0 and 1 "
            f"are plainly masks; give booleans, for instance {example}"
        )
    return masks


_AT_ONCE = 1 << 16


def _of_zeros_and_ones(array: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Numbers as booleans, without a copy where they fit; None if one is neither 0 nor 1."""
    import numpy as np

    small = array.dtype.itemsize == 1
    masks = array.view(np.bool_) if small else np.empty_like(array, np.bool_, subok=False)
    # block by block, in the order of memory: an array may be larger than half the memory
    flags: Any = ["external_loop", "buffered", "zerosize_ok"]
    modes: Any = [["readonly"], ["readonly" if small else "writeonly"]]
    with np.nditer([array, masks], flags, modes, buffersize=_AT_ONCE) as blocks:
        for block, truth in blocks:
            if not small:
                np.equal(block, 1, out=truth)
            if ((block != 0) & (block != 1)).any():
                return None
    return masks


def _other_value(array: NDArray[Any]) -> str:
    """The first number that is neither 0 nor 1, and where it is; or that there is only 255."""
    import numpy as np

    rows = np.atleast_1d(array)
    of_pictures = array.dtype == np.uint8
    if of_pictures and all(((row == 0) | (row == 255)).all() for row in rows):
        return "0 and 255"
    for at, row in enumerate(rows):
        other = (row != 0) & (row != 1)
        if other.any():
            inner = np.unravel_index(int(other.argmax()), other.shape)
            value, place = row[inner], ", ".join(map(str, (at, *inner)))
            return f"{value!s} at [{place}]" if array.ndim else str(value)
    raise AssertionError("all are 0 or 1")


def as_sparse(value: Any, what: str) -> Any:
    """A copy as a compressed sparse array of two axes.

    Raises:
        DataError: it makes none.
    """
    import scipy.sparse

    plain = value if hasattr(value, "tocsr") else as_array(value, what)
    try:
        found = scipy.sparse.csr_array(plain, copy=True)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what} cannot be read as a sparse matrix ({quoted(str(error))}); give one of scipy's"
        ) from error
    if found.ndim != 2 or found.dtype.kind not in "buif":
        raise DataError(
            f"{what} has {found.ndim} axes and dtype {found.dtype}; give two axes of numbers"
        )
    return found


def _on_cpu(value: Any) -> Any:
    """Tensors as NumPy can read them, also those in a list."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return value.detach().cpu()
    return [_on_cpu(part) for part in value] if isinstance(value, list | tuple) else value


def names_of(given: Any, what: str) -> tuple[str, ...]:
    """Names: texts that are not blank.

    Raises:
        DataError: one is no text, or blank, or there is no sequence of them.
    """
    # a single text would pass as a list of its letters
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise DataError(f"{what} are {quoted(given)}; give a list of texts")
    names = tuple(given)
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or has_halves(name):
            raise DataError(
                f"number {i} of the {what} is {quoted(name)}; give each a text that is not blank"
                f"{' and can be written in UTF-8' if isinstance(name, str) and name else ''}"
            )
    return names


def whole_number(value: Any, name: str, least: int | None = None) -> int:
    """A whole number.

    Raises:
        OptionError: it is none, or below the least one.
    """
    # True is a whole number to Python; kernels count in 64 bits
    if isinstance(value, bool) or not isinstance(value, Integral) or abs(int(value)) >= 2**63:
        raise OptionError(f"{name} is {quoted(value)}; give a whole number")
    if least is not None and int(value) < least:
        raise OptionError(f"{name} is {quoted(value)}; give {least} or more")
    return int(value)


def number(value: Any, name: str) -> float:
    """A number.

    Raises:
        OptionError: it is none.
    """
    is_number = not isinstance(value, bool) and isinstance(value, Real)
    if not is_number or (isinstance(value, Integral) and abs(int(value)) >= 2**63):
        raise OptionError(f"{name} is {quoted(value)}; give a number")
    return float(value)


def flag(value: Any, name: str) -> bool:
    """True or false, of NumPy too.

    Raises:
        OptionError: it is neither; a text such as ``"no"`` would count as true.
    """
    numpy = sys.modules.get("numpy")  # where it is not loaded, nobody has a value of its own
    if isinstance(value, bool) or (numpy is not None and isinstance(value, numpy.bool_)):
        return bool(value)
    raise OptionError(f"{name} is {quoted(value)}; give True or False")


def plain(value: Any) -> Any:
    """A number, of NumPy for instance, as one of Python's own; all else as it is."""
    if isinstance(value, bool) or type(value) in (int, float):
        return value
    try:
        if isinstance(value, Integral):
            return int(value)
        return float(value) if isinstance(value, Real) else value
    except OverflowError:  # of a fraction beyond every float, which checks of its range refuse
        return value


def make_plain(record: object, *names: str) -> None:
    """Put plain numbers into these fields of a frozen record, while it is made."""
    for name in names:
        put(record, name, plain(getattr(record, name)))


def put(record: object, name: str, value: object) -> None:
    """Put what a value means into a field of a frozen record, while it is made."""
    object.__setattr__(record, name, value)


def is_one_of(value: Any, choices: Sequence[str]) -> bool:
    """Whether a value is one of these texts; an array is none, whatever it compares to."""
    return isinstance(value, str) and value in choices


def as_path(value: Any, what: str) -> Path:
    """A path.

    Raises:
        OptionError: no file can be called so.
    """
    text = str(value) if isinstance(value, str | Path) else "\0"
    # systems count a name's bytes, and names that are not UTF-8 must be counted too
    parts = (part.encode(errors="surrogatepass") for part in Path(text).parts)
    if "\0" in text or len(text) > _LONGEST_PATH or max(map(len, parts), default=0) > _LONGEST_NAME:
        raise OptionError(f"{what} is {quoted(value)}; give a path")
    return Path(value)


def users_path(value: Any, what: str) -> Path:
    """A path that a user wrote: ``~`` is their home, and ``~NAME`` of nobody stays as it is.

    Raises:
        OptionError: no file can be called so.
    """
    path = as_path(value, what)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def has_halves(text: str) -> bool:
    """Whether a text holds halves of characters, which no file in UTF-8 can.

    JSON can spell them, and names of files that are not UTF-8 become such.
    """
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def several(value: Any, name: str) -> Sequence[Any]:
    """A sequence of values; a single text is one of one.

    Raises:
        OptionError: it is neither.
    """
    # a text is a sequence of letters, which nobody means
    if isinstance(value, str):
        return (value,)
    try:
        return tuple(value)
    except Exception as error:  # of whatever an object's own iteration raises
        raise OptionError(f"{name} is {quoted(value)}; give a list") from error


def texts(value: Any, name: str) -> tuple[str, ...]:
    """Several texts, or one.

    Raises:
        OptionError: there is something else among them.
    """
    parts = several(value, name)
    for part in parts:
        if not isinstance(part, str):
            raise OptionError(f"{name} has {quoted(part)} in it; give texts")
    return tuple(parts)
