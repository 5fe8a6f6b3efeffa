"""A synthetic data set of the paper's kind and size: label maps, and units that follow formulas.

Scenes, objects and parts occur as often as Zipf's law says; each scene has a palette of objects,
each object has parts and colours of its own. What is drawn are wobbly blobs, one over the other,
so that images have some sixty atoms each and the paper's 22,210 of them about 100,000 different
ones. Every sample comes from its own seed: any of them can be drawn alone, and none is kept.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.jit import jit
from andornot._tools.parallel import ordered_map
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import known_positions
from andornot.counting.stores import Shards
from andornot.data.images.dataset import Labels
from andornot.formula import And, Concept, Formula, Not, Or

LAYERS = ("object", "part", "color")
SIZE = 112
"""Height and width of a label map, as in the paper's data."""
NATIVE = 7
"""Height and width of a unit's map."""

_COLORS = 11
_PALETTE = 24
_SHARD_BYTES = 32 * 2**20
_NOISE_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class World:
    """What the samples are drawn from.

    Concepts are numbered scenes first, then objects, parts and colours.

    Attributes:
        seed: of everything.
        n_scenes: scenes, which hold on whole samples.
        n_objects: objects.
        n_parts: parts.
        palettes: int64 ``(n_scenes, 24)``, the objects that are likely in a scene.
        parts_of: int64 ``(n_objects, 4)``, parts of each object, -1 for none.
        colors_of: int64 ``(n_objects, 3)``, colours of each object.
        step: label maps have every so many-th row and column of the full ones.
    """

    seed: int
    n_scenes: int
    n_objects: int
    n_parts: int
    palettes: NDArray[np.int64]
    parts_of: NDArray[np.int64]
    colors_of: NDArray[np.int64]
    step: int = 1

    @classmethod
    def of_size(cls, n_concepts: int, seed: int, step: int = 1) -> World:
        """A world with so many concepts (at least 30), shared out as in the paper's data."""
        rest = n_concepts - _COLORS
        n_scenes, n_objects = round(0.27 * rest), round(0.45 * rest)
        n_parts = rest - n_scenes - n_objects
        rng = np.random.default_rng(seed)
        parts = rng.integers(0, n_parts, (n_objects, 4))
        parts[rng.random(parts.shape) < 0.5] = -1
        return cls(
            seed, n_scenes, n_objects, n_parts,
            palettes=zipf(rng, n_objects, (n_scenes, _PALETTE)),
            parts_of=parts,
            colors_of=zipf(rng, _COLORS, (n_objects, 3), exponent=0.5),
            step=step,
        )  # fmt: skip

    @property
    def firsts(self) -> tuple[int, int, int]:
        """The first concept of each layer."""
        first_part = self.n_scenes + self.n_objects
        return self.n_scenes, first_part, first_part + self.n_parts

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the concepts."""
        sizes = self.n_scenes, self.n_objects, self.n_parts, _COLORS
        kinds = ("scene", *LAYERS)
        return tuple(
            f"{kind} {i}" for kind, size in zip(kinds, sizes, strict=True) for i in range(size)
        )

    def draw(self, index: int) -> tuple[NDArray[np.int32], int]:
        """One sample: label maps ``(3, size, size)`` of concept index + 1, and its scene."""
        rng = np.random.default_rng((self.seed, index))
        scene = int(zipf(rng, self.n_scenes, (), exponent=1.3))
        maps = np.zeros((len(LAYERS), SIZE // self.step, SIZE // self.step), np.int32)
        wobble = rng.normal(0, 2.5, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
        _paint(maps, self._blobs(rng, scene), *wobble, self.step)
        return maps, scene

    def _blobs(self, rng: np.random.Generator, scene: int) -> NDArray[np.float64]:
        """The blobs of a sample in the order they are painted.

        Each is a row ``layer, label, y, x, height, width``; the first three are background.
        """
        first_object, first_part, first_color = self.firsts
        n = int(rng.integers(14, 24))
        familiar = self.palettes[scene][zipf(rng, _PALETTE, n, exponent=1.3)]
        objects = np.where(rng.random(n) < 0.97, familiar, zipf(rng, self.n_objects, n))
        rows: list[tuple[float, ...]] = []
        for k, o in enumerate(objects):
            spread = 0.6 if k < 3 else rng.uniform(0.06, 0.25)
            y, x, h, w = SIZE * np.array([*rng.random(2), *(spread * rng.uniform(0.5, 1.5, 2))])
            rows.append((0, first_object + o + 1, y, x, h, w))
            rows.append((1, 0, y, x, h, w))
            color = self.colors_of[o, zipf(rng, 3, ())]
            rows.append((2, first_color + color + 1, y, x, h, w))
            for part in self.parts_of[o]:
                if part >= 0 and k >= 3:
                    at, size = rng.normal(0, 0.3, 2), rng.uniform(0.2, 0.5, 2)
                    place = y + at[0] * h, x + at[1] * w, size[0] * h, size[1] * w
                    rows.append((1, first_part + part + 1, *place))
        for color in (scene + zipf(rng, 4, 20)) % _COLORS:
            patch = SIZE * np.array([*rng.random(2), *rng.uniform(0.05, 0.2, 2)])
            rows.append((2, first_color + color + 1, *patch))
        return np.array(rows)


def zipf(
    rng: np.random.Generator, n: int, shape: tuple[int, ...] | int, exponent: float = 1.0
) -> NDArray[np.int64]:
    """Numbers below ``n``, the ``k``-th as likely as ``k ** -exponent``."""
    cumulated = np.cumsum(np.arange(1, n + 1) ** -exponent)
    found = np.searchsorted(cumulated, rng.random(shape) * cumulated[-1])
    return np.asarray(found, np.int64)


@jit
def _paint(maps, blobs, strength, phase, step):
    """Paint ellipses one over the other, on a plane that waves shake."""
    size = maps.shape[1]
    down, right = np.zeros(size), np.zeros(size)  # how far each column and each row is moved
    for i in range(size):
        for k in range(3):
            down[i] += strength[0, k] * np.sin((k + 1) * 0.11 * i * step + phase[0, k])
            right[i] += strength[1, k] * np.sin((k + 1) * 0.11 * i * step + phase[1, k])
    reach = np.abs(strength).sum()
    for b in range(len(blobs)):
        layer, label = int(blobs[b, 0]), int(blobs[b, 1])
        y, x, h, w = blobs[b, 2], blobs[b, 3], blobs[b, 4], blobs[b, 5]
        top, bottom = int((y - h - reach) / step), int((y + h + reach) / step) + 1
        left, end = int((x - w - reach) / step), int((x + w + reach) / step) + 1
        for i in range(max(0, top), min(size, bottom)):
            for j in range(max(0, left), min(size, end)):
                dy, dx = (i * step + down[j] - y) / h, (j * step + right[i] - x) / w
                if dy * dy + dx * dx < 1:
                    maps[layer, i, j] = label


@dataclass(frozen=True, eq=False)
class Drawn:
    """Samples that were drawn and encoded: probing data, but for images.

    Label maps are PNG files (R + 256 * G, as in Broden) that stay in memory, some kilobytes a
    sample: 66,000 files on disk would take longer to write and delete than all that is measured.

    Attributes:
        names: of the concepts.
        categories: one for each concept.
        pngs: for each sample the encoded label map of each layer.
        scenes: the scene of each sample.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    pngs: tuple[tuple[bytes, ...], ...]
    scenes: tuple[int, ...]

    @classmethod
    def of(cls, world: World, n_samples: int, jobs: int | None) -> Drawn:
        """Draw and encode so many samples."""
        drawn = list(ordered_map(partial(_encoded, world), range(n_samples), jobs))
        names = world.names
        return cls(
            names=names,
            categories=tuple((name.split()[0],) for name in names),
            pngs=tuple(pngs for pngs, _ in drawn),
            scenes=tuple(scene for _, scene in drawn),
        )

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """Ids of the samples."""
        return tuple(map(str, range(len(self))))

    def __len__(self) -> int:
        return len(self.pngs)

    def pixels(self, i: int) -> list[NDArray[np.uint8]]:
        """Decode the files of a sample, and no more: ``(112, 112, 3)`` for each layer."""
        return [np.asarray(Image.open(BytesIO(png), formats=("PNG",))) for png in self.pngs[i]]

    def labels(self, i: int) -> Labels:
        """Decode the files of a sample to labels."""
        maps = tuple(p[..., 0] + 256 * p[..., 1].astype(np.int32) for p in self.pixels(i))
        height, width = maps[0].shape
        return Labels(maps, (self.scenes[i],), (height, width))


def _encoded(world: World, index: int) -> tuple[tuple[bytes, ...], int]:
    maps, scene = world.draw(index)
    return tuple(_png(labels) for labels in maps), scene


def _png(labels: NDArray[np.int32]) -> bytes:
    channels = np.stack([labels % 256, labels // 256, np.zeros_like(labels)], axis=-1)
    file = BytesIO()
    Image.fromarray(channels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def planted_formulas(
    table: ConceptTable, n_units: int, rng: np.random.Generator
) -> list[Formula | None]:
    """What each unit follows: a formula of one to three concepts; None for one of pure noise.

    Concepts are drawn as often as they cover positions (its square root), so that rare ones come
    up too but no unit follows one that never occurs.
    """
    weights = np.sqrt(table.concept_counts)
    weights /= weights.sum()
    formulas: list[Formula | None] = []
    for u in range(n_units):
        if u % round(1 / _NOISE_SHARE) == round(1 / _NOISE_SHARE) - 1:
            formulas.append(None)
            continue
        first, *others = rng.choice(len(weights), int(rng.integers(1, 4)), False, weights)
        formula: Formula = Concept(table.names[first])
        for c in others:
            right = Concept(table.names[c])
            way = rng.random()
            if way < 0.6:
                formula = Or(formula, right)
            else:
                formula = And(formula, right if way < 0.8 else Not(right))
        formulas.append(formula)
    return formulas


def write_activations(
    table: ConceptTable, formulas: list[Formula | None], folder: Path, seed: int, jobs: int | None
) -> Shards:
    """Record units of 7x7: the share of each cell where the unit's formula holds, and noise.

    Samples that are recorded in the folder already are left as they are.
    """
    shards = Shards(folder)
    positions = known_positions(table)
    side = int(positions.shapes[0, 0])
    holds = np.zeros((table.n_atoms, len(formulas)), np.float32)
    for u, formula in enumerate(formulas):
        if formula is not None:
            holds[:, u] = table.mask(formula)
    size = max(1, _SHARD_BYTES // (4 * len(formulas) * NATIVE * NATIVE))

    def block(start: int) -> NDArray[np.float32]:
        stop = min(start + size, positions.n_samples)
        rng = np.random.default_rng((seed, start))
        shape = stop - start, len(formulas), NATIVE, NATIVE
        values = 0.25 * rng.standard_normal(shape, np.float32)
        for i in range(start, stop):
            local = slice(positions.atom_offsets[i], positions.atom_offsets[i + 1])
            codes = positions.codes[positions.offsets[i] : positions.offsets[i + 1]]
            _add_shares(values[i - start], codes, holds[positions.atoms[local]], side)
        np.maximum(values, 0, out=values)
        return values

    starts = range(shards.n_rows, positions.n_samples, size)
    for start, values in zip(starts, ordered_map(block, starts, jobs, ahead=1), strict=True):
        shards.append(start, values)
    return shards


@jit
def _add_shares(values, codes, holds, side):
    """Add to each cell of each unit's map the share of its positions where the formula holds.

    Args:
        values: float32 ``(n_units, 7, 7)``.
        codes: local atom of each position of the sample.
        holds: float32 ``(n_local, n_units)``, 1 where a unit's formula holds.
        side: height and width of the sample.
    """
    step = side // NATIVE
    counts = np.zeros((NATIVE * NATIVE, len(holds)), np.int64)
    for p in range(len(codes)):
        counts[p // side // step * NATIVE + p % side // step, codes[p]] += 1
    for cell in range(len(counts)):
        for local in range(len(holds)):
            if counts[cell, local] > 0:
                share = np.float32(counts[cell, local] / step**2)
                for u in range(len(values)):
                    values[u, cell // NATIVE, cell % NATIVE] += share * holds[local, u]
