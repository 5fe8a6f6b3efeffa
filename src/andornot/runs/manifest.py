"""The manifest: the one record of all that shaped a run, and its way from and to JSON.

Format 1 is read for ever. A field that a version adds has a default here, for the runs of before;
a field that this version does not know is kept as it stands. What a field must look like is in
``manifest_fields``. Nobody else reads or writes the JSON: whoever asks what a run was made of
reads :class:`Manifest`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from andornot._tools.files import plain_number
from andornot._tools.reading import check_digest, parse_json
from andornot.errors import OptionError, RunError
from andornot.runs.manifest_fields import check_manifest
from andornot.search.options import SearchOptions

if TYPE_CHECKING:
    from andornot.models.shapes import Layout, PrefixTokens

FORMAT: Final = 1
"""Of the manifest and of ``explanations.json``; runs of other formats are refused."""

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class ManifestPart:
    """A part of a manifest: known fields as attributes, the others as they stand.

    Attributes:
        further: fields that this version does not know.
        order: the names of all fields that the file has, so that it can be written as it was;
            None of a part that comes from no file, and has all of them.
    """

    further: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] | None = field(default=None, compare=False, repr=False)

    _PARTS: ClassVar[Mapping[str, type[ManifestPart]]] = {}
    _NAMED: ClassVar[Mapping[str, type[ManifestPart]]] = {}
    _LISTED: ClassVar[Mapping[str, type[ManifestPart]]] = {}
    _LEFT_OUT: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From fields that are known to be sound, such as those of a checked manifest."""
        known = cls._defaults()
        own = {name: cls._value(name, values[name]) for name in values if name in known}
        further = {name: value for name, value in values.items() if name not in known}
        return cls(**own, further=further, order=tuple(values))

    def as_json(self) -> dict[str, Any]:
        """A copy in plain values; of a part that was read, what was read."""
        # through JSON and back, so tuples become lists, as in a manifest that was read
        plain: dict[str, Any] = json.loads(json.dumps(self, default=_jsonable))
        return plain

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """The known fields in the order in which they are written, with their defaults."""
        ours = {each.name for each in fields(ManifestPart)}
        return {each.name: each.default for each in fields(cls) if each.name not in ours}

    @classmethod
    def _value(cls, name: str, value: Any) -> Any:
        if isinstance(value, list):
            listed = cls._LISTED.get(name)
            return tuple(value) if listed is None else tuple(map(listed.of, value))
        if value is not None and name in cls._PARTS:
            return cls._PARTS[name].of(value)
        if name in cls._NAMED:
            return {each: cls._NAMED[name].of(part) for each, part in value.items()}
        return value

    def _written(self) -> dict[str, Any]:
        """All fields that are to be written, in order."""
        defaults = self._defaults()
        own = {name: getattr(self, name) for name in defaults} | dict(self.further)
        if self.order is None:
            names = [n for n in own if n not in self._LEFT_OUT or own[n] is not None]
        else:  # a field that the file lacked is written if somebody gave it a value
            given = (n for n in own if n not in self.order and own[n] != defaults.get(n, MISSING))
            names = [*(name for name in self.order if name in own), *given]
        return {name: own[name] for name in names}


def _jsonable(value: object) -> object:
    """What JSON has no word for, in plain values."""
    match value:
        case ManifestPart():
            return value._written()
        case Mapping():
            return dict(value)
    return plain_number(value)


@dataclass(frozen=True, kw_only=True)
class ModelSource(ManifestPart):
    """The network: the text that names it, its weights, and what it says of itself.

    Attributes:
        spec: the text that loads it, or its type.
        weights: where weights came from if not from ``spec``: a file, or ``random:SEED``.
        fingerprint: a digest of its code and weights.
        class_names: in the order of its logits; None where they have no names.
        notes: sentences that a reader of results should know.
    """

    spec: str
    weights: str | None
    fingerprint: str
    class_names: tuple[str, ...] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RecordingPart(ManifestPart):
    """How activations were recorded (see ``probes.base.Recording``)."""

    batch_size: int | None
    device: str
    tokens: PrefixTokens
    layout: Layout


@dataclass(frozen=True, kw_only=True)
class WordsPart(ManifestPart):
    """Which words of sentences became concepts (see ``probes.pairs.Words``)."""

    n_words: int | None = None
    stop_words: tuple[str, ...] | None = None
    vectors: str | None = None
    n_neighbors: int | None = None


@dataclass(frozen=True, kw_only=True)
class DataSource(ManifestPart):
    """The samples.

    Attributes:
        kind: such as ``labelmaps``.
        path: where they lay.
        source: arguments that open them again (see ``manifest_fields.check_source``); None of
            arrays, and of older runs.
        fingerprint: a digest of all that was read.
        samples: how many images or sentence pairs.
        concepts: how many concepts are annotated.
        groups: of how many groups the samples are; None where each is its own.
    """

    kind: str
    path: str
    source: Mapping[str, Any] | None = None
    fingerprint: str
    samples: int
    concepts: int
    groups: int | None = None

    _LEFT_OUT: ClassVar[tuple[str, ...]] = ("groups",)


@dataclass(frozen=True, kw_only=True)
class ConceptOrigin(ManifestPart):
    """Concepts that the user added to those of the data (see ``data.sources``).

    Attributes:
        name: what messages call their source.
        by: whom they come from: ``people``, a ``rule``, a ``network``, or ``unknown``.
        told: which people, rule or network, in words.
        code: the text that named the source, ``FILE.py:FUNCTION`` or an entry point; None of what
            came from Python. Whoever opens the run again runs nothing of it.
        key: a digest of all that shapes them, as far as it was seen.
    """

    name: str
    by: str
    told: str
    code: str | None
    key: str


@dataclass(frozen=True, kw_only=True)
class DirectionsSource(ManifestPart):
    """Directions that stand in the place of the units of the one layer.

    Attributes:
        file: where they were read; None of an array.
        digest: of their numbers.
        shape: units of the layer, and directions.
    """

    file: str | None
    digest: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Searched(ManifestPart):
    """How formulas were searched for (see ``search.options.SearchOptions``).

    It is no such record itself: what options may be, changes from version to version, and what
    was done stands. An option that the run's version did not have is None.
    """

    length: int
    beam_size: int
    search: str
    metric: str
    operators: tuple[str, ...]
    penalty: float | None = None
    limit: int | None = None
    categories: tuple[str, ...] | None = None
    concepts: tuple[str, ...] | None = None
    profile: str | None = None
    space: str | None = None
    nodes: int | None = None
    seconds: float | None = None
    known_only: bool | None = None
    min_support: tuple[int, int] | None = None
    negated_first: bool | None = None

    def options(self) -> SearchOptions | None:
        """As options of this version; None where it does not know them all.

        What the run's version did not have was done as the defaults say.
        """
        given = {name: getattr(self, name) for name in self._defaults()}
        try:
            known = SearchOptions(**{n: value for n, value in given.items() if value is not None})
        except OptionError:
            return None
        return None if self.further else known


@dataclass(frozen=True, kw_only=True)
class Trusted(ManifestPart):
    """How trust was measured (see ``trust.options.TrustOptions``)."""

    resamples: int | None = None
    bootstrap: int | None = None
    nulls: int | None = None
    seed: int | None = None
    choose_length: bool = False


@dataclass(frozen=True, kw_only=True)
class RulePart(ManifestPart):
    """Where units of a layer count as active: a ``Threshold``, or ``Ranges``, which have ``k``."""

    quantile: float | None = None
    fixed: float | None = None
    resolution: str | None = None
    k: int | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True)
class LayerRecord(ManifestPart):
    """A layer.

    Attributes:
        units: how many were explained.
        status: how many of them have each status.
        mean_iou_by_length: of those that have a formula.
        threshold: where they count as active; None of older runs.
    """

    units: int
    status: Mapping[str, int]
    mean_iou_by_length: tuple[float, ...]
    threshold: RulePart | None = None

    _PARTS: ClassVar[Mapping[str, type[ManifestPart]]] = {"threshold": RulePart}


@dataclass(frozen=True, kw_only=True)
class StageRecord(ManifestPart):
    """A stage or timed step (see ``stage_names``); what only the pipeline asks is in ``further``.

    Attributes:
        name: its name.
        key: a digest of all it depends on.
        seconds: what its parts took.
        peak_rss_bytes: the most memory that the process had had by its end.
        n_classes: of logits: how many classes, 0 where there are none.
        head: of activations: whether the weights of a linear head are there.
        path: its directory, below the run's; None of a step that keeps nothing.
    """

    name: str | None = None
    key: str | None = None
    seconds: Mapping[str, float]
    peak_rss_bytes: int | None = None
    n_classes: int | None = None
    head: bool | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Results(ManifestPart):
    """The folder of the tables, below the run's, and the digest of each."""

    path: str
    digests: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Manifest(ManifestPart):
    """All that shaped a run.

    Attributes:
        format: of the manifest.
        made: when.
        versions: of Python, the platform, and packages.
        model: the network.
        preprocessing: of images: the fields of ``models.Preprocessing``; None of sentences.
        words: of sentences: which words became concepts; None of images.
        reading: of running text: how documents became positions, and which concepts they got.
        recording: how activations were recorded.
        modality: the name of the modality, where another package brought it; None of ours.
        level: what a position is: in an ``image``, a ``pair``, or a ``token``, or what else a
            modality calls it.
        data: the samples.
        folds: folds of samples, in which positions are counted.
        min_active: share of positions on which a unit must be active to be explained.
        unit_of_count: what counted once, a ``position`` or a ``sample``.
        least_active_positions: active positions, and
        least_active_groups: groups of samples with one, below which there is too little data.
        relations: for each name of a relation, concepts with those that they stand for.
        context: which concepts look around: operators, of which categories or concepts, and the
            least support; None where none does.
        concepts_by: sources of concepts that the user added; None where there are none.
        directions: what stands in the place of the layer's units; None where they were explained.
        search: how formulas were searched for.
        store: whether activations were kept.
        trust: how trust was measured; None where it was not.
        layers: the explained layers.
        notes: sentences that a reader of results should know.
        results: where the tables lie; None of older runs, where they lie beside the manifest.
        stages: all stages and timed steps.
        seconds: what the last start took.
        peak_rss_bytes: the most memory that the process had.
    """

    format: int = FORMAT
    made: str
    versions: Mapping[str, str]
    model: ModelSource
    preprocessing: Mapping[str, Any] | None = None
    words: WordsPart | None = None
    reading: Mapping[str, Any] | None = None
    recording: RecordingPart
    modality: str | None = None
    level: str
    data: DataSource
    folds: int | None = None
    min_active: float | None = None
    unit_of_count: str = "position"
    least_active_positions: int | None = None
    least_active_groups: int | None = None
    relations: Mapping[str, Mapping[str, Any]] | None = None
    context: Mapping[str, Any] | None = None
    concepts_by: tuple[ConceptOrigin, ...] | None = None
    directions: DirectionsSource | None = None
    search: Searched
    store: bool = True
    trust: Trusted | None = None
    layers: Mapping[str, LayerRecord]
    notes: tuple[str, ...] = ()
    results: Results | None = None
    stages: Mapping[str, StageRecord]
    seconds: float | None = None
    peak_rss_bytes: int

    _PARTS: ClassVar[Mapping[str, type[ManifestPart]]] = {
        "model": ModelSource,
        "words": WordsPart,
        "recording": RecordingPart,
        "data": DataSource,
        "directions": DirectionsSource,
        "search": Searched,
        "trust": Trusted,
        "results": Results,
    }
    _NAMED: ClassVar[Mapping[str, type[ManifestPart]]] = {
        "layers": LayerRecord,
        "stages": StageRecord,
    }
    _LISTED: ClassVar[Mapping[str, type[ManifestPart]]] = {"concepts_by": ConceptOrigin}
    _LEFT_OUT: ClassVar[tuple[str, ...]] = (
        "preprocessing", "words", "reading", "modality", "context", "concepts_by", "directions",
    )  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a ``manifest.json``.

        Raises:
            RunError: it is of an unknown format, or damaged; the message names the first wrong
                field.
        """
        manifest = cls.from_json(parse_json(path), path)  # says which field is wrong
        check_digest(path)
        return manifest

    @classmethod
    def from_json(cls, values: object, path: Path) -> Manifest:
        """From what a ``manifest.json`` holds.

        Args:
            values: the JSON.
            path: the file, for messages.

        Raises:
            RunError: as of :meth:`read`.
        """
        # asked first, since a manifest of another format may have other fields
        found = values.get("format") if isinstance(values, dict) else FORMAT
        if found != FORMAT:
            raise RunError(
                f"{path.parent} is a run of format {found!r}, this version reads format "
                f"{FORMAT!r}; make the run again with this version"
            )
        return cls.of(check_manifest(values, path))


def is_of_a_run(path: Path) -> bool:
    """Whether a file is the manifest of a finished run, however damaged its fields may be."""
    found = _whatever(path)
    return found.get("format") == FORMAT and "stages" in found


def noted_digests(path: Path) -> Mapping[str, str] | None:
    """The digests of tables in a manifest that may be damaged; None if it has none."""
    results = _whatever(path).get("results")
    digests = results.get("digests") if isinstance(results, dict) else None
    if not isinstance(digests, dict):
        return None
    return {name: str(digest) for name, digest in digests.items()}


def _whatever(path: Path) -> dict[str, Any]:
    with suppress(RunError):
        return parse_json(path)
    return {}
