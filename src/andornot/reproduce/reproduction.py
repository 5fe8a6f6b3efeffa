"""All figures of one experiment: as a table, as JSON, and as a page to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andornot._tools.files import json_writer, text_writer, writing
from andornot._tools.folders import listed
from andornot._tools.lazy import resolve
from andornot._tools.tables import write_csv
from andornot.downloads.get import checksum
from andornot.reproduce.comparability import Comparability
from andornot.reproduce.figure import VERDICTS, Figure

if TYPE_CHECKING:
    import pandas as pd

    from andornot.runs.manifest import ManifestPart
    from andornot.runs.run import Run

FORMAT = 1
STEM = "reproduction"


@dataclass(frozen=True)
class Reproduction:
    """What came out of an experiment of the paper.

    Attributes:
        task: ``vision`` or ``nli``.
        run: the run behind it, for every command that takes one.
        standing: whether the paper's values belong to these data and this network.
        figures: each beside the paper's, in order.
        facts: settings, data, network, versions and times.
        remarks: what to keep in mind, a sentence each.
    """

    task: str
    run: Path
    standing: Comparability
    figures: tuple[Figure, ...]
    facts: dict[str, dict[str, Any]]
    remarks: tuple[str, ...]

    @property
    def title(self) -> str:
        """A line to put above it."""
        what = {"vision": "images (ResNet-18)", "nli": "sentence pairs (NLI)"}[self.task]
        return f"Compositional Explanations of Neurons: {what}, again"

    @property
    def summary(self) -> str:
        """How many figures have which verdict."""
        counts = Counter(figure.verdict for figure in self.figures)
        listed = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
        return f"{len(self.figures)} figures: {listed}."

    def groups(self) -> dict[str, list[Figure]]:
        """The figures by heading, in order."""
        groups: dict[str, list[Figure]] = {}
        for figure in self.figures:
            groups.setdefault(figure.group, []).append(figure)
        return groups

    def notes(self) -> dict[str, int]:
        """Each reason that is given, with its number, in the order of the figures."""
        reasons = dict.fromkeys(figure.why for figure in self.figures if figure.why)
        return {why: number for number, why in enumerate(reasons, start=1)}

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "format": FORMAT,
            "task": self.task,
            "run": str(self.run),
            "standing": asdict(self.standing) | {"sentence": self.standing.sentence},
            "summary": self.summary,
            "verdicts": dict(VERDICTS),
            "figures": [asdict(figure) for figure in self.figures],
            "remarks": list(self.remarks),
            **self.facts,
        }

    def to_frame(self) -> pd.DataFrame:
        """A row for each figure, its values as texts."""
        import pandas as pd

        return pd.DataFrame([figure.as_row() for figure in self.figures])

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write ``reproduction.csv``, ``.json`` and ``.md``.

        Returns:
            The files.

        Raises:
            RunError: the folder cannot be written to.
        """
        table = self.to_frame()
        writers: dict[str, Callable[[Path], object]] = {
            f"{STEM}.csv": partial(write_csv, table),
            f"{STEM}.json": json_writer(self.as_dict()),
            f"{STEM}.md": text_writer(resolve("andornot.reproduce.page:markdown")(self)),
        }
        with listed(folder) as ours, writing(Path(folder)):
            ours.check_free(writers)
            return tuple(ours.write(name, write) for name, write in writers.items())


def facts_of(run: Run, samples: str, seconds: float) -> dict[str, dict[str, Any]]:
    """What a run was made of, by heading.

    Args:
        run: the run.
        samples: digest of its samples.
        seconds: how long this start took; stages that were done before count in ``times`` only.
    """
    record, model, layer = run.record, run.record.model, run.layer()
    weights = Path(model.weights or model.spec)
    return {
        "settings": {"layer": layer, "min_active": record.min_active}
        | _some(record.search, "length", "beam_size", "search", "profile")
        | _all(record.layers[layer].threshold)
        | _all(record.words)
        | dict(record.preprocessing or {}),
        "data": _some(record.data, "kind", "path", "samples", "fingerprint")
        | {"samples_digest": samples},
        "network": _some(model, "spec", "weights", "fingerprint")
        | {"checksum": checksum(weights, "sha256") if weights.is_file() else None}
        | {"notes": "; ".join(model.notes) or None},
        "versions": dict(record.versions),
        "seconds": _times(run) | {"this start, all in all": round(seconds, 1)},
    }


def _some(part: ManifestPart, *names: str) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}


def _all(part: ManifestPart | None) -> dict[str, Any]:
    return {} if part is None else part.as_json()


def _times(run: Run) -> dict[str, float]:
    """Seconds by part of the work, those of earlier starts included."""
    times: Counter[str] = Counter()
    for stage in run.record.stages.values():
        times.update(stage.seconds)
    return {part: round(seconds, 1) for part, seconds in times.items()}
