"""Directions of a layer as its units: class weights, a probe, principal components, steering."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import as_array, users_path
from andornot._tools.extras import install
from andornot._tools.files import split_part
from andornot._tools.looks import NPY, NPZ, SAFETENSORS, amiss, check_file, looks_like
from andornot.counting.directions import along
from andornot.errors import DataError, OptionError, quoted
from andornot.specs import absolute

_ARRAY = "the array directions"
"""What messages call directions that come from no file."""
_NAMED = 3
"""Arrays of a file that a message names."""


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions in the space of a layer's units, each of which is explained like a unit.

    Attributes:
        weights: float64 ``(units, directions)``, finite.
        source: the file, or ``FILE#PART``, as it can be read from any directory; None of an array.
    """

    weights: NDArray[np.float64]
    source: str | None = None

    @classmethod
    def given(cls, value: object) -> Directions:
        """What a user hands over: an array ``(units, directions)``, or the name of a file.

        Raises:
            AndornotError: it makes no directions.
        """
        if isinstance(value, Directions):
            return value
        if isinstance(value, str | Path):
            return read_directions(value)
        return cls(_checked(as_array(value, "directions"), _ARRAY))

    @cached_property
    def digest(self) -> str:
        """What tells these directions from others: part of the keys of what they shape."""
        shape = repr(self.weights.shape).encode()
        return hashlib.sha256(shape + self.weights.astype("<f8").tobytes()).hexdigest()

    def of(self, values: NDArray[np.floating], layer: str) -> NDArray[np.float32]:
        """Values along the directions, ``(rows, directions, height, width)``.

        Args:
            values: what a layer gave, ``(rows, units, height, width)``.
            layer: its name, for the message.

        Raises:
            DataError: the layer has another number of units.
        """
        (units, count), found = self.weights.shape, values.shape[1]
        if units != found:
            turned = "transpose it" if count == found else "give those of this layer"
            raise DataError(
                f"{self.source or _ARRAY} holds directions of {units:,} units (it is "
                f"{units} x {count}), but {layer} has {found:,} units, a row for each of which is "
                f"needed; {turned}"
            )
        return along(values, self.weights)

    def facts(self) -> dict[str, Any]:
        """What the manifest says of them."""
        return {"file": self.source, "digest": self.digest, "shape": list(self.weights.shape)}

    def sentence(self, layer: str) -> str:
        """What a reader of the results should know."""
        units, count = self.weights.shape
        named = "unit 0 is a direction" if count == 1 else f"units 0 to {count - 1} are directions"
        source = f" ({Path(self.source).name})" if self.source else ""
        return (
            f"{named}{source} over the {units:,} units of {layer}, not units of its own; a "
            "direction turned round is another one, since what counts is where values are highest"
        )


def read_directions(named: str | Path) -> Directions:
    """Read directions from ``FILE`` or ``FILE#PART``; no code in it ever runs.

    Args:
        named: a ``.npy``, ``.npz`` or ``.safetensors`` file; of the last two, if they hold
            several arrays, the name of one behind ``#``.

    Raises:
        DataError: there is no such file or array, or it makes no directions.
    """
    path, part = split_part(users_path(named, "directions"))
    check_file(path, DataError)
    if not path.is_file():
        raise DataError(f"there is no file {path} of directions; check the path")
    source = f"{path}#{part}" if part else str(path)
    return Directions(_checked(_read(path, part), source), absolute(source))


def _read(path: Path, part: str) -> NDArray[Any]:
    kind = looks_like(path)
    if kind == NPY and part:
        raise DataError(f"{path} is one array and has no part {quoted(part)}; leave #{part} out")
    try:
        if kind == NPY:
            return _array(path)
        if kind == NPZ or (path.suffix == ".npz" and kind.endswith("archive")):
            return _of_several(path, part)
        if kind == SAFETENSORS:
            return _tensor(path, part)
    except DataError:
        raise
    except Exception as error:  # NumPy, zipfile and safetensors raise almost anything
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path} holds Python objects, which could run any code and are never read; save "
                "an array of numbers with np.save"
            ) from error
        raise DataError(
            f"{path} cannot be read as directions ({type(error).__name__}): "
            f"{amiss(path, NPY, NPZ, SAFETENSORS)}"
        ) from error
    raise DataError(f"{path} holds no directions: {amiss(path, NPY, NPZ, SAFETENSORS)}")


def _array(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        found: NDArray[Any] = np.load(file, allow_pickle=False)
    return found


def _of_several(path: Path, part: str) -> NDArray[Any]:
    # opened here, since np.load forgets to close a file that it finds damaged
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        name = _chosen(path, part, arrays.files)
        found: NDArray[Any] = np.asarray(arrays[name])
    if found.dtype.kind == "S":  # of a member that is no array NumPy gives the bytes
        raise DataError(f"{path} holds no array under {quoted(name)}; save it with np.savez")
    return found


def _tensor(path: Path, part: str) -> NDArray[Any]:
    try:
        from safetensors import safe_open
    except ModuleNotFoundError as error:
        raise DataError(f"reading {path} needs safetensors: run {install('torch')}") from error
    with safe_open(path, framework="pt") as file:
        tensor = file.get_tensor(_chosen(path, part, list(file.keys())))
    # NumPy has no bfloat16
    found: NDArray[Any] = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    return found


def _chosen(path: Path, part: str, names: Sequence[str]) -> str:
    """The array to take: the only one, or that of the name.

    Raises:
        DataError: there is none, or none of this name, or several and no name.
    """
    if part in names or (len(names) == 1 and not part):
        return part or names[0]
    if not names:
        raise DataError(f"{path} holds no array; save one of units x directions in it")
    shown = ", ".join(map(quoted, names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")
    what = f"no array {quoted(part)}, but" if part else f"{len(names)} arrays,"
    raise DataError(f"{path} holds {what} {shown}; say which, as in {path}#{names[0]}")


def _checked(array: NDArray[Any], where: str) -> NDArray[np.float64]:
    """Directions as they are used, in an array of their own.

    Raises:
        DataError: they are none.
    """
    kinds = {"c": "complex numbers", "O": "Python objects"}
    if array.dtype.kind not in "fiu":
        what = kinds.get(array.dtype.kind, f"values of dtype {array.dtype}")
        raise DataError(f"{where} holds {what}; give real numbers, units x directions")
    if array.ndim != 2 or not array.size:
        raise DataError(
            f"{where} has the shape {array.shape}; give an array with a row for each unit of the "
            "layer and a column for each direction, such as w[:, None] for a single one"
        )
    with np.errstate(over="ignore"):  # of numbers beyond float64, told below
        weights = np.array(array, np.float64, order="C")
    if not (finite := np.isfinite(weights)).all():
        unit, direction = np.argwhere(~finite)[0]
        raise DataError(
            f"{where} holds {weights[unit, direction]} for unit {unit} in direction {direction}; "
            "give finite numbers"
        )
    return weights


def check_one_layer(layers: Sequence[str]) -> None:
    """Refuse directions for several layers: each has units of its own.

    Raises:
        OptionError: there are several.
    """
    if len(layers) > 1:
        raise OptionError(
            f"directions are over the units of one layer, and {len(layers)} are named "
            f"({', '.join(layers)}); explain each in a run of its own"
        )
