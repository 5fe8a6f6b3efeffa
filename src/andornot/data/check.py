"""What a look through a data set found, of whatever modality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from andornot._tools.progress import track
from andornot.data.rows import are_rows, check_samples_say, labels_of, names_of_positions
from andornot.data.samples import Samples, about_groups, groups_of
from andornot.errors import AndornotError


@dataclass(frozen=True)
class DataCheck:
    """What a look through a data set found.

    Attributes:
        facts: what is there, by a word for each.
        warnings: what is suspicious, a sentence each.
        unreadable: why a sample cannot be used, a sentence for each such sample.
    """

    facts: Mapping[str, str]
    warnings: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON can say it."""
        return {
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "unreadable": list(self.unreadable),
        }


def check_samples(data: Samples, jobs: int | None = None) -> DataCheck:  # noqa: ARG001
    """Count what samples of any modality have in common, and read what rows of positions hold.

    Raises:
        DataError: the samples contradict themselves, so that none of them could be used.
    """
    check_samples_say(data)
    facts = {
        "kind": f"{data.kind}:{data.path}",
        "samples": f"{len(data):,}",
        "groups": about_groups(groups_of(data)),
        "splits": _counted(data.splits),
        "classes": _counted(data.classes),
    }
    return DataCheck(facts, (), _unreadable(data) if are_rows(data) else ())


def _unreadable(data: Any) -> tuple[str, ...]:
    """Why labels, or names of positions, of samples cannot be used."""
    found = []
    for sample in track(range(len(data)), "looking at the data", len(data)):
        try:
            names_of_positions(data, sample, labels_of(data, sample).shape[1])
        except AndornotError as error:
            found.append(str(error))
    return tuple(found)


def _counted(names: Sequence[str]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in Counter(names).items() if name) or "none"
