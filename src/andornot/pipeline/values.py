"""What the steps of a run hand on to each other: frozen values, each of which one step makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.ranges import Ranges
from andornot.counting.responses import LayerCounts, Responses
from andornot.counting.stores import Shards
from andornot.counting.thresholds import Threshold
from andornot.results.result import Result
from andornot.runs.cache import Stage


@dataclass(frozen=True)
class DataEdition:
    """Which edition of the data files a run is made from (see ``editions``).

    Attributes:
        key: digest of the samples, as sizes and times of their files tell.
        stage: where it is noted what the files held.
        labels: the edition of what the concept table is made from.
        images: the edition of what the network is shown.
    """

    key: str
    stage: Stage
    labels: str
    images: str


@dataclass(frozen=True, eq=False)
class Concepts:
    """The concept table, with the user's relations.

    Attributes:
        data: the edition of the data that it is of.
        stage: where it lies.
        table: the table, with all positions.
        scored: the table that formulas are scored on: where each sample counts once, that of
            samples (see ``ConceptTable.by_sample``); else ``table`` itself.
    """

    data: DataEdition
    stage: Stage
    table: ConceptTable
    scored: ConceptTable

    @property
    def by_sample(self) -> bool:
        """Whether samples are counted, which have several positions."""
        return self.scored is not self.table


@dataclass(frozen=True)
class NetworkStages:
    """Where lies what the network gives; of what is not done nothing, or a part.

    Attributes:
        layers: for each layer its activations, or what is known of them where none are stored.
        logits: the logits of all samples.
        trial: what was found when the network was tried on a few.
    """

    layers: Mapping[str, Stage]
    logits: Stage
    trial: Stage


@dataclass(frozen=True)
class CountPlace:
    """Where a layer's thresholds and counts lie.

    Attributes:
        rule: where its units count as active.
        stage: the place.
    """

    rule: Threshold | Ranges
    stage: Stage


@dataclass(frozen=True)
class RecordedLayer:
    """A layer through which all samples have gone.

    Attributes:
        name: as the user gave it.
        stage: where its activations lie, if they are stored, and the weights of a head behind it.
        units: those that are to be explained, each once.
        map_shape: height and width of its maps.
        counts: where its counts lie, if no activations are stored; else they come later.
    """

    name: str
    stage: Stage
    units: tuple[int, ...]
    map_shape: tuple[int, int]
    counts: CountPlace | None = None

    @property
    def shards(self) -> Shards:
        """Its activations, if they are stored."""
        return self.stage.shards


@dataclass(frozen=True)
class RecordedNetwork:
    """What the network gave for all samples.

    Attributes:
        layers: the layers, in the order in which the user named them.
        logits: where the logits lie.
        company: how far what a layer gives hangs on the other samples of its batch, as a share of
            how far its values spread, where it does; the logits go by ``""`` (see ``steady``).
    """

    layers: tuple[RecordedLayer, ...]
    logits: Stage
    company: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class CountedLayer:
    """A layer whose units are counted on all atoms.

    Attributes:
        layer: the layer.
        place: where the counts lie, with the arrays beside them.
        responses: the counts, of all units of the layer.
        status: for each unit ``"ok"`` or why it cannot be explained.
    """

    layer: RecordedLayer
    place: CountPlace
    responses: Responses
    status: tuple[str, ...]

    @property
    def rule(self) -> Threshold | Ranges:
        """Where its units count as active."""
        return self.place.rule

    @property
    def key(self) -> str:
        """What tells these counts from others."""
        return self.place.stage.key

    @property
    def counts(self) -> LayerCounts:
        """The counts by atom, with those by sample that lie beside them."""
        return LayerCounts(self.responses, self.array("areas"), self.array("peaks"))

    def array(self, name: str) -> NDArray[Any]:
        """An array that lies beside the counts, such as ``thresholds``.

        Raises:
            DamagedError: it is damaged or lost.
        """
        return read_array(self.place.stage.path / f"{name}.npy")


@dataclass(frozen=True)
class ExplainedLayer:
    """What was found of a layer.

    Attributes:
        layer: the layer.
        rule: where its units counted as active.
        result: their explanations.
    """

    layer: RecordedLayer
    rule: Threshold | Ranges
    result: Result
