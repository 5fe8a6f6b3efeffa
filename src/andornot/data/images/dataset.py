"""Probing data: images, and for each the concepts that hold at each of its positions.

:class:`ProbingData` is what the rest of andornot asks of any data set. The readers of the
formats (``broden``, ``labelmaps``, ``coco``, ...) all return one class that answers it,
:class:`FolderData`; what differs between the formats ends there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.checks import has_halves
from andornot._tools.looks import check_file
from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.data.images.drawn import LAYER, Drawn, same_frame
from andornot.data.images.files import AnyFile, opened, read_label_ids
from andornot.data.images.pixels import upright_rgb
from andornot.data.samples import Samples, group_names, subset_indices
from andornot.data.sources.annotated import Annotated
from andornot.data.sources.base import ConceptSource, SampleView
from andornot.data.sources.base import Labels as Labels
from andornot.data.sources.colours import COLORS, Colours
from andornot.data.sources.named import UserSource
from andornot.data.sources.summed import Summed
from andornot.errors import DataError, OptionError, quoted

CODES_UNKNOWN = -1
"""In a table of codes: no concept has this label id."""

LABELS_VERSION = 1
"""Raised whenever the same files come to mean other labels: it is part of the fingerprint."""


@dataclass(frozen=True)
class Void:
    """Label ids that say that nobody labelled a position, and of which categories that is so."""

    ids: tuple[int, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What an index says of one image; nothing of it has been opened yet.

    Attributes:
        id: unique in the data set: the image's path relative to the folder of images.
        image: path of the image relative to the data set.
        maps: (layer, path relative to the data set) of each label map.
        concepts: indices of the concepts that hold for the whole image.
        split: such as ``train``; empty if unknown.
        label: its class; empty if unknown.
        shape: (H, W) of its label maps where the index tells it, otherwise None.
        group: what it has in common with samples of which it is not independent, such as the
            video; empty if unknown. No network sees it, so the fingerprint leaves it out.
        unknown: categories that nobody annotated in it; no label hangs on it, so neither does
            the fingerprint.
    """

    id: str
    image: str
    maps: tuple[tuple[str, str], ...] = ()
    concepts: tuple[int, ...] = ()
    split: str = ""
    label: str = ""
    shape: tuple[int, int] | None = None
    group: str = field(default="", repr=False)
    unknown: tuple[str, ...] = field(default=(), repr=False)


class Files(Protocol):
    """Where the files of a data set lie, when it is not simply in its folder."""

    def get(self, file: str) -> AnyFile:
        """Return a file by the path that its sample gives."""

    def stamp(self, file: str) -> tuple[int, int]:
        """Return a file's size in bytes and its time of change in nanoseconds."""


class ProbingData(Samples, Protocol):
    """An annotated set of images, wherever it comes from.

    Concepts have a name (unique) and one or more categories each.

    Examples:
        >>> from andornot.data.images.open import open_data
        >>> data = open_data("squares")
        >>> data.names, data.categories[0]
        (('red', 'green', 'blue', 'yellow'), ('colour',))
        >>> data.image(0).size
        (8, 8)
        >>> data.labels(0).maps[0][:, :2].tolist()  # red is concept 1
        [[1, 1], [1, 1], [1, 1], [1, 1], [1, 1], [0, 0], [0, 0], [0, 0]]
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each concept."""

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """Categories of each concept."""

    def image(self, i: int) -> Image.Image:
        """Return image ``i`` as RGB."""

    def labels(self, i: int) -> Labels:
        """Return the annotations of sample ``i``."""


@dataclass(frozen=True, eq=False)
class FolderData:
    """An annotated set of images in a folder.

    Attributes:
        path: its folder.
        kind: as ``--data`` names it, such as ``broden`` or ``labelmaps``.
        names: of the concepts, each once.
        categories: one or more for each concept.
        samples: what the index says of each image.
        codes: for each layer an int32 array from label id to concept index + 1, 0 where the
            label is left out, ``CODES_UNKNOWN`` where no concept has that id.
        legend: the file that names the label ids.
        colors: the source of colours, if these are to be taken from the pixels; its concepts are
            the last of ``names``.
        source: the arguments of ``open_data`` that open it again.
        decode: reads the label ids of a map, (H, W), each with a place in ``codes``.
        decoded_by: a digest of what ``decode`` knows beyond the files, such as COCO's segments.
        files: where the files lie, if not below ``path``.
        drawn: draws the maps, where the labels are shapes and no files.
        provenance: whom the annotated concepts come from: one for all, or one for each.
        further: sources of the user, whose concepts come behind ``names``. What they give is no
            part of ``labels`` nor of the fingerprint: whoever reads the files again need not run
            them.
        void: for a layer the label ids that say that nobody labelled a position.

    Examples:
        >>> from andornot.data import open_data
        >>> data = open_data("squares")
        >>> data.kind, data.classes[:2], len(data.subset([0, 3]))
        ('labelmaps', ('fire', 'grass'), 2)
    """

    path: Path
    kind: str
    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    samples: tuple[Sample, ...]
    codes: Mapping[str, NDArray[np.int32]]
    legend: str
    colors: Colours | None = None
    source: Mapping[str, Any] | None = None
    decode: Callable[[AnyFile], NDArray[np.int32]] = read_label_ids
    decoded_by: str = ""
    files: Files | None = None
    drawn: Drawn | None = None
    provenance: Provenance | tuple[Provenance, ...] | None = None
    further: tuple[UserSource, ...] = field(default=(), repr=False)
    void: Mapping[str, Void] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_written("concept", self.names, self.path / self.legend)
        _check_written("category", chain.from_iterable(self.categories), self.path / self.legend)
        for what, texts in (("image", self.sample_ids), ("split", self.splits)):
            _check_written(what, texts, self.path)
        _check_written("class", self.classes, self.path)
        _check_written("group", (sample.group for sample in self.samples), self.path)
        _check_unique(self.names, "concept", self.path / self.legend)
        if not self.samples:
            raise DataError(f"{self.path} holds no image: a data set needs at least one.")
        _check_unique(self.sample_ids, "image", self.path)

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """Unique ids: the images' paths relative to the folder of images."""
        return tuple(sample.id for sample in self.samples)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Split of each sample, empty where unknown."""
        return tuple(sample.split for sample in self.samples)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class label of each sample, empty where unknown."""
        return tuple(sample.label for sample in self.samples)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Name of each sample's group (see ``data.samples.group_names``)."""
        return group_names(self.sample_ids, [sample.group for sample in self.samples])

    def __len__(self) -> int:
        return len(self.samples)

    def file(self, file: str) -> AnyFile:
        """Return a file by the path that its sample gives."""
        return self.path / file if self.files is None else self.files.get(file)

    def image(self, i: int) -> Image.Image:
        """Read image ``i`` as RGB, upright (an EXIF orientation is applied).

        Raises:
            DataError: the file is missing, damaged or too large, or its values have no known scale.
        """
        with opened(self.file(self.samples[i].image)) as image:
            return upright_rgb(image, str(self.file(self.samples[i].image)))

    @cached_property
    def sources(self) -> tuple[ConceptSource, ...]:
        """Where the concepts come from: the files, and the pixels if colours are taken."""
        n_own = len(self.names) - (0 if self.colors is None else len(COLORS))
        whose = self.provenance or Provenance.people(f"annotation of {self.kind}")
        files = Annotated(self.names[:n_own], self.categories[:n_own], self._annotation, whose)
        return (files,) if self.colors is None else (files, self.colors)

    def labels(self, i: int) -> Labels:
        """Read the annotations of sample ``i``, and the colours if they are taken.

        Raises:
            DataError: a label map is missing or damaged, has another size than it should,
                or holds an id that no concept has.
        """
        return self._summed.labels(view_of(self, i))

    @cached_property
    def _summed(self) -> Summed:
        return Summed(self.sources)

    def _annotation(self, i: int) -> Labels:
        """What the files say of sample ``i``."""
        sample = self.samples[i]
        nobody: dict[str, NDArray[np.bool_] | None] = dict.fromkeys(sample.unknown)
        maps = [self._read_map(layer, file, nobody) for layer, file in sample.maps]
        layers = [layer for layer, _ in sample.maps]
        if self.drawn is not None:
            maps = self.drawn.maps(sample.id, self.codes[LAYER], *self._frame(sample))
            layers = [LAYER] * len(maps)
        shape = sample.shape or self._shape_from_files(sample, maps)
        # maps that are drawn have no files, and are of one shape
        for (_, file), labels in zip(sample.maps, maps, strict=False):
            if labels.shape != shape:
                raise DataError(
                    f"{self.file(file)} is {_size(labels.shape)} positions, but the label maps "
                    f"of {sample.id} are to be {_size(shape)}: scale it without interpolation."
                )
        return Labels(tuple(maps), sample.concepts, shape, tuple(layers), nobody)

    def layers_of(self, sample: Sample) -> tuple[str, ...]:
        """The layers in which a sample has anything, each once."""
        if self.drawn is not None:
            return (LAYER,) if self.drawn.shapes.get(sample.id) else ()
        return tuple(dict.fromkeys(layer for layer, _ in sample.maps))

    def _read_map(
        self, layer: str, file: str, nobody: dict[str, NDArray[np.bool_] | None]
    ) -> NDArray[np.int32]:
        """Read one map and turn its label ids into concept index + 1; note what is unknown."""
        path = self.file(file)
        ids = self.decode(path)
        labels = self.codes[layer][ids]
        if labels.min(initial=0) < 0:
            unknown = sorted({int(label) for label in ids[labels < 0]})
            raise DataError(
                f"{path} holds the label id {unknown[0]}, which {self.legend} does not name"
                f"{f' (nor {len(unknown) - 1} others in this file)' if unknown[1:] else ''}: "
                "add it there (with neither name nor category if it means no label), or repaint it "
                "as 0."
            )
        if (void := self.void.get(layer)) is not None:
            here = np.isin(ids, void.ids)
            if here.any():
                nobody |= dict.fromkeys(void.categories, here)
        return labels

    def _shape_from_files(self, sample: Sample, maps: list[NDArray[np.int32]]) -> tuple[int, int]:
        """Take the shape of the first map, or else of the image, and compare the two."""
        (height, width), _ = self._frame(sample)
        if not maps:
            return height, width
        rows, columns = maps[0].shape
        if not same_frame((rows, columns), (height, width)):  # a map is the image scaled as a whole
            raise DataError(
                f"{self.file(sample.maps[0][1])} is {_size((rows, columns))} positions and its "
                f"image {_size((height, width))} pixels: both must show the same frame, so "
                "export it at the image's size."
            )
        return rows, columns

    def _frame(self, sample: Sample) -> tuple[tuple[int, int], int]:
        """Size of an image, upright; its EXIF orientation if it is stored on its side, or 0."""
        with opened(self.file(sample.image)) as image:
            width, height = image.size
            orientation = image.getexif().get(0x0112, 1)
        # these four turn by a quarter, so height and width change places
        sideways = orientation in range(5, 9)
        return ((width, height), orientation) if sideways else ((height, width), 0)

    def subset(self, indices: Iterable[int]) -> FolderData:
        """Return the data set with only these samples, in this order, and all concepts."""
        chosen = subset_indices(indices, len(self), "sample")
        # the source would open all samples again
        return replace(self, samples=tuple(self.samples[i] for i in chosen), source=None)

    def fingerprint(self) -> str:
        """Return a key (hexadecimal) for all that shapes the images and their labels.

        It covers what the index files say (concepts, samples, codes, colours), and of each
        image and label map its size and time of change to the nanosecond, not its bytes:
        22,000 samples take well under a second that way. Moving the folder keeps the key;
        touching or copying a file without its times changes it, which costs time, not truth.

        Raises:
            DataError: an image or a label map is missing.
        """
        digest = hashlib.sha256(repr((LABELS_VERSION, self.names, self.categories)).encode())
        for layer, codes in sorted(self.codes.items()):
            digest.update(layer.encode() + codes.tobytes())
        digest.update(self._colour_codes())
        digest.update(self.decoded_by.encode())
        for sample in self.samples:
            files = [sample.image, *(file for _, file in sample.maps)]
            stamps = [self._stamp(file) for file in files]
            digest.update(repr((sample, stamps)).encode())
        return digest.hexdigest()

    def _colour_codes(self) -> bytes:
        """Concept index + 1 of each bin, as fingerprints have held it ever since."""
        if self.colors is None:
            return b""
        return (self.colors.bins + np.int32(len(self.names) - len(COLORS) + 1)).tobytes()

    def content(self, part: str, jobs: int | None = None) -> str:
        """Return a digest of the bytes of all files that ``labels`` or ``images`` are read from.

        Labels are read from label maps, from the image where it tells their shape or colours.

        Raises:
            DataError: a file is missing or cannot be read.
        """
        digests = ordered_map(lambda s: self._bytes_of(s, part), self.samples, jobs, chunk=8)
        whole = hashlib.blake2b(digest_size=16)
        for digest in track(digests, f"checking {part}", len(self)):
            whole.update(digest)
        return whole.hexdigest()

    def _bytes_of(self, sample: Sample, part: str) -> bytes:
        """The digests of a sample's files, one after another."""
        files = [file for _, file in sample.maps] if part == "labels" else []
        if part == "images" or not files or self.colors is not None:
            files.append(sample.image)
        return b"".join(hashlib.blake2b(self._bytes(file)).digest() for file in files)

    def _bytes(self, file: str) -> bytes:
        path = self.file(file)
        try:
            return path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror}): restore it.") from None

    def _stamp(self, file: str) -> tuple[int, int]:
        if self.files is not None:
            return self.files.stamp(file)
        check_file(self.path / file)
        try:
            stat = (self.path / file).stat()
        except OSError as error:
            raise DataError(
                f"{self.path / file} is missing or cannot be opened ({error.strerror}): "
                "restore it, or take its sample out."
            ) from None
        return stat.st_size, stat.st_mtime_ns


def view_of(data: ProbingData, i: int) -> SampleView:
    """What a source can see of sample ``i``."""
    return SampleView(i, data.sample_ids[i], open_picture=lambda: data.image(i))


def sources_of(data: ProbingData) -> tuple[ConceptSource, ...]:
    """Where the concepts of a data set come from; of a user's own it says whom, or nobody knows."""
    if isinstance(data, FolderData):
        return data.sources
    whose = Provenance.of(getattr(data, "provenance", UNKNOWN))
    return (Annotated(data.names, data.categories, data.labels, whose),)


def check_categories(known: Iterable[str], wanted: Collection[str] | None) -> None:
    """Raise OptionError unless ``wanted`` is None or names some of the known categories."""
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown or (wanted is not None and not wanted):
        raise OptionError(
            f"the data set has no category {', '.join(unknown) or '(none was named)'}: "
            f"choose among {', '.join(known)}."
        )


def _size(shape: tuple[int, ...]) -> str:
    """Write a shape the way people speak of images: width x height."""
    return f"{shape[1]} x {shape[0]}"


def _check_written(what: str, texts: Iterable[str], where: Path) -> None:
    """Refuse texts that cannot be written in UTF-8, before anything is computed for them."""
    odd = next((text for text in texts if has_halves(text)), None)
    if odd is not None:
        raise DataError(f"{where} has the {what} {quoted(odd)}, which is not UTF-8: rename it.")


def _check_unique(values: tuple[str, ...], what: str, where: Path) -> None:
    value, times = max(Counter(values).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        raise DataError(f"{where} has the {what} {value!r} {times} times: each must occur once.")
