"""All modalities and kinds of data that there are: ours, and those that other packages bring.

Nobody else chooses by the name of a modality, a level or a kind; a test sees to it. A package
brings a modality by an entry point of the group ``andornot.modalities``, which names a
``Modality``. Such packages are imported only where a name is none of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import users_path, whole_number
from andornot._tools.lazy import resolve
from andornot._tools.progress import tell
from andornot._tools.user_code import others_code
from andornot._tools.words import shortened
from andornot.data.modality import DataKind, Modality
from andornot.data.rows import asking, check_samples_say
from andornot.errors import DataError, OptionError, RunError, quoted

GROUP: Final = "andornot.modalities"
"""The group of entry points by which packages bring modalities."""

_OURS: Final = (
    "andornot.data.images.modality:IMAGES",
    "andornot.data.sequences.modality:SEQUENCES",
    "andornot.data.sentences.modality:SENTENCES",
    "andornot.data.sentences.modality:SINGLE",
)
_FURTHER_KINDS: Final = ("andornot.demo.kinds:KINDS",)
"""Kinds of data, of modalities of ours, that rooms above this one bring."""

_UNNAMED: Final = "images"
"""The modality of data and of paths that say nothing of theirs: images, as ever."""


@cache
def built_in() -> dict[str, Modality]:
    """Our own modalities by name."""
    found: list[Modality] = [resolve(place) for place in _OURS]
    return {modality.name: modality for modality in found}


@dataclass(frozen=True)
class PlugIns:
    """What other packages bring.

    Attributes:
        modalities: by name.
        left_out: by the name of the entry point, why one cannot be used, in a sentence.
    """

    modalities: dict[str, Modality] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@cache
def plug_ins() -> PlugIns:
    """What other packages bring; what cannot be used is told, and left out."""
    found = PlugIns()
    taken = {*built_in(), *_our_kinds()}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        modality = _loaded(entry)
        reason = modality if isinstance(modality, str) else _unusable(modality, taken)
        if isinstance(modality, str) or reason:
            found.left_out[entry.name] = _left_out(entry, reason)
            tell(f"note: {found.left_out[entry.name]}")
            continue
        taken |= _names(modality)
        found.modalities[modality.name] = modality
    return found


def _loaded(entry: EntryPoint) -> Modality | str:
    """What an entry point names, or why that cannot be used."""
    try:
        modality: object = entry.load()
    # code of others may raise anything, even end the program, and nothing else shall break by it
    except (Exception, SystemExit) as error:
        return shortened(f"{type(error).__name__}: {error}")
    if not isinstance(modality, Modality):
        return f"it is no Modality but {type(modality).__name__}"
    return modality


def _names(modality: Modality) -> set[str]:
    return {modality.name, *(kind.name for kind in modality.kinds)}


def _unusable(modality: Modality, taken: set[str]) -> str:
    """Why a modality cannot stand beside those that there are; empty if it can."""
    twice = sorted(_names(modality) & taken)
    if twice:
        return f"its name {quoted(twice[0])} is taken already"
    return "" if modality.kinds else "it has no kind of data"


def _left_out(entry: EntryPoint, reason: str) -> str:
    package = "" if entry.dist is None else f" of the package {entry.dist.name}"
    return (
        f"the modality {entry.name}{package} ({entry.value}) cannot be used and is left out "
        f"({reason}); mend, update or uninstall it"
    )


@cache
def _our_kinds() -> dict[str, DataKind]:
    own = [kind for modality in built_in().values() for kind in modality.kinds]
    for place in _FURTHER_KINDS:
        own += resolve(place)
    return {kind.name: kind for kind in own}


def data_kind(name: str) -> DataKind | None:
    """The kind of data of this name; None if there is none."""
    if name in _our_kinds():
        return _our_kinds()[name]
    brought = (kind for modality in plug_ins().modalities.values() for kind in modality.kinds)
    return next((kind for kind in brought if kind.name == name), None)


def kinds_of(modality: str) -> tuple[DataKind, ...]:
    """All kinds of data of a modality.

    Raises:
        RunError: there is no such modality.
    """
    found = {kind.name: kind for kind in modality_named(modality).kinds}
    further = (kind for kind in _our_kinds().values() if kind.modality == modality)
    return tuple((found | {kind.name: kind for kind in further}).values())


def modality_named(name: str) -> Modality:
    """The modality of this name.

    Raises:
        RunError: there is none.
    """
    if name in built_in():
        return built_in()[name]
    brought = plug_ins()
    if name in brought.modalities:
        return brought.modalities[name]
    if name in brought.left_out:
        raise RunError(brought.left_out[name])
    known = ", ".join((*built_in(), *brought.modalities))
    # one that cannot be imported does not say what it is called: the one asked for may be it
    broken = "".join(f"; {reason}" for reason in brought.left_out.values())
    raise RunError(
        f"there is no modality {quoted(name)} here, only {known}; install the package that brings "
        f"it{broken}"
    )


def _kind_named(spec: str | Path) -> DataKind | None:
    """The kind of data that a text names before its colon; None of a plain path.

    Raises:
        OptionError: it is of a modality that another package brings, and that cannot be used, or
            it can be no path.
        DataError: there is no such kind, and the whole text is no path.
    """
    before, colon, _ = str(spec).partition(":")
    # a single letter is a drive of Windows
    if not colon or len(before) == 1:
        return None
    kind = data_kind(before)
    if kind is not None or users_path(spec, "the data set").exists():
        return kind
    if before in plug_ins().left_out:
        raise OptionError(plug_ins().left_out[before])
    broken = "".join(f"; {reason}" for reason in plug_ins().left_out.values())
    raise DataError(
        f"there is no data set at {shortened(str(spec))}: give a folder, or KIND:PATH with one of "
        f"the kinds {', '.join(_kinds_of_files())}{broken}"
    )


def _kinds_of_files() -> list[str]:
    """The names of all kinds of data that a text can name."""
    brought = (kind for modality in plug_ins().modalities.values() for kind in modality.kinds)
    return [kind.name for kind in (*_our_kinds().values(), *brought) if kind.files]


def modality_of_spec(spec: str | Path) -> Modality:
    """The modality of the data that a text names; images if it is a plain path.

    Raises:
        OptionError: it names a modality that another package brings, and that cannot be used.
        DataError: it names a kind of data that is unknown here.
    """
    kind = _kind_named(spec)
    return modality_named(_UNNAMED if kind is None else kind.modality)


def modality_of_data(data: object) -> Modality:
    """The modality of data, or of the text that names them.

    Data say it by an attribute ``modality``, the modality's name; without one they are images.

    Raises:
        OptionError: they do not say it, and give no images.
        RunError: there is no such modality.
    """
    if isinstance(data, str | Path):
        return modality_of_spec(data)
    name = getattr(data, "modality", None)
    if name is None and not hasattr(data, "image"):
        raise OptionError(
            f"the data are {quoted(type(data).__name__)}, which gives no images and does not say "
            "what else it is; give it the name of its modality as the attribute modality"
        )
    return modality_named(_UNNAMED if name is None else str(name))


def opening(spec: str | Path) -> tuple[Modality, DataKind]:
    """The modality of the data that a text names, and the kind that says how they are opened.

    A plain path, and a kind that is drawn and not read from files, go to the modality's own opener.

    Raises:
        AndornotError: as :func:`modality_of_spec`.
    """
    kind = _kind_named(spec)
    modality = modality_named(_UNNAMED if kind is None else kind.modality)
    return modality, modality.kinds[0] if kind is None or not kind.files else kind


def opener_of(kind: DataKind) -> Callable[..., Any]:
    """What opens data of a kind.

    Raises:
        OptionError: a package names it, and it cannot be imported.
    """
    modality = modality_named(kind.modality)
    found: Callable[..., Any] = modality.find(kind.opener or modality.opener)
    return found if modality.name in built_in() else _guarded(found, kind)


def _guarded(opener: Callable[..., Any], kind: DataKind) -> Callable[..., Any]:
    """What opens data of another package; whatever it raises becomes a sentence."""

    def opened(*given: Any, **options: Any) -> Any:
        named = shortened(str(given[0] if given else options.get("spec", kind.name)))
        with others_code(f"opening {named} ({kind.modality})", DataError):
            data = opener(*given, **options)
        check_samples_say(data)
        return data

    return opened


def modality_of_run(noted: str | None, level: str) -> Modality:
    """The modality of a run.

    Args:
        noted: what its manifest says of it; None of ours, which the level tells.
        level: what its positions are.

    Raises:
        RunError: it is not installed here, or no modality of ours has that level.
    """
    if noted is not None:
        return modality_named(noted)
    for modality in built_in().values():
        if level in levels(modality):
            return modality
    raise RunError(f"no modality has the level {quoted(level)}; make the run again")


def noted_name(name: str) -> str | None:
    """What a manifest says of a modality: None of ours, so that format 1 stays as it was."""
    return None if name in built_in() else name


def levels(modality: Modality) -> tuple[str, ...]:
    """The names of a modality's levels."""
    return tuple(level.name for level in modality.levels)


def our_levels() -> tuple[str, ...]:
    """The names of the levels of our modalities."""
    return tuple(name for modality in built_in().values() for name in levels(modality))


def open_samples(
    spec: str | Path,
    split: str | None = None,
    limit: int | None = None,
    group: str | None = None,
    **options: Any,
) -> Any:
    """Open the samples that a text names, by their modality.

    Args:
        spec: a kind and a path, such as ``series:FILE``; a plain path is one of images.
        split: keep only the samples of this split.
        limit: keep at most so many samples, spread evenly.
        group: which samples are not independent; for kinds whose opener takes it.
        options: further arguments of the opener.

    Raises:
        AndornotError: there are no such samples, or an option does not fit them.

    Examples:
        >>> len(open_samples("squares", limit=6)), len(open_samples("pairs:pairs.csv"))
        (6, 4)
    """
    modality, kind = opening(spec)
    opener, takes = opener_of(kind), kind.source
    chosen: dict[str, Any] = {"split": split, "limit": limit, "group": group}
    # what an opener does not take is done here, where it can be
    rest = {name: value for name, value in chosen.items() if name not in takes}
    data = opener(spec, **{n: v for n, v in chosen.items() if n in takes}, **options)
    return _chosen(data, modality, **rest) if rest else data


def _chosen(
    data: Any,
    modality: Modality,
    split: str | None = None,
    limit: int | None = None,
    group: str | None = None,
) -> Any:
    """The samples of a split, at most so many."""
    if group is not None:
        raise OptionError(f"group is no option for {modality.samples}; leave it out here")
    if split is not None:
        inside = [i for i, name in enumerate(data.splits) if name == split]
        if not inside:
            known = ", ".join(sorted(set(data.splits) - {""})) or "no split at all"
            raise OptionError(
                f"{data.path} has no sample in the split {quoted(split)}: it has {known}"
            )
        with asking(data, f"the split {quoted(split)}"):
            data = data.subset(inside)
    if limit is not None:
        step = max(1.0, len(data) / whole_number(limit, "limit", 1))
        with asking(data, "some of them"):
            data = data.subset(int(i * step) for i in range(min(limit, len(data))))
    return data


def recognised(path: Path) -> str | None:
    """The kind of data in a path that says nothing of it, where a modality knows it by its look."""
    for modality in built_in().values():
        if modality.recognise and (kind := modality.find(modality.recognise)(path)):
            return str(kind)
    return None


def only_for(name: str, *, argument: bool = False) -> Modality | None:
    """The modality of ours that an option, or an argument of ``dissect``, is for."""
    for modality in built_in().values():
        if name in (modality.arguments if argument else modality.options):
            return modality
    return None


def check_arguments(modality: Modality, given: dict[str, Any]) -> dict[str, Any]:
    """Those arguments of ``dissect`` that were given, if they are for a modality.

    Raises:
        OptionError: one is for another.
    """
    given = {name: value for name, value in given.items() if value is not None}
    for name in (name for name in given if name not in modality.arguments):
        owner = only_for(name, argument=True)
        theirs = modality.samples if owner is None else owner.samples
        verb, them = ("are", "them") if name.endswith("s") else ("is", "it")
        raise OptionError(f"{name} {verb} an option for {theirs}; leave {them} out here")
    return given


def foreign_options(modality: Modality) -> dict[str, Modality]:
    """The options of the command line that are for other modalities, and for which."""
    return {
        name: other
        for other in built_in().values()
        for name in other.options
        if name not in modality.options
    }
