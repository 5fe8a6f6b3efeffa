"""Look through a data set before anyone waits for a run: what is in it, and what is suspicious."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.concepts.provenance import told
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.data.check import DataCheck
from andornot.data.images.dataset import FolderData
from andornot.data.images.table import read_atoms
from andornot.data.samples import about_groups
from andornot.data.sources.summed import Summed
from andornot.errors import AndornotError

SHOWN = 5
"""Most names that a line lists."""


@dataclass(frozen=True)
class _Seen:
    """What one sample holds; with an error, nothing else counts."""

    digest: bytes = b""
    size: tuple[int, int] = (0, 0)
    atoms: tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.int32]] | None = None
    shape: tuple[int, int] = (0, 0)
    error: str = ""


@dataclass
class _Tally:
    """What all samples together hold, while they are read."""

    builder: TableBuilder
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    shapes: Counter[tuple[int, int]] = field(default_factory=Counter)
    twins: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    samples_of: Counter[int] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)


def check_images(data: FolderData, jobs: int | None = None) -> DataCheck:
    """Read every image and every label map of a data set once.

    Args:
        data: the data set.
        jobs: threads; all cores if not given.
    """
    tally = _Tally(TableBuilder(data.names, data.categories))
    seen = ordered_map(lambda i: _look(data, i), range(len(data)), jobs)
    for i, sample in enumerate(track(seen, "looking at the data", len(data))):
        if sample.atoms is None:
            tally.unreadable.append(sample.error)
            continue
        codes, indptr, indices = sample.atoms
        tally.builder.add_local(codes, indptr, indices, sample.shape, keep_codes=False)
        tally.sizes[sample.size] += 1
        tally.shapes[sample.shape] += 1
        tally.twins[sample.digest].append(i)
        tally.samples_of.update(np.unique(indices).tolist())
    table = tally.builder.table(tally.builder.fold_counts(1), None)
    warnings = [
        *_about_maps(data),
        *_about_concepts(table, tally.samples_of),
        *_about_names(data.names),
        *_about_twins(data.splits, [twins for twins in tally.twins.values() if len(twins) > 1]),
        *_about_labels(table, data),
    ]
    return DataCheck(_facts(data, table, tally), tuple(warnings), tuple(tally.unreadable))


def _look(data: FolderData, i: int) -> _Seen:
    """Read one sample; what goes wrong is noted, for the others are to be seen too."""
    try:
        file = data.samples[i].image
        size = data.image(i).size
        codes, indptr, indices, shape, _ = read_atoms(data, i)
        digest = hashlib.blake2b(data.file(file).read_bytes(), digest_size=16).digest()
    except AndornotError as error:
        return _Seen(error=str(error))
    return _Seen(digest, size, (codes, indptr, indices), shape)


def _facts(data: FolderData, table: ConceptTable, tally: _Tally) -> dict[str, str]:
    """What is there."""
    layers = Counter(layer for s in data.samples for layer in data.layers_of(s))
    groups = Counter(category for several in data.categories for category in several)
    largest = ", ".join(f"{category} {n:,}" for category, n in groups.most_common(2 * SHOWN))
    counts, total = table.concept_counts, max(table.n_positions, 1)
    order = np.argsort(-counts, kind="stable")[:SHOWN]
    common = (f"{table.names[c]} {counts[c] / total:.1%}" for c in order if counts[c])
    return {
        "kind": f"{data.kind}:{data.path}",
        "samples": f"{len(data):,}",
        "groups": about_groups(data.groups),
        "splits": _counted(data.splits) or "none",
        "classes": f"{len(set(data.classes) - {''}):,}",
        "images": _spread(tally.sizes),
        "label maps": _spread(Counter({(w, h): n for (h, w), n in tally.shapes.items()})),
        "layers": ", ".join(f"{layer} ({n:,})" for layer, n in layers.items()) or "none",
        "concepts": f"{table.n_concepts:,} ({largest}{', ...' if len(groups) > 2 * SHOWN else ''})",
        "labels": told(Summed(data.sources).provenance),
        "that occur": f"{np.count_nonzero(counts):,}",
        "most frequent": ", ".join(common) or "none",
        "positions": f"{table.n_positions:,}, {_unlabelled(table):.1%} without any concept",
        "atoms": f"{table.n_atoms:,} (what formulas can tell apart)",
    }


def _counted(words: Iterable[str]) -> str:
    """How often each word occurs; empty words count as nothing."""
    return ", ".join(f"{word} {n:,}" for word, n in Counter(words).most_common() if word)


def _spread(sizes: Counter[tuple[int, int]]) -> str:
    """One size, or the range of several."""
    if not sizes:
        return "none that can be read"
    first, second = ([size[axis] for size in sizes] for axis in (0, 1))
    if len(sizes) == 1:
        return f"{first[0]} x {second[0]}"
    return (
        f"{len(sizes):,} sizes, from {min(first)} to {max(first)} x {min(second)} to {max(second)}"
    )


def _unlabelled(table: ConceptTable) -> float:
    """The share of positions without any concept."""
    empty = np.diff(table.indptr) == 0
    return float(table.counts[empty].sum() / max(table.n_positions, 1))


def _about_maps(data: FolderData) -> Iterable[str]:
    """Images that lack a map which the others have."""
    layers = dict.fromkeys(layer for sample in data.samples for layer in data.layers_of(sample))
    for layer in layers:
        without = [s.id for s in data.samples if layer not in data.layers_of(s)]
        if 0 < len(without) <= len(data) // 2:
            shown = ", ".join(without[:SHOWN]) + (", ..." if len(without) > SHOWN else "")
            yield (
                f"{len(without):,} of {len(data):,} images have no map in {layer} ({shown}): none "
                "of its concepts counts as present there."
            )


def _about_concepts(table: ConceptTable, samples_of: Mapping[int, int]) -> Iterable[str]:
    """Concepts that hold everywhere, nowhere, once, or where another does."""
    counts = table.concept_counts
    if not table.n_positions:
        return
    everywhere = [table.names[c] for c in np.flatnonzero(counts == table.n_positions)]
    if everywhere:
        yield (
            f"{_named(everywhere)} on every position: such a concept tells nothing apart; leave it "
            "out, or is the id 0 meant as 'no label'?"
        )
    never = [table.names[c] for c in np.flatnonzero(counts == 0)]
    if never:
        yield f"{_named(never)} nowhere: right for a subset, otherwise check the ids."
    once = [table.names[c] for c, n in sorted(samples_of.items()) if n == 1]
    if once and len(table.names) > 1:
        yield f"{_named(once)} in one sample only: formulas with it will not carry over."
    for group in _same(table):
        yield (
            f"{' and '.join(table.names[c] for c in group[:SHOWN])} hold at exactly the same "
            "positions: no formula can tell them apart."
        )


def _same(table: ConceptTable) -> list[list[int]]:
    """Groups of concepts that occur and have the same atoms."""
    indptr, atoms = table.by_concept
    groups: dict[bytes, list[int]] = {}
    for concept in range(table.n_concepts):
        mine = atoms[indptr[concept] : indptr[concept + 1]]
        if len(mine):
            groups.setdefault(mine.tobytes(), []).append(concept)
    return [group for group in groups.values() if len(group) > 1]


def _named(names: Sequence[str]) -> str:
    """Some names, and how many there are: ``3 concepts (a, b, c) hold``."""
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    one = len(names) == 1
    return f"{len(names):,} concept{'' if one else 's'} ({shown}) hold{'s' if one else ''}"


def _about_names(names: Sequence[str]) -> Iterable[str]:
    """Names that differ by case, blanks and signs only."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(re.sub(r"[\W_]+", "", name.casefold()) or name, []).append(name)
    for group in alike.values():
        if len(group) > 1:
            yield (
                f"the names {', '.join(map(repr, group[:SHOWN]))} differ by case or signs only: "
                "if they mean one thing, call them the same."
            )


def _about_twins(splits: Sequence[str], groups: Sequence[Sequence[int]]) -> Iterable[str]:
    """Images that are there more than once."""
    across = [g for g in groups if len({splits[i] for i in g}) > 1]
    if across:
        names = sorted({splits[i] or "(none)" for g in across for i in g})
        yield (
            f"{len(across):,} images are the same file in several splits ({', '.join(names)}): "
            "what is found on one split is not tested by the other."
        )
    if len(groups) > len(across):
        yield (
            f"{len(groups) - len(across):,} images are there several times within one split: they "
            "count as often."
        )


def _about_labels(table: ConceptTable, data: FolderData) -> Iterable[str]:
    """Positions without concepts, samples without a class."""
    share = _unlabelled(table)
    if share > 0.5:
        yield f"{share:.1%} of all positions have no concept: units may fire where nobody looked."
    missing = data.classes.count("")
    if 0 < missing < len(data):
        yield f"{missing:,} samples have no class, the others have one."
