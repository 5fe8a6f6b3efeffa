"""A run on disk: what was explained, how, and everything that later analyses need.

RUN/manifest.json           all that shaped the run, timings, where the parts lie
RUN/results/KEY/            the tables that belong to the manifest, which names this folder:
    explanations.parquet    a row for each unit
    explanations.json       the same with runners-up and the best of every shorter length
    samples.parquet         a row for each sample: id, split, class, group, fold, prediction
RUN/explanations.parquet    copies of these three
RUN/cache/...               concept table, activations, logits, responses, keyed by content
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import as_path, is_one_of, whole_number
from andornot._tools.folders import check_inside, verify
from andornot._tools.lazy import resolve
from andornot._tools.reading import read_array, read_json
from andornot._tools.shown import Shown
from andornot._tools.words import nearest, shortened
from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses, known_positions
from andornot.counting.stores import Shards
from andornot.data.modality import Level, Modality
from andornot.data.registry import modality_of_run
from andornot.errors import DamagedError, DataError, OptionError, RunError, quoted
from andornot.explainer import score_responses
from andornot.formula import Formula
from andornot.measures.scores import Counts
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.results.unit_score import UnitScore
from andornot.runs import stage_names
from andornot.runs.commit import EXPLANATIONS, SAMPLES
from andornot.runs.head_weights import unit_weights
from andornot.runs.manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS = "directions.npy"
"""Where the directions that stand in the place of a layer's units lie, in its stage."""


def check_run(given: object, what: str = "run") -> None:
    """Refuse what is no run.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(given, Run):
        raise OptionError(f"{what} is {quoted(given)}; give a Run, such as Run.open reads")


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run, read from its directory.

    Methods that take a layer need none where the run has only one, and raise an OptionError where
    there is no such layer. Where a file of the run is lost or damaged, they raise a RunError, or a
    DataError if it is of the concept table or of the responses.

    Attributes:
        path: the directory.
        record: everything that shaped the run; what JSON holds of it is taken too.
        trust_code: whether code may run that the manifest names, such as a network's Python file.

    Raises:
        RunError: what JSON holds is no sound manifest.

    Examples:
        >>> run.layers
        ('relu',)
        >>> print(run.result()[3])
        unit 3, not tested: red OR yellow (held-out IoU 1.000)
        >>> run.score(3, "red").counts
        Counts(tp=354, fp=0, fn=54, tn=1128)
        >>> run.responses().totals, run.thresholds()
        (array([354, 354,  54, 408]), array([0., 0., 0., 0.]))
        >>> run.concepts.names
        ('red', 'green', 'blue', 'yellow')
        >>> list(run.samples.columns)
        ['sample', 'split', 'class', 'group', 'fold', 'prediction', 'predicted_class']
    """

    path: Path
    record: Manifest
    trust_code: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        given: object = self.record
        if not isinstance(given, Manifest):
            object.__setattr__(self, "record", Manifest.from_json(given, self.path / MANIFEST))

    @classmethod
    def open(cls, path: str | Path, *, trust_code: bool = False) -> Run:
        """Open a run directory.

        Args:
            path: the directory.
            trust_code: whether code may run that the manifest names, where the network or the
                samples are loaded again (see ``runs.code``).

        Raises:
            RunError: there is no finished run, one of an unknown format, or a damaged one.

        Examples:
            >>> Run.open(run.path).layers
            ('relu',)
            >>> Run.open("squares")
            Traceback (most recent call last):
                ...
            andornot.errors.RunError: squares holds no finished run (no manifest.json); make one
            with andornot explain
        """
        path = as_path(path, "the run")
        if not (path / MANIFEST).exists():
            raise RunError(
                f"{path} holds no finished run (no manifest.json); make one with andornot explain"
            )
        return cls(path, Manifest.read(path / MANIFEST), trust_code)

    def __repr__(self) -> str:
        told = ", ".join(f"{f.units:,} units of {n}" for n, f in self.record.layers.items())
        return f"<Run {self.path}: {shortened(told, 400)}>"

    @property
    def manifest(self) -> dict[str, Any]:
        """A copy of ``manifest.json``: everything that shaped the run, in plain values."""
        return self.record.as_json()

    @property
    def level(self) -> str:
        """What a position is: in an ``image``, a ``pair``, a ``token``, or what else there is."""
        return self.record.level

    @cached_property
    def modality(self) -> Modality:
        """What is known of its modality, such as images.

        Raises:
            RunError: another package brought it, and is not installed here.
        """
        return modality_of_run(self.record.modality, self.level)

    @property
    def positions(self) -> Level:
        """What its positions are: their name, and what can be done with them.

        Where each sample counts once, these are called as samples are.

        Raises:
            RunError: as of :attr:`modality`.
        """
        level, sample = self.modality.level(self.level), self.modality.sample
        if not self.by_sample:
            return level
        return replace(level, position=sample, place=level.where, counted=False)

    @property
    def by_sample(self) -> bool:
        """Whether each sample counts once, and not each position (``unit_of_count``)."""
        return self.record.unit_of_count == "sample"

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the network's classes, in the order of its logits; None if it names none."""
        return self.record.model.class_names

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the explained layers."""
        return tuple(self.record.layers)

    def layer(self, name: str | None = None) -> str:
        """A layer's name, checked; the only one if none is given.

        Raises:
            OptionError: the run has no such layer, or several and none was named.
        """
        if name is None and len(self.layers) == 1:
            return self.layers[0]
        if not is_one_of(name, self.layers):
            got = name if isinstance(name, str | None) else quoted(name)
            meant = nearest(name, self.layers) if isinstance(name, str) else ""
            raise OptionError(
                f"choose one of this run's layers: {', '.join(self.layers)} (got {got}){meant}"
            )
        return str(name)

    def _part(self, stage: str) -> Path:
        return self._inside(str(self.record.stages[stage].path))

    def table_file(self, name: str) -> Path:
        """Where a table of this run lies, such as ``samples.parquet``.

        It is the one that belongs to the manifest. The files beside the manifest are copies for
        people (in runs of before they are the tables themselves).
        """
        results = self.record.results
        return self.path / name if results is None else self._inside(f"{results.path}/{name}")

    def _inside(self, name: str) -> Path:
        # a manifest may come from anybody: what it names must lie inside the run
        return check_inside(self.path, self.path / name)

    def place(self, *names: str) -> Path:
        """Where pages or tables on this run go if the user names no other folder.

        Raises:
            RunError: a link is in its place: a run may come from elsewhere.
        """
        return check_inside(self.path, self.path.joinpath(*names))

    def read_table(self, name: str) -> pd.DataFrame:
        """Read a table of this run, such as ``samples.parquet``.

        Raises:
            DamagedError: it is lost or damaged.
        """
        import pandas as pd

        path = self.table_file(name)
        try:
            verify(path)
            return pd.read_parquet(path)
        except Exception as error:  # pyarrow raises almost anything on a damaged file
            raise DamagedError(path, error) from error

    @cached_property
    def concepts(self) -> ConceptTable:
        """The concept table that formulas are scored on; of samples, where each counts once."""
        return self.at_positions.by_sample() if self.by_sample else self.at_positions

    @cached_property
    def at_positions(self) -> ConceptTable:
        """The concept table with all positions, whatever counts once."""
        return ConceptTable.load(self.concept_folder)

    @property
    def concept_folder(self) -> Path:
        """Where the concept table lies, with what a modality keeps beside it."""
        return self._part(stage_names.CONCEPTS)

    @cached_property
    def shown_positions(self) -> AtomMap:
        """The atom of :attr:`concepts` on each position of each sample, as it is shown.

        Where each sample counts once, a formula holds on all positions of a sample or on none.
        """
        here, there = known_positions(self.concepts), known_positions(self.at_positions)
        return here.stretched(there) if self.by_sample else here

    def responses(self, layer: str | None = None) -> Responses:
        """Active positions of each unit by atom and fold; samples, where each counts once."""
        if self.by_sample:
            return Responses.from_masks((self.areas(layer) > 0).T, self.concepts)
        return Responses.load(self._counted(layer) / "responses.npz")

    def thresholds(self, layer: str | None = None) -> NDArray[np.float64]:
        """The threshold of each unit, ``(n_units,)``."""
        return self._array(layer, "thresholds")

    def areas(self, layer: str | None = None) -> NDArray[np.int32]:
        """Active positions of each unit in each sample, ``(n_samples, n_units)``.

        Examples:
            >>> run.areas()[:2]  # red on 25 positions of the first picture, blue on 9 of the second
            array([[25,  9,  0, 25],
                   [ 0, 25,  9,  0]], dtype=int32)
        """
        return self._array(layer, "areas")

    def peaks(self, layer: str | None = None) -> NDArray[np.float32]:
        """Largest activation of each unit in each sample, ``(n_samples, n_units)``.

        Examples:
            >>> run.peaks().shape, run.extremes().tolist()
            ((24, 4), [[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
        """
        return self._array(layer, "peaks")

    def extremes(self, layer: str | None = None) -> NDArray[np.float32]:
        """Smallest and largest activation of each unit, ``(2, n_units)``."""
        return self._array(layer, "extremes")

    def _array(self, layer: str | None, name: str) -> NDArray[Any]:
        return read_array(self._counted(layer) / f"{name}.npy")

    def _counted(self, layer: str | None) -> Path:
        """Where thresholds and counts of a layer lie."""
        return self._part(stage_names.responses(self.layer(layer)))

    def activations(self, layer: str | None = None) -> Shards:
        """The recorded activations, a row for each sample, or for each token.

        They are indexed as an array of shape ``(rows, units, height, width)`` and stay on the disk
        until then; ``np.asarray`` reads all of them. :meth:`values` gives those of one sample.

        Raises:
            RunError: they were not stored, or some of them are gone.

        Examples:
            >>> activations = run.activations()
            >>> activations.shape
            (24, 4, 8, 8)
            >>> activations[0, 0, :2]  # of unit 0 on the upper rows of the first picture
            array([[1., 1., 1., 1., 1., 0., 0., 0.],
                   [1., 1., 1., 1., 1., 0., 0., 0.]], dtype=float32)
        """
        if not self.record.store:
            raise RunError(
                f"{self.path} kept no activations, which this needs; repeat andornot explain "
                "without --no-store"
            )
        shards = Shards(self._part(stage_names.activations(self.layer(layer))) / "shards")
        found, samples = shards.n_rows, len(self.samples)
        if found not in (samples, self.at_positions.n_positions):
            raise RunError(
                f"{shards.directory} lacks recorded activations (it holds {found:,} rows, the run "
                f"has {samples:,} samples); repeat andornot explain, it records them again"
            )
        return shards

    def values(self, sample: int, layer: str | None = None) -> NDArray[np.float32]:
        """The activations of one sample, ``(n_units, height, width)``.

        An image has a map of the layer's native size, a sentence pair one value, or one for each
        token in a single row.

        Raises:
            OptionError: there is no such sample; samples go by their numbers here, not by ids.
            RunError: the activations were not stored, or some of them are gone.

        Examples:
            >>> run.values(0).shape
            (4, 8, 8)
            >>> run.values(0)[:, 0, 0]
            array([1., 0., 0., 1.], dtype=float32)
        """
        if not 0 <= whole_number(sample, "sample (its number in run.samples)") < len(self.samples):
            raise OptionError(
                f"there is no sample {sample} in {self.path}; it has samples 0 to "
                f"{len(self.samples) - 1}"
            )
        shards, positions = self.activations(layer), self.at_positions.positions
        if positions is None or shards.n_rows == positions.n_samples:
            values: NDArray[np.float32] = shards.rows(sample, sample + 1)[0]
            return values
        first, last = map(int, positions.offsets[sample : sample + 2])
        return np.concatenate(list(shards.rows(first, last)), axis=2)

    @cached_property
    def logits(self) -> NDArray[np.float32] | None:
        """Logits of the model's head, ``(n_samples, n_classes)``; None if it has none."""
        path = self._part(stage_names.LOGITS) / "logits.npy"
        return read_array(path) if self.record.stages[stage_names.LOGITS].n_classes else None

    @cached_property
    def samples(self) -> pd.DataFrame:
        """A row for each sample: id, split, class, group, fold, prediction."""
        return self.read_table(SAMPLES)

    def head_weights(self, layer: str | None = None) -> NDArray[np.float32] | None:
        """Weights from units to classes, ``(n_classes, n_units)``, where a linear head follows.

        Raises:
            RunError: the run recorded them, and they are gone.
        """
        stage = stage_names.activations(self.layer(layer))
        path, noted = self._part(stage) / "head.npy", self.record.stages[stage].head
        if noted and not path.exists():
            raise RunError(f"{path} is gone; repeat andornot explain, it records it again")
        return read_array(path) if path.exists() else None

    def directions(self, layer: str | None = None) -> NDArray[np.float64] | None:
        """The directions that were explained, ``(units of the layer, directions)``.

        None where the layer's own units were.

        Raises:
            DamagedError: they are gone, or damaged.
        """
        if self.record.directions is None:
            return None
        return read_array(self._part(stage_names.activations(self.layer(layer))) / DIRECTIONS)

    def class_weights(self, layer: str | None = None) -> dict[str, NDArray[np.float32]]:
        """For each class the weight of each unit to it; empty where no linear head follows.

        Examples:
            >>> for name, weights in run.class_weights().items():
            ...     print(name, weights)
            fire [9. 0. 0. 0.]
            grass [0. 9. 0. 0.]
            >>> run.head_weights().shape, run.logits.shape
            ((2, 4), (24, 2))
        """
        return unit_weights(self.head_weights(layer), self.class_names)

    @cached_property
    def _explanations(self) -> dict[str, list[dict[str, Any]]]:
        path = self.table_file(EXPLANATIONS[1])
        layers = read_json(path).get("layers")
        if not isinstance(layers, dict):
            raise DamagedError(path, "it holds no layers")
        return layers

    def result(self, layer: str | None = None) -> Result:
        """The explanations of a layer, with the options that they were searched for with."""
        name = self.layer(layer)
        if name not in self._results:
            try:
                rows = [Explanation.from_dict(row) for row in self._explanations[name]]
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                path = self.table_file(EXPLANATIONS[1])
                raise DamagedError(path, f"{error!r} in the layer {name}") from error
            found = Result.of_rows(rows)
            self._results[name] = replace(
                found, search=self.record.search.options(), table=self._table_digest
            )
        return self._results[name]

    @cached_property
    def _table_digest(self) -> str | None:
        """What tells the concept table from others; None where it is lost or damaged."""
        with suppress(DataError, RunError, OSError):
            if self.by_sample:
                return self.concepts.digest
            return ConceptTable.digest_in(self._part(stage_names.CONCEPTS))
        return None

    @cached_property
    def _results(self) -> dict[str, Result]:
        """The results read so far: parsing thousands of formulas takes a while."""
        return {}

    @property
    def known_only(self) -> bool:
        """Whether each formula is scored only where all its concepts are known."""
        return bool(self.record.search.known_only)

    def counted_atoms(self, formula: Formula) -> NDArray[np.bool_]:
        """The atoms on which a formula is scored, bool ``(n_atoms,)``; all, unless ``known_only``.

        Raises:
            FormulaError: the formula names an unknown concept.
        """
        table = self.concepts
        return table.known_atoms(formula) if self.known_only else np.ones(table.n_atoms, np.bool_)

    def show(
        self, unit: int, layer: str | None = None, *, n_samples: int = 8, data: Any = None
    ) -> Shown:
        """A unit as a notebook shows it: verdict, formula, and the samples that show it.

        All of it lies in the notebook itself, pictures too, about 10 KB for each.

        Args:
            unit: its number.
            layer: its layer; not needed if there is only one.
            n_samples: how many images or sentences to show, at most.
            data: what the run was made from; found again by the manifest if not given.

        Raises:
            OptionError: there is no such layer or unit, or ``n_samples`` is below 1.
            DataError: the samples of the run cannot be opened.

        Examples:
            >>> shown = run.show(0)  # as the last line of a cell, it shows itself
            >>> "red" in str(shown), "<img" in shown.html
            (True, True)
        """
        shown: Shown = resolve("andornot.report.notebook:show_unit")(
            self, unit, layer, n_samples, data
        )
        return shown

    def gallery(
        self, n: int = 12, layer: str | None = None, *, n_samples: int = 3, data: Any = None
    ) -> Shown:
        """The first units of a layer as a notebook shows them, with what excites each most.

        Args:
            n: how many units, those of the best verdict first.
            layer: the layer; not needed if there is only one.
            n_samples: how many images or sentences to show of each.
            data: what the run was made from; found again by the manifest if not given.

        Raises:
            OptionError: there is no such layer, ``n`` is below 0, or ``n_samples`` below 1.
            DataError: the samples of the run cannot be opened.

        Examples:
            >>> str(run.gallery(2)).splitlines()[0]
            '2 units of relu, by verdict, then by gain:'
        """
        shown: Shown = resolve("andornot.report.notebook:show_gallery")(
            self, n, layer, n_samples, data
        )
        return shown

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        text: str = resolve("andornot.report.notebook:run_html")(self)
        return text

    def score(self, unit: int, formula: Formula | str, layer: str | None = None) -> UnitScore:
        """Counts and scores of any formula for a unit, over all samples and in each fold.

        In a run with ``known_only``, on the positions where all its concepts are known.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.
            OptionError: there is no such unit or layer.
        """
        layer, table = self.layer(layer), self.concepts
        formula, responses = table.parse(formula), self.responses(layer)
        if not 0 <= whole_number(unit, "unit") < responses.n_units:
            raise OptionError(
                f"there is no unit {unit} in {layer}; it has units 0 to {responses.n_units - 1}"
            )
        known_only = self.known_only
        whole = score_responses(formula, responses, unit, table, known_only)
        mask, k = table.mask(formula), responses.unit_folds(unit)
        there = self.counted_atoms(formula)
        mask &= there
        folds = tuple(
            Counts.of(
                int(k[mask, f].sum()),
                int(table.fold_counts[mask, f].sum()),
                int(k[there, f].sum()),
                int(table.fold_counts[there, f].sum()),
            )
            for f in range(table.n_folds)
        )
        return UnitScore.of(whole, folds, formula, int(unit))
