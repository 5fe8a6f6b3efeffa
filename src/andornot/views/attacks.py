"""What ``andornot attack`` found, for the classes that it was about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from andornot._tools.commands import command
from andornot._tools.folders import verify
from andornot.data.images.files import opened
from andornot.edits.attack_files import FILE, run_key
from andornot.errors import DataError
from andornot.runs.run import Run
from andornot.views.plain import View

T = TypeVar("T")


@dataclass(frozen=True)
class Rate(View):
    """A share of samples, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Flip(View):
    """An edit that was tested: how often it, and its controls, lead to the target.

    ``alike`` is how many others that were tried do the same to a reader.
    """

    edit: str
    n_samples: int
    rate: Rate
    controls: Rate
    alike: int = 0


@dataclass(frozen=True)
class SheetView(View):
    """A picture of samples before and after an edit, in a file of the attack."""

    file: Path

    @property
    def image(self) -> Image.Image:
        """The picture, RGB; read when it is asked for.

        Raises:
            DataError: it is damaged.
        """
        with opened(_whole(self.file)) as picture:
            return picture.convert("RGB")


@dataclass(frozen=True)
class AttackView(View):
    """An attack.

    Attributes:
        source: the class to lead away from.
        target: the class to lead to.
        sentences: what was found, and what it cannot tell.
        flips: the edits that were tested.
        sheets: pictures of samples before and after.
        examples: the same for sentences, as text.
    """

    source: str
    target: str
    sentences: tuple[str, ...]
    flips: tuple[Flip, ...]
    sheets: tuple[SheetView, ...]
    examples: str


def check_attacks(folders: Iterable[str | Path], run: Run) -> None:
    """Refuse folders without an attack on a run, before any work is done.

    Raises:
        DataError: ``andornot attack --out`` wrote none into one of them, or one on another run.
    """
    keys = {run_key(run, layer) for layer in run.layers}
    for folder in map(Path, folders):
        if not (folder / FILE).is_file():
            raise DataError(
                f"{folder} holds no {FILE}; give a folder that andornot attack --out wrote"
            )
        if _read(folder, lambda found: found["run"]) not in keys:
            raise DataError(
                f"{folder} holds an attack on another run than {run.path}, or on an earlier state "
                f"of it; make it again with {command('attack', run.path)}"
            )


def attack_view(folder: str | Path) -> AttackView:
    """What an attack found.

    Args:
        folder: what ``andornot attack --out`` wrote.

    Raises:
        DataError: it holds no attack, or a damaged one.
    """
    folder = Path(folder)
    text = folder / "sentences.txt"
    return _read(
        folder,
        lambda found: AttackView(
            source=str(found["source"]),
            target=str(found["target"]),
            sentences=tuple(map(str, found["sentences"])),
            flips=tuple(_flip(row) for row in found["tables"]["edits"]),
            # by length first, so that edit-10 comes after edit-9
            sheets=tuple(
                SheetView(file)
                for file in sorted(folder.glob("edit-*.png"), key=lambda f: (len(f.name), f.name))
            ),
            examples=_whole(text).read_text(encoding="utf-8") if text.exists() else "",
        ),
    )


def _read(folder: Path, take: Callable[[dict[str, Any]], T]) -> T:
    """Something of what an attack wrote.

    Raises:
        DataError: it is damaged.
    """
    try:
        return take(json.loads(_whole(folder / FILE).read_text(encoding="utf-8")))
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{folder} holds no attack that can be read ({error}); give a folder that andornot "
            "attack --out wrote"
        ) from error


def _whole(file: Path) -> Path:
    """A file of an attack, as it was written.

    Raises:
        DataError: it is not.
    """
    try:
        verify(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is damaged ({error}); make the attack again") from error
    return file


def _flip(row: dict[str, Any]) -> Flip:
    def rate(name: str) -> Rate:
        return Rate(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))

    alike = int(row.get("alike", 0))  # older attacks do not say
    return Flip(str(row["edit"]), int(row["n"]), rate("flip_rate"), rate("control_rate"), alike)
