"""Python files that a user names: import one, and let its functions neither end us nor talk.

Importing a file runs its code, so whoever calls this has made sure that the user wants it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import IO, Any, cast

from andornot.errors import AndornotError


def import_file(file: Path, purpose: str, error: type[AndornotError]) -> ModuleType:
    """Import a Python file as it is now.

    Args:
        file: the file; call this within :func:`importable`, so that it finds modules beside it.
        purpose: what it is for, such as ``model``; part of the module's name and of messages.
        error: what to raise.

    Raises:
        AndornotError: of the sort given: it is no Python file, or ends the program.
    """
    name = f"_andornot_{purpose}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_AsWritten(name, str(file)))
    if file.suffix != ".py" or spec is None or spec.loader is None:
        raise error(f"The {purpose} file {file} cannot be imported: it must be a Python file.")
    python = importlib.util.module_from_spec(spec)
    sys.modules[name] = python  # dataclasses and pickle look modules up there
    with outliving(f"The file {file}", "while it was imported", error), _quiet_exit():
        spec.loader.exec_module(python)
    return python


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
def outliving(who: str, when: str, error: type[AndornotError]) -> Iterator[None]:
    """Do not let code of the user's end the program.

    Args:
        who: whose code, at the beginning of a sentence.
        when: when it runs.
        error: what to raise.
    """
    try:
        yield
    except SystemExit as end:
        said = f": {end.code}" if isinstance(end.code, str) else ""
        raise error(
            f"{who} ended the program (SystemExit{said}) {when}: put what a script does, "
            'such as reading arguments, behind if __name__ == "__main__".'
        ) from end


@contextmanager
def others_code(what: str, error: type[AndornotError]) -> Iterator[None]:
    """Make one sentence of whatever code of somebody else raises; the cause is kept.

    Args:
        what: what it was asked for and by whom, at the beginning of a sentence.
        error: what to raise.
    """
    try:
        with outliving(what, "on its way", error):
            yield
    # errors of ours are sentences already, and no memory left is nobody's fault
    except (AndornotError, MemoryError):
        raise
    except Exception as failed:
        reason = " ".join(str(failed).split())
        raise error(
            f"{what} failed with {type(failed).__name__}{reason and f': {reason}'}; mend what it "
            "was given, or mend or update the package that brings it"
        ) from failed


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
def importable(directory: Path) -> Iterator[None]:
    """Let imports find a directory, as if a script in it were run."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        # the file may have taken it out itself
        if str(directory) in sys.path:
            sys.path.remove(str(directory))
