"""What a manifest of format 1 must look like, so that no reader of it meets a surprise.

``FIELDS`` is a table of expectations; to teach it a new field, add a line there, and an attribute
to the record in ``manifest``. Fields of which it knows nothing are let through: nobody reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from andornot.data.modality import DataKind, Sort
from andornot.data.registry import modality_of_run, our_levels
from andornot.errors import RunError
from andornot.measures.scores import METRICS, PEARSON
from andornot.runs import stage_names

_SHOWN = 40
"""Characters of a wrong value that a message shows."""


@dataclass(frozen=True)
class PlainField:
    """A value without parts.

    Attributes:
        told: what is expected, after "must be".
        fits: whether a value is that.
    """

    told: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Maybe:
    """A value of a sort, or null."""

    value: Expected


@dataclass(frozen=True)
class Many:
    """A list of values of one sort."""

    value: Expected


@dataclass(frozen=True)
class NamedField:
    """An object of any names, whose values are of one sort."""

    value: Expected


@dataclass(frozen=True)
class Fields:
    """An object with certain fields.

    Attributes:
        needed: fields without which a reader fails.
        known: fields that may be absent, as in runs of older versions.
        closed: whether there may be no others, because they are handed on by name.
    """

    needed: Mapping[str, Expected] = field(default_factory=dict)
    known: Mapping[str, Expected] = field(default_factory=dict)
    closed: bool = False


Expected = PlainField | Maybe | Many | NamedField | Fields

Fault = tuple[str, str]
"""Which field, and what is wrong with it."""


def _is_text(value: Any) -> bool:
    """Whether it is a text that can be written again; JSON can also hold halves of characters."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_number(value: Any) -> bool:
    # for Python True is an int
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= 0


def _stays_inside(value: Any) -> bool:
    """Whether a text is a relative path without ``..``, as Linux and as Windows read it."""
    # no system takes a NUL in a path: Python raises a ValueError of its own there
    if not _is_text(value) or not value or "\0" in value:
        return False
    windows, posix = PureWindowsPath(value), PurePosixPath(value)
    anchored = posix.is_absolute() or windows.drive or windows.root
    return not anchored and ".." not in windows.parts


def one_of(*names: str) -> PlainField:
    """One of a few texts."""
    return PlainField(f"one of {', '.join(names)}", lambda value: value in names)


TEXT = PlainField("a text", _is_text)
FLAG = PlainField("true or false", lambda value: isinstance(value, bool))
NUMBER = PlainField("a number", _is_number)
COUNT = PlainField("a whole number from 0 on", _is_count)
POSITIVE = PlainField("a whole number from 1 on", lambda value: _is_count(value) and value > 0)
AMOUNT = PlainField("a number from 0 on", lambda value: _is_number(value) and value >= 0)
SHARE = PlainField("a number between 0 and 1", lambda value: _is_number(value) and 0 < value < 1)
INSIDE = PlainField("a relative path inside the run, without '..'", _stays_inside)
COUNT_OR_TEXT = PlainField(
    "a whole number from 0 on or a text", lambda value: _is_text(value) or _is_count(value)
)
FLAG_OR_TEXT = PlainField(
    "true, false or a text", lambda value: _is_text(value) or isinstance(value, bool)
)
OUR_LEVEL = one_of(*our_levels())
METRIC = PlainField(
    f"one of {', '.join((*METRICS, PEARSON))}",
    lambda value: _is_text(value) and value.lower() in (*METRICS, PEARSON),
)
TEXTS = Many(TEXT)

_STAGE: Mapping[str, Expected] = {
    "name": TEXT,
    "key": TEXT,
    "path": INSIDE,
    "peak_rss_bytes": COUNT,
    "n_atoms": COUNT,
    "n_positions": COUNT,
    "n_samples": COUNT,
    "n_classes": COUNT,
    "units": COUNT,
    "map_shape": Many(COUNT),
    "head": FLAG,
    "status": TEXTS,
}
_SECONDS: Mapping[str, Expected] = {"seconds": NamedField(AMOUNT)}

FIELDS = Fields(
    needed={
        "format": COUNT,
        "made": TEXT,
        "versions": NamedField(TEXT),
        # a modality that another package brings has other levels
        "level": PlainField(OUR_LEVEL.told, _is_text),
        "model": Fields(
            {
                "spec": TEXT,
                "weights": Maybe(TEXT),
                "fingerprint": TEXT,
                "class_names": Maybe(TEXTS),
                "notes": TEXTS,
            }
        ),
        "recording": Fields(
            {
                "batch_size": Maybe(POSITIVE),
                "device": TEXT,
                "tokens": COUNT_OR_TEXT,
                "layout": TEXT,
            }
        ),
        "data": Fields(
            {"kind": TEXT, "path": TEXT, "fingerprint": TEXT, "samples": COUNT, "concepts": COUNT},
            {"source": Maybe(Fields()), "groups": Maybe(COUNT)},
        ),
        "search": Fields(
            {
                "length": POSITIVE,
                "beam_size": POSITIVE,
                "search": TEXT,
                "metric": METRIC,
                "operators": TEXTS,
            },
            {
                "penalty": NUMBER,
                "limit": Maybe(COUNT),
                "categories": Maybe(TEXTS),
                "concepts": Maybe(TEXTS),
                "profile": Maybe(TEXT),
                "space": TEXT,
                "nodes": Maybe(COUNT),
                "seconds": Maybe(AMOUNT),
                "known_only": Maybe(FLAG),
                "min_support": Maybe(Many(COUNT)),
                "negated_first": Maybe(FLAG),
            },
        ),
        "layers": NamedField(
            Fields(
                {"units": COUNT, "status": NamedField(COUNT), "mean_iou_by_length": Many(NUMBER)},
                {"threshold": Fields()},
            )
        ),
        "stages": NamedField(Fields(_SECONDS, _STAGE)),
        "peak_rss_bytes": COUNT,
    },
    known={
        "modality": Maybe(TEXT),
        "preprocessing": Maybe(Fields()),
        "words": Maybe(
            Fields(
                known={
                    "n_words": COUNT,
                    "stop_words": Maybe(TEXTS),
                    "vectors": Maybe(TEXT),
                    "n_neighbors": COUNT,
                }
            )
        ),
        "reading": Maybe(Fields()),
        "folds": POSITIVE,
        "min_active": NUMBER,
        "unit_of_count": one_of("position", "sample"),
        "least_active_positions": COUNT,
        "least_active_groups": COUNT,
        "relations": Maybe(NamedField(NamedField(TEXTS))),
        "context": Maybe(
            Fields(
                {
                    "around": TEXTS,
                    "around_of": Maybe(TEXTS),
                    "min_support": Maybe(Many(COUNT)),
                    "max_around": POSITIVE,
                    "found": FLAG,
                }
            )
        ),
        "concepts_by": Maybe(
            Many(Fields({"name": TEXT, "by": TEXT, "told": TEXT, "code": Maybe(TEXT), "key": TEXT}))
        ),
        "directions": Maybe(Fields({"file": Maybe(TEXT), "digest": TEXT, "shape": Many(POSITIVE)})),
        "store": FLAG,
        "trust": Maybe(
            Fields(
                known={
                    "resamples": COUNT,
                    "bootstrap": COUNT,
                    "nulls": COUNT,
                    "seed": NUMBER,
                    "choose_length": FLAG,
                }
            )
        ),
        "notes": TEXTS,
        "results": Fields({"path": INSIDE, "digests": NamedField(TEXT)}),
        "seconds": AMOUNT,
    },
)
"""All fields that something reads; what hangs on the values of others is in ``_further``."""

_PREPROCESSING = Fields(
    {"height": POSITIVE, "width": POSITIVE, "mean": Many(NUMBER), "std": Many(NUMBER)},
    {"interpolation": TEXT},
    closed=True,
)
_QUANTILE = Fields({"quantile": SHARE}, {"fixed": Maybe(NUMBER), "resolution": TEXT})
_FIXED = Fields({"fixed": NUMBER}, {"resolution": TEXT})
_RANGES = Fields({"k": POSITIVE}, {"by": TEXT})

_KEPT: Mapping[str, Expected] = {**_SECONDS, "path": INSIDE}


def _stages(layers: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Expected]]]:
    """Stages that a run must have, and what they must say."""
    yield stage_names.CONCEPTS, _KEPT
    yield stage_names.LOGITS, {**_KEPT, "n_classes": COUNT}
    yield from ((stage_names.activations(layer), _KEPT) for layer in layers)
    yield from ((stage_names.responses(layer), {**_KEPT, "key": TEXT}) for layer in layers)


_SORTS: Mapping[Sort, Expected] = {
    "text": TEXT,
    "text or nothing": Maybe(TEXT),
    "texts or nothing": Maybe(TEXTS),
    "texts by name or nothing": Maybe(NamedField(TEXT)),
    "count": COUNT,
    "count or nothing": Maybe(COUNT),
    "number": NUMBER,
    "flag": FLAG,
    "flag or text": FLAG_OR_TEXT,
}


def check_manifest(manifest: object, path: Path) -> dict[str, Any]:
    """A manifest of format 1, if each field that is read has the type that its readers expect.

    Args:
        manifest: what the file holds.
        path: the file, for the message.

    Raises:
        RunError: a field is missing or wrong; the message names the first one.
    """
    for where, wrong in _all_faults(manifest):
        raise _error(path, where, wrong)
    assert isinstance(manifest, dict)
    return manifest


def check_new(manifest: object, path: Path) -> None:
    """Refuse to write a manifest that could not be read again.

    Raises:
        RunError: as of :func:`check_manifest`; what lies at ``path`` stays.
    """
    for where, wrong in _all_faults(manifest):
        raise RunError(
            f"{path} is not written, for it could not be read again: its field {where} {wrong}; "
            "change what was given there; what lay there stays"
        )


def _all_faults(manifest: Any) -> Iterator[Fault]:
    """The first kind of faults hides the second, which needs fields to be there."""
    found = list(islice(_faults(manifest, FIELDS, ""), 1))
    yield from found or _further(manifest)


def check_source(kind: DataKind, source: object, path: Path) -> dict[str, Any]:
    """The arguments that open data of a kind again; all of them go to a function by name.

    Args:
        kind: the kind of data.
        source: what the manifest says of them; None of a run that says nothing.
        path: the manifest, for the message.

    Raises:
        RunError: one is unknown, or of the wrong type.
    """
    sorts = {name: _SORTS[sort] for name, sort in kind.source.items()}
    known = Fields(known=sorts, closed=True)
    for where, wrong in _faults(source, Maybe(known), "data.source"):
        raise _error(path, where, wrong)
    return dict(source) if isinstance(source, dict) else {}


def _error(path: Path, where: str, wrong: str) -> RunError:
    what = f"its field {where}" if where else "what it holds"
    return RunError(
        f"{path} is damaged: {what} {wrong}; repeat andornot explain, which writes it anew"
    )


def _further(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """What hangs on other fields: preprocessing, thresholds, and stages by layer."""
    if not manifest["layers"]:
        yield "layers", "names no layer"
    if manifest.get("modality") is None:
        yield from _level_faults(manifest)
    for layer, facts in manifest["layers"].items():
        if (rule := facts.get("threshold")) is not None:
            where = f"layers.{_short(layer)}.threshold"
            quantile = _FIXED if rule.get("quantile") is None else _QUANTILE
            yield from _faults(rule, _RANGES if "k" in rule else quantile, where)
    for stage, needed in _stages(manifest["layers"]):
        found = manifest["stages"].get(stage)
        yield from _faults(found, Fields(needed), f"stages.{_short(stage)}")


def _level_faults(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """What hangs on the level; that of a plug-in is not asked, for it may not be installed."""
    level = manifest["level"]
    yield from _faults(level, OUR_LEVEL, "level")
    if OUR_LEVEL.fits(level) and modality_of_run(None, level).preprocessed:
        yield from _faults(manifest.get("preprocessing"), _PREPROCESSING, "preprocessing")


def _faults(value: Any, expected: Expected, where: str) -> Iterator[Fault]:
    """Every part of a value that is not what was expected."""
    match expected:
        case PlainField(told, fits):
            if not fits(value):
                yield where, f"must be {told}, and is {_found(value)}"
        case Maybe(inner):
            if value is not None:
                yield from _faults(value, inner, where)
        case Many(inner):
            if not isinstance(value, list):
                yield where, f"must be a list, and is {_found(value)}"
                return
            for number, part in enumerate(value):
                yield from _faults(part, inner, f"{where}[{number}]")
        # what is left, Named and Fields, are both objects
        case _ if not isinstance(value, dict):
            yield where, f"must be an object with fields, and is {_found(value)}"
        case NamedField(inner):
            for name, part in value.items():
                yield from _faults(name, TEXT, f"{where} (a name in it)")
                yield from _faults(part, inner, _below(where, name))
        case Fields():
            yield from _field_faults(value, expected, where)


def _field_faults(value: Mapping[str, Any], expected: Fields, where: str) -> Iterator[Fault]:
    for name, inner in expected.needed.items():
        if name in value:
            yield from _faults(value[name], inner, _below(where, name))
        else:
            yield _below(where, name), "is missing"
    for name, inner in expected.known.items():
        if name in value:
            yield from _faults(value[name], inner, _below(where, name))
    if expected.closed:
        names = expected.needed.keys() | expected.known.keys()
        for name in value.keys() - names:
            yield _below(where, name), f"is none of {', '.join(sorted(names))}"


def _below(where: str, name: str) -> str:
    return f"{where}.{_short(name)}" if where else _short(name)


def _found(value: object) -> str:
    """What a wrong value is, briefly; lists and objects are not shown, they may be endless."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, bool):
        return str(value).lower()
    return _short(repr(value)) if isinstance(value, str | float) else _whole(value)


def _whole(value: object) -> str:
    try:
        return _short(str(value))
    except ValueError:  # Python writes no integer of thousands of digits
        return "a huge number"


def _short(text: str) -> str:
    """A text that fits into a sentence, on one line."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}..."
