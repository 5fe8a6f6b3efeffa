"""Write any set of annotated images as a label-map folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.data.images.dataset import FolderData
from andornot.data.images.files import IMAGE_SUFFIXES
from andornot.data.images.labelmaps import NewSample, write_labelmaps


def convert(data: FolderData, out: Path, jobs: int | None = None) -> FolderData:
    """Write a data set as a label-map folder, with the same concepts at the same positions.

    Image files are copied as they are. Several maps of one layer and image become layers of their
    own (``object``, ``object 2``), and colours taken from the pixels the layer ``color``.

    Args:
        data: the data set.
        out: a folder that does not exist yet.
        jobs: threads that read; all cores if not given.

    Returns:
        The new data set, as read back.

    Raises:
        DataError: a file cannot be read.
        RunError: ``out`` cannot be written; nothing is left of it.
        OptionError: ``out`` exists, or a concept's name cannot be written.
    """
    concepts = {
        name: ";".join(several) for name, several in zip(data.names, data.categories, strict=True)
    }
    names = _names(data.sample_ids)
    new = ordered_map(lambda i: _new_sample(data, i, names[i]), range(len(data)), jobs)

    def samples() -> Iterator[NewSample]:
        yield from track(new, "writing label maps", len(data))

    return write_labelmaps(out, concepts, samples())


def _names(ids: Sequence[str]) -> list[str]:
    """Names without suffix, all different: ``a.jpg`` is ``a``, unless there is an ``a.png``."""
    stems = [i.rpartition(".")[0] if i.lower().endswith(IMAGE_SUFFIXES) else i for i in ids]
    times = Counter(stems)
    taken = {stem for stem in stems if times[stem] == 1}
    return [
        stem if times[stem] == 1 else _untaken(i.replace(".", "_"), taken)
        for stem, i in zip(stems, ids, strict=True)
    ]


def _untaken(name: str, taken: set[str]) -> str:
    """The name, or the first of ``name 2``, ``name 3``, ... that is not taken; it is then."""
    numbered = (f"{name} {number}" for number in count(2))
    free = next(found for found in chain([name], numbered) if found not in taken)
    taken.add(free)
    return free


def _new_sample(data: FolderData, i: int, name: str) -> NewSample:
    """Read one sample for writing."""
    sample, labels = data.samples[i], data.labels(i)
    maps = dict(zip(_distinct(labels.layers), labels.maps, strict=True))
    if not maps:  # without any map, the positions would be the image's pixels
        maps = {next(iter(data.codes), "object"): np.zeros(labels.shape, np.int32)}
    return NewSample(
        name=name,
        image=data.file(sample.image),
        maps=maps,
        concepts=[data.names[c] for c in labels.concepts],
        split=sample.split,
        label=sample.label,
        group=sample.group,
    )


def _distinct(layers: Sequence[str]) -> list[str]:
    """Names of folders: the second ``object`` becomes ``object 2``."""
    plain = [re.sub(r"[^\w .-]", "_", layer).strip(". ") or "layer" for layer in layers]
    taken: set[str] = set()
    return [_untaken(name, taken) for name in plain]
