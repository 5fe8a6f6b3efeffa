"""Python files that a user names: import one, and let its functions neither end us nor talk.

Importing a file runs its code, so whoever calls this has made sure that the user wants it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import IO, Any, cast

from andornot.errors import AndornotError


def import_file(file: Path, purpose: str, error: type[AndornotError]) -> ModuleType:
    """Import a Python file as it is now, and what lies beside it anew where that has changed.

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
    _forget_changed(file.resolve().parent)
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

    digest = ""
    """Of the text that was run; empty before."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        """Compile the file as it is now."""
        text = self.get_data(self.path)
        self.digest = hashlib.sha256(text).hexdigest()
        compiled: CodeType = self.source_to_code(text, self.path)
        return compiled


_NOTHING = ModuleType("nothing")


class _Beside:
    """Finds the modules of a directory, and runs them as they are written."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002  importlib gives it
    ) -> ModuleSpec | None:
        """What to load; None of what lies elsewhere, such as in an environment below it."""
        spec = PathFinder.find_spec(name, [str(self.directory)] if path is None else path)
        if spec is None or spec.origin is None:
            return None
        if Path(spec.origin) not in _places(self.directory, name):
            return None
        spec.loader = _AsWritten(name, spec.origin)
        return spec


def _places(directory: Path, name: str) -> tuple[Path, Path]:
    """Where the text of a module of a directory can stand."""
    place = directory.joinpath(*name.split("."))
    return place.with_name(f"{place.name}.py"), place / "__init__.py"


def _forget_changed(directory: Path) -> None:
    """Let modules of a directory be imported anew if one of those that we loaded has changed.

    All of them: one may hold what another one gave it.
    """
    ours = {}
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if isinstance(loader, _AsWritten) and Path(loader.path).is_relative_to(directory):
            ours[name] = loader
    if any(_digest(Path(loader.path)) != loader.digest for loader in ours.values()):
        for name in ours:
            del sys.modules[name]
            package, _, own = name.rpartition(".")
            # a package without a file of its own stays, and must not hand out the old one
            vars(sys.modules.get(package, _NOTHING)).pop(own, None)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def digest_with_beside(file: Path) -> str:
    """A digest of a Python file, and of all modules in its directory that it imports.

    They are found by reading, so it is no matter what is loaded already, and what a function
    imports when it is called counts too. What the code reads, such as weights, does not.
    """
    files = _with_beside(file.resolve())
    told = (f"{path.relative_to(file.resolve().parent)} {_digest(path)}" for path in sorted(files))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _with_beside(file: Path) -> set[Path]:
    found, left = {file}, [file]
    while left:
        for near in _imported(left.pop(), file.parent):
            if near not in found:
                found.add(near)
                left.append(near)
    return found


def _imported(file: Path, directory: Path) -> Iterator[Path]:
    """The files of a directory that one of them imports."""
    package = file.relative_to(directory).parent.parts
    try:
        statements = list(ast.walk(ast.parse(file.read_bytes())))
    except SyntaxError:  # whether anybody runs it is not known
        return
    for statement in statements:
        for name in _names_in(statement, package):
            parts = name.split(".")
            for n in range(1, len(parts) + 1):
                places = _places(directory, ".".join(parts[:n]))
                yield from (place for place in places if place.is_file())


def _names_in(statement: ast.AST, package: Sequence[str]) -> Iterator[str]:
    """The modules that a statement of a module in a package may import."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        above = package[: len(package) - statement.level + 1] if statement.level else ()
        stem = ".".join([*above, *filter(None, [statement.module])])
        # what is imported may itself be a module
        yield from (f"{stem}.{alias.name}" if stem else alias.name for alias in statement.names)


def text_around(found: Any) -> str:
    """The text of the file that has a function or an object's class; empty where there is none."""
    try:
        file = inspect.getsourcefile(found if inspect.isfunction(found) else type(found))
        return "" if file is None else Path(file).read_text(encoding="utf-8")
    except (TypeError, OSError, UnicodeError):
        return ""


def loaded(load: Callable[[], Any], who: str, error: type[AndornotError]) -> Any:
    """What code of a user gives, or a sentence.

    Args:
        load: runs the code.
        who: whose it is, to begin a sentence with.
        error: what to raise.

    Raises:
        AndornotError: of the sort given: the code fails, or ends the program.
    """
    try:
        with outliving(f"{who[:1].upper()}{who[1:]}", "while it was loaded", error):
            return load()
    except AndornotError:
        raise
    except Exception as fault:  # it is the user's, and may raise anything
        reason = " ".join(str(fault).split())
        raise error(
            f"{who} cannot be loaded ({type(fault).__name__}: {reason}); mend it, or leave it out"
        ) from fault


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
    beside = _Beside(directory)
    # behind those of modules that are built in, as the path is
    place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
    sys.meta_path.insert(place, beside)
    try:
        yield
    finally:
        if beside in sys.meta_path:
            sys.meta_path.remove(beside)
        # the file may have taken it out itself
        if str(directory) in sys.path:
            sys.path.remove(str(directory))
