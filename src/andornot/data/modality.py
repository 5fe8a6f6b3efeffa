"""What a modality is: all that differs between images, sentences and whatever else has positions.

Everything else (counting, search, trust, analyses, pages) knows samples, positions and a concept
table. Where it needs a word, a reader or a picture, it asks the modality for it. What lies in a
room above this one is named by text and imported on use, so a record costs nothing to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from andornot._tools.checks import whole_number
from andornot._tools.lazy import resolve
from andornot._tools.words import count
from andornot.errors import AndornotError, OptionError, RunError, quoted

Sort = Literal[
    "text", "text or nothing", "texts or nothing", "texts by name or nothing", "count",
    "count or nothing", "number", "flag", "flag or text",
]  # fmt: skip
"""What an argument that opens data again may be; whoever reads a manifest checks it."""

_TEXTS: Final = (
    "name", "sample", "opener", "probe", "command", "seen", "network", "answers", "code",
    "recognise", "check", "gallery", "terminal", "notebook", "pages",
    "template", "cells",
)  # fmt: skip
"""Fields of a modality that are texts; those of :data:`_NEEDED` may not be empty."""
_NEEDED: Final = frozenset({"name", "sample", "opener", "probe"})


@dataclass(frozen=True)
class DataKind:
    """A kind of data sets.

    Attributes:
        name: what stands before the colon, as in ``series:FILE``.
        modality: the name of its modality.
        source: the arguments that open a data set again, and the sort of each. The data's own
            attribute ``source``, if it has one, holds their values.
        opener: place of what opens it, where that is not the modality's own opener.
        files: whether it is read from files, which ``spec`` names; else it is drawn anew.
        network: place of a function from the source to the network, where the two are made
            together.

    Examples:
        >>> DataKind("series", "series").source  # opened again by the text that named it
        {'spec': 'text'}
    """

    name: str
    modality: str
    source: Mapping[str, Sort] = field(default_factory=lambda: {"spec": "text"})
    opener: str = ""
    files: bool = True
    network: str = ""

    def __post_init__(self) -> None:
        _check_text(self.name, "the name of a kind of data")
        _check_text(self.modality, f"the modality of {self.name}")
        if ":" in self.name:
            raise OptionError(f"the kind of data {quoted(self.name)} has a colon; leave it out")
        if not isinstance(self.source, Mapping):
            raise OptionError(
                f"the source of {self.name} is {quoted(self.source)}; give a dictionary of "
                "arguments and their sorts"
            )
        for name, sort in self.source.items():
            if sort not in get_args(Sort):
                raise OptionError(
                    f"the argument {name} of {self.name}: is {quoted(sort)}; it may be "
                    f"{', '.join(get_args(Sort))}"
                )


@dataclass(frozen=True)
class Level:
    """What the positions of a run are.

    Attributes:
        name: what a manifest calls it.
        position: a position, in the singular.
        place: the same in "a unit is active on ..."; "a" and ``position`` if not given.
        counted: whether a reader is told how many positions the samples have.
        density: whether a page of a unit says on what share of the positions it is active.
        above_zero: whether units that are never below 0, as after a ReLU, are active above 0; all
            others are active in the top 0.5 % of their values.
        min_active: share of the positions on which a unit must be active to be explained.
        larger: advice on how to get more positions, with a comma behind it.
        editor: place of what opens samples for edits (``edits.session.open_for_edits``); without
            it there are no edits.
        replay: place of what runs the network again without a unit (see ``analyses.replay``);
            without it there is no ablation.
        masking: whether positions can be hidden from the network (see ``analyses.masking``).

    Examples:
        >>> Level("step", position="step", min_active=0.01).where
        'a step'
    """

    name: str
    position: str = "position"
    place: str = ""
    counted: bool = False
    density: bool = False
    above_zero: bool = True
    min_active: float = 0.0
    larger: str = ""
    editor: str = ""
    replay: str = ""
    masking: bool = False

    def __post_init__(self) -> None:
        _check_text(self.name, "the name of a level")
        _check_text(self.position, f"the position of the level {self.name}")

    @property
    def where(self) -> str:
        """What a unit is active on, with its article."""
        return self.place or f"a {self.position}"


@dataclass(frozen=True)
class Modality:
    """Images, sentences, or whatever else has positions; places are ``"module:name"``.

    Attributes:
        name: what a manifest calls it, in the plural, as ``images``.
        sample: a sample, in the singular.
        levels: what its positions may be.
        kinds: its kinds of data sets.
        opener: place of a function from a text such as ``series:FILE``, and the arguments in
            ``DataKind.source``, to the samples.
        probe: place of a class with ``of(model, layers, data, recording, **arguments)``, which
            gives a ``probes.base.Probe``.
        arguments: arguments of ``dissect`` that ``probe`` takes too, such as ``weights``; others
            are refused, since an option that does nothing looks as if it did something.
        options: options of the command line that are for it, and of no use to most others.
        command: place of a function from these options to what ``dissect`` is called with.
        seen: what the network did with the samples, after "it".
        batch: samples in a forward pass.
        shown: samples of each unit on the pages of ``andornot page``; ``report`` and ``show`` have
            the same default for all modalities.
        preprocessed: whether a run says how its samples became the network's input.
        network: place of a function from a run to its network; without it a network is not loaded
            again.
        answers: place of a check that a network answers as it did in a run.
        code: place of a function from a run to the code that opening its samples would run.
        recognise: place of a function from a path to the kind of data there; empty if none.
        check: place of what looks through samples before a run (``andornot data check``).
        gallery: place of a class with ``open(run, layer, data)``, a ``views.samples.Gallery``.
        terminal: place of what prints samples (see ``cli.terminal``); empty if they cannot be.
        notebook: place of what shows samples in a notebook (see ``report.notebook_samples``).
        pages: place of what puts samples on pages (see ``report.samples``).
        template: the pieces of pages that speak of samples: a file in ``report/templates``, or
            ``package:file``, which must have all pieces of "rows.html.j2" there.
        cells: place of what draws samples in figures (see ``figures.kinds``); empty if nothing.
        short: most concepts of a formula in a figure of examples.
        pictures: whether figures may show its samples as pictures.
        edits: what people may edit: ``words``, ``regions``.

    Examples:
        >>> series = Modality(
        ...     "series", "record", (Level("step"),), (DataKind("series", "series"),),
        ...     opener="my_series:read", probe="my_series:Probe",
        ... )
        >>> series.samples, series.counted(3), series.level("step").where
        ('records', '3 records', 'a position')
        >>> run.modality.name, run.modality.sample
        ('images', 'image')
    """

    name: str
    sample: str
    levels: tuple[Level, ...]
    kinds: tuple[DataKind, ...]
    opener: str
    probe: str
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    command: str = "andornot.cli.inputs:of_any"
    seen: str = "read"
    batch: int = 32
    shown: int = 10
    preprocessed: bool = False
    network: str = ""
    answers: str = ""
    code: str = ""
    recognise: str = ""
    check: str = "andornot.data.check:check_samples"
    gallery: str = "andornot.views.row_gallery:RowGallery"
    terminal: str = "andornot.cli.terminal:RowTerminal"
    notebook: str = "andornot.report.notebook_samples:NotebookRows"
    pages: str = "andornot.report.samples:RowPages"
    template: str = "rows.html.j2"
    cells: str = ""
    short: int = 3
    pictures: bool = False
    edits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field_name in _TEXTS:
            value = getattr(self, field_name)
            _check_text(value, f"{field_name} of a modality", field_name in _NEEDED)
        of = f"of the modality {self.name}"
        for field_name, kind in (("levels", Level), ("kinds", DataKind)):
            _check_tuple(getattr(self, field_name), kind, f"{field_name} {of}")
        for field_name in ("arguments", "options", "edits"):
            _check_tuple(getattr(self, field_name), str, f"{field_name} {of}")
        for each in (self.levels, self.kinds):
            names = [one.name for one in each]
            if len(set(names)) < len(names):
                raise OptionError(f"two of {', '.join(names)} {of} have one name; rename one")
        if not self.levels:
            raise OptionError(f"the modality {self.name} has no level; give one or more")
        for other in (kind for kind in self.kinds if kind.modality != self.name):
            raise OptionError(
                f"the kind {other.name} {of} says that it is of {quoted(other.modality)}; give "
                f"it {quoted(self.name)}"
            )
        for field_name in ("batch", "shown", "short"):
            whole_number(getattr(self, field_name), f"{field_name} {of}", 1)

    def level(self, name: str) -> Level:
        """The level of this name.

        Raises:
            RunError: it has none.
        """
        for level in self.levels:
            if level.name == name:
                return level
        raise RunError(
            f"the modality {self.name} has no level {quoted(name)}; it has "
            f"{', '.join(level.name for level in self.levels)}, so install the version of it that "
            "made the run"
        )

    @property
    def samples(self) -> str:
        """Samples, in the plural."""
        return f"{self.sample}s"

    def counted(self, n: int) -> str:
        """So many samples, in words."""
        return count(n, self.sample)

    def find(self, place: str) -> Any:
        """What a place names.

        Raises:
            OptionError: it names nothing, and the modality is not one of ours.
        """
        try:
            return resolve(place)
        except AndornotError:
            raise
        except Exception as error:
            # code of a plug-in may raise anything; what fails of ours is a fault to be seen
            if place.startswith("andornot."):
                raise
            raise OptionError(
                f"the modality {self.name} names {place}, which cannot be imported "
                f"({type(error).__name__}: {error}); mend or update the package that brings it"
            ) from error


def _check_text(value: object, what: str, needed: bool = True) -> None:
    """Records are made by plug-ins, whose types nobody may have looked at.

    Raises:
        OptionError: it is no text, or an empty one that is needed.
    """
    if not isinstance(value, str) or (needed and not value.strip()):
        raise OptionError(f"{what} is {quoted(value)}; give a text")


def _check_tuple(value: object, kind: type, what: str) -> None:
    given = value if isinstance(value, tuple) else (value,)
    sorts = {type(each).__name__ for each in given if not isinstance(each, kind)}
    if sorts or not isinstance(value, tuple):
        one = f"holds {min(sorts)}" if isinstance(value, tuple) else f"is {type(value).__name__}"
        raise OptionError(
            f"{what}: {one}; give a tuple of {kind.__name__}, with a comma behind its only entry"
        )
