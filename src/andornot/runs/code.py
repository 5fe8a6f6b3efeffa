"""Code that opening a run again would run: find it, ask whether it may, remember the answer.

A run that someone else made says which network it was made with, and that may be a Python file, or
a model of spaCy; neither is data. It runs only if the user says so: for one command, or, with what
:func:`remember` keeps in the user's own directory of settings, for this very code and network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andornot._tools.files import write_whole
from andornot.data.registry import data_kind, modality_named
from andornot.errors import ModelError, OptionError, RunError
from andornot.runs.run import Run
from andornot.specs import python_function

_ALLOWED = "allowed-code"
"""Folder in the user's settings; a file in it for each permission, to be deleted by hand."""


@dataclass(frozen=True)
class Code:
    """Something that runs code when a run is opened again.

    Attributes:
        what: what it is, such as ``Python file``.
        name: its whole path, or the name of what is installed.
    """

    what: str
    name: str

    def key(self, run: Run) -> str:
        """A digest of where it lies, of all that lies there, and of the run's network."""
        # leave is given for this code with this network: other weights are asked about again
        network = run.record.model.fingerprint
        parts = [self.what, self.name, _content(Path(self.name)), network]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def network_code(run: Run) -> Code | None:
    """The Python file that makes a run's network; None if there is none, or it is not there."""
    spec = run.record.model.spec
    python = None if spec.startswith("hf:") else python_function(spec)
    if python is None or not python[0].is_file():
        return None
    return Code("Python file", str(python[0].resolve()))


def data_code(run: Run) -> Code | None:
    """What opening a run's samples would run; None if nothing.

    Raises:
        OptionError: the text that names the samples has an option that there is not.
    """
    kind = data_kind(run.record.data.kind)
    if kind is None:
        return None
    # by the kind, which is what gets opened; the level may be anything in a run from a stranger
    modality = modality_named(kind.modality)
    code: Code | None = modality.find(modality.code)(run) if modality.code else None
    return code


def tagger_code(run: Run) -> Code | None:
    """The spaCy model that tags a run's sentences; None if there is none, or the usual one.

    Raises:
        OptionError: the text that names the sentences has an option that there is not.
    """
    from andornot.data.sentences.open import split_options

    return _tagger_code(run, split_options)


def single_tagger_code(run: Run) -> Code | None:
    """The same of a run on single sentences."""
    from andornot.data.sentences.open_single import split_single

    return _tagger_code(run, split_single)


def _tagger_code(
    run: Run, split_options: Callable[[str], tuple[str, dict[str, Any]]]
) -> Code | None:
    from andornot.data.sentences.tagging import DEFAULT_TAGGER

    noted = run.record.data
    source = noted.source or {}
    written = split_options(str(source.get("spec", f"{noted.kind}:{noted.path}")))[1]
    tagger = written.get("tagger", source.get("tagger"))
    if tagger is None or tagger == DEFAULT_TAGGER:
        return None
    folder = Path(str(tagger))
    return Code("spaCy model", str(folder.resolve()) if folder.exists() else str(tagger))


def check_allowed(run: Run, code: Code | None) -> None:
    """Refuse to run code that nobody has allowed.

    Raises:
        ModelError: it is code, and neither this command nor an earlier one has allowed it.
    """
    if code is None or run.trust_code or _is_remembered(run, code):
        return
    raise ModelError(
        f"{run.path} asks to run the {code.what} {code.name}, which nobody has looked at here; "
        "read it, and if you trust it add --trust-code, once for this code and this network (in "
        "Python: Run.open(path, trust_code=True)), or name network or data yourself"
    )


def remember(run: Run) -> None:
    """Keep in mind that the user allows what a run asks to run; where that cannot be, do not."""
    for code_of in (network_code, data_code):
        # a permission that cannot be kept costs its user the same question again, and no more
        with suppress(OSError, OptionError, RunError):
            code = code_of(run)
            if code is not None:
                _keep(_permission(run, code), f"{code.what} {code.name}\n")


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def _is_remembered(run: Run, code: Code) -> bool:
    with suppress(OSError, OptionError):
        return _permission(run, code).is_file()
    return False


def _permission(run: Run, code: Code) -> Path:
    """Where a permission is kept.

    Raises:
        OptionError: the user has no directory for settings.
        OSError: the code cannot be read.
    """
    import click

    settings = Path(click.get_app_dir("andornot"))
    if not settings.is_absolute():  # no home: a path from here could be anybody's
        raise OptionError("there is no directory for settings; set HOME")
    return settings / _ALLOWED / code.key(run)


def _content(path: Path) -> str:
    """A digest of a file, or of all files in a folder; empty of what is neither."""
    # no faster digest here: whoever makes two files of one digest could have code run
    digest = hashlib.sha256()
    for file in _files(path):
        name = file.relative_to(path).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
