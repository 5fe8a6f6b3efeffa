"""Where the paper's data and networks lie: where ``andornot data get`` puts them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from andornot._tools.commands import command
from andornot._tools.looks import check_file
from andornot._tools.numerals import whole
from andornot.downloads.catalogue import find
from andornot.errors import DataError

FOLDER = Path("data")
"""Where ``andornot data get`` puts things if it is not told otherwise."""

NETWORK = "torchvision:resnet18"

_VECTORS = "glove.6B.300d.txt"
_INDEX = "index_ade20k.csv"


def broden(folder: Path) -> Path:
    """Broden as ``andornot data get broden224`` leaves it."""
    return folder / find("broden224").folder


def broden_index(path: Path) -> Path:
    """The published code's index of a Broden folder, where it is there; else the folder."""
    index = path / _INDEX
    return index if index.is_file() else path


def places_weights(folder: Path) -> Path:
    """The weights of the paper's network, as ``andornot data get places-resnet18`` leaves them."""
    return folder / find("places-resnet18").file


def snli(folder: Path) -> Path:
    """SNLI as ``andornot data get snli`` leaves it."""
    return folder / find("snli").folder


def word_vectors(folder: Path) -> Path:
    """Word vectors as ``andornot data get glove6b`` leaves them."""
    return folder / find("glove6b").folder / _VECTORS


def nli_network(folder: Path) -> Path:
    """The classifier of the paper's authors, as ``andornot data get mu2020-nli`` leaves it."""
    return folder / find("mu2020-nli").file


def places_classes(folder: Path) -> Path:
    """Names of the Places365 classes, as ``andornot data get places-classes`` leaves them."""
    return folder / find("places-classes").file


_PLACES = {
    "broden224": broden,
    "places-resnet18": places_weights,
    "places-classes": places_classes,
    "snli": snli,
    "glove6b": word_vectors,
    "mu2020-nli": nli_network,
}
"""Where each item of the catalogue is looked for."""


def check(
    folder: Path, needed: Mapping[str, bool], options: str, besides: Sequence[str] = ()
) -> None:
    """Refuse to start where something that is looked for in ``folder`` is not there.

    Args:
        folder: where ``andornot data get`` put things.
        needed: by its name in the catalogue, whether each item is looked for there.
        options: what to give instead.
        besides: items that are no reason to stop, but worth getting with the rest.

    Raises:
        DataError: something is missing; the message has the commands that get it.
    """
    wanted = [name for name, is_needed in needed.items() if is_needed]
    if not _missing(folder, wanted):
        return
    names = _missing(folder, [*wanted, *besides])
    commands = " && ".join(command("data", "get", name, "--to", folder) for name in names)
    raise DataError(
        f"the paper's data and network are not all there; run {commands} and start again, or say "
        f"with {options} what to take instead"
    )


def _missing(folder: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if not _PLACES[name](folder).exists()]


def read_classes(path: Path) -> tuple[str, ...]:
    """Names of classes, a line each, as published for Places365 (``/a/attic 21``) or plain.

    A number at the end of a line is that of the class only if every line has one; otherwise it
    belongs to the name (``room 101``).

    Raises:
        DataError: the file cannot be read, or is no list of names in the order of their numbers.
    """
    check_file(path)
    try:
        # spreadsheets and some editors begin a file with a mark, which is no part of a name
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); give the names of classes") from error
    lines = [line for line in lines if line]
    if not lines:
        raise DataError(f"{path} names no class; give a line for each")
    parts = [line.rpartition(" ") for line in lines]
    if all(name and whole(given) is not None for name, _, given in parts):
        for number, (name, _, given) in enumerate(parts):
            if whole(given) != number:
                raise DataError(
                    f"{path}, line {number + 1}: the class {name!r} has the number {given}, not "
                    f"{number}; give all classes in the order of their numbers, from 0 on"
                )
        lines = [name.strip() for name, _, _ in parts]
    return tuple(re.sub(r"^/\w/", "", line) for line in lines)
