"""A network from a function in a Python file. This imports the file, so it runs its code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from andornot._tools.user_code import import_file, importable, outliving
from andornot.errors import AndornotError, ModelError
from andornot.models.built import Built
from andornot.models.from_torchvision import with_operators
from andornot.models.preprocess import Preprocessing
from andornot.models.weights import load_file

EXTRAS = ("preprocessing", "class_names")


class NoNetworkError(ModelError):
    """A function returned something else than a network for images."""

    def __init__(self, message: str, returned: Any = None) -> None:
        super().__init__(message)
        self.returned = returned


def build(file: Path, function: str, weights: str | Path | None) -> Built:
    """Call a function without arguments that returns a network.

    Args:
        file: a Python file; modules beside it can be imported by it.
        function: name of the function. It returns a ``torch.nn.Module``, or that and a
            dictionary with ``preprocessing`` (a ``Preprocessing``, its dictionary or the name
            of a preset) and ``class_names`` (a list), both optional.
        weights: a file to load into the network, None if the function sees to that.

    Raises:
        ModelError: the file or function is missing, fails or returns something else.
    """
    result = call_function(file, function)
    module, extras = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
    if not isinstance(module, nn.Module) or not isinstance(extras, Mapping):
        raise NoNetworkError(
            f"The function {function} in {file} returned {type(result).__name__}, but must return "
            "a torch.nn.Module, or a tuple of that and a dictionary.",
            result,
        )
    unknown = [key for key in extras if key not in EXTRAS]
    if unknown:
        raise ModelError(
            f"The function {function} in {file} returned the key {unknown[0]!r}, but the "
            f"dictionary may only hold {' and '.join(EXTRAS)}: leave it out."
        )
    told = () if weights is None else load_file(module, weights)
    names = extras.get("class_names")
    untold = (
        f"no weights were given, so the network is as {function} builds it: with random weights, "
        "unless it loads some itself"
    )
    return Built(
        module,
        _preprocessing(extras.get("preprocessing"), function, file),
        None if names is None else tuple(str(name) for name in names),
        notes=(untold,) if weights is None else told,
        source=file.read_bytes(),
    )


def call_function(file: Path, function: str) -> Any:
    """Import a file and call one of its functions.

    Raises:
        ModelError: the file or the function is missing, fails, or ends the program.
    """
    if not file.is_file():
        raise ModelError(f"The model file {file} does not exist: check the path.")
    try:
        return with_operators(lambda: _import_and_call(file, function))
    except AndornotError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"The function {function} in {file} failed with {type(error).__name__}: {reason}"
        ) from error


def _import_and_call(file: Path, function: str) -> Any:
    with importable(file.resolve().parent):
        factory = getattr(import_file(file, "model", ModelError), function, None)
        if callable(factory):
            with outliving(f"The file {file}", f"in {function}", ModelError):
                return factory()
    raise ModelError(f"The model file {file} has no function {function!r}: check the name.")


def _preprocessing(value: Any, function: str, file: Path) -> Preprocessing | None:
    """Accept a preprocessing in any of its forms."""
    try:
        if value is None or isinstance(value, Preprocessing):
            return value
        return (
            Preprocessing.preset(value)
            if isinstance(value, str)
            else Preprocessing.from_dict(value)
        )
    except (AndornotError, TypeError) as error:
        raise ModelError(
            f"The preprocessing that {function} in {file} returned cannot be used: {error}"
        ) from error
