"""A network from a function in a Python file. This imports the file, so it runs its code."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import IO, Any, cast

from torch import nn

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
    name = f"_andornot_model_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_AsWritten(name, str(file)))
    if file.suffix != ".py" or spec is None or spec.loader is None:
        raise ModelError(f"The model file {file} cannot be imported: it must be a Python file.")
    python = importlib.util.module_from_spec(spec)
    with _importable(file.resolve().parent):
        sys.modules[name] = python  # dataclasses and pickle look modules up there
        with _outliving(file, "while it was imported"), _quiet_exit():
            spec.loader.exec_module(python)
        factory = getattr(python, function, None)
        if callable(factory):
            with _outliving(file, f"in {function}"):
                return factory()
    raise ModelError(f"The model file {file} has no function {function!r}: check the name.")


class _AsWritten(SourceFileLoader):
    """Runs what a file says, and never what lies compiled beside it.

    That could be other code: whoever sends a file can send its ``__pycache__`` too. Nor does it
    notice an edit of the same size in the same second.
    """

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        """Compile the file as it is now."""
        compiled: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return compiled


@contextmanager
def _outliving(file: Path, when: str) -> Iterator[None]:
    """Do not let a file of the user's end the program."""
    try:
        yield
    except SystemExit as error:
        said = f": {error.code}" if isinstance(error.code, str) else ""
        raise ModelError(
            f"The file {file} ended the program (SystemExit{said}) {when}: put what a script does, "
            'such as reading arguments, behind if __name__ == "__main__".'
        ) from error


@contextmanager
def _quiet_exit() -> Iterator[None]:
    """Keep what goes to standard error back, and for good if a script ends the program."""
    held = _Held(sys.stderr)
    try:
        with redirect_stderr(cast("IO[str]", held)):
            yield
    except SystemExit:
        held.text.clear()  # the usage of a script that was not called
        raise
    finally:
        held.release()


class _Held:
    """Standard error that waits; to whoever keeps it, it is the real one afterwards."""

    def __init__(self, stream: IO[str]) -> None:
        self.text: list[str] = []
        self._stream = stream
        self._waits = True

    def write(self, text: str) -> int:
        if not self._waits:
            return self._stream.write(text)
        self.text.append(text)
        return len(text)

    def release(self) -> None:
        self._waits = False
        if self.text:
            self._stream.write("".join(self.text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """Let imports find a directory, as if a script in it were run."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        # the file may have taken it out itself
        if str(directory) in sys.path:
            sys.path.remove(str(directory))


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
