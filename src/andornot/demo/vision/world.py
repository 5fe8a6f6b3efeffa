"""The demo world: small painted scenes whose every pixel is annotated, with planted facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.progress import track
from andornot.concepts.provenance import Provenance
from andornot.data.sources.base import Labels
from andornot.demo.vision import scenes
from andornot.demo.vision.canvas import COLOURS, SIZE, TEXTURES, Painted
from andornot.errors import OptionError

OBJECTS = (
    "balloon", "bed", "bird", "blanket", "boat", "bush", "car", "cat", "cloud", "duck", "fence",
    "floor", "flower", "grass", "hill", "house", "lamp", "parasol", "pavement", "picture", "road",
    "rug", "sand", "sheep", "sky", "sofa", "sun", "tent", "tree", "wall", "water", "window",
)  # fmt: skip
PARTS = (
    "basket", "beak", "chimney", "cover", "crown", "cushion", "door", "ear", "entrance", "eye",
    "flag", "frame", "head", "headlight", "hull", "leg", "mast", "petals", "pillow", "roof",
    "sail", "shade", "stem", "tail", "trunk", "wheel", "window",
)  # fmt: skip
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("scene", scenes.SCENES),
    ("object", OBJECTS),
    ("part", PARTS),
    ("color", tuple(COLOURS)),
    ("texture", TEXTURES),
)
"""The categories, each with its concepts; a window is an object in a room, a part of a house."""

NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for _, names in LAYERS for name in names))
CATEGORIES: tuple[tuple[str, ...], ...] = tuple(
    tuple(category for category, names in LAYERS if name in names) for name in NAMES
)
_NUMBER = {"": 0} | {name: i + 1 for i, name in enumerate(NAMES)}

_VERSION = 1  # raise it with every change of the drawing


@dataclass(frozen=True, eq=False)
class World:
    """Annotated pictures in memory; what ``andornot.dissect`` asks of probing data, it answers.

    Attributes:
        rgb: uint8 (n, SIZE, SIZE, 3).
        shapes: uint8 (n, SIZE, SIZE), the number of the shape at each pixel.
        tables: for each picture, int32 (4, its shapes): concept index + 1 (0 = none) of each
            shape as object, part, colour and texture.
        scenes: concept index of each picture's scene.
        classes: class of each picture, a name from ``scenes.CLASSES``.
        splits: "train" or "val" for each picture.
        sample_ids: unique names.
        source: the arguments of ``draw_world`` that paint it again.
    """

    rgb: NDArray[np.uint8]
    shapes: NDArray[np.uint8]
    tables: tuple[NDArray[np.int32], ...]
    scenes: tuple[int, ...]
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    sample_ids: tuple[str, ...]
    source: dict[str, float] | None = None

    kind = "demo"
    path = Path("demo")
    names = NAMES
    categories = CATEGORIES
    provenance = Provenance.rule("drawn that way")

    @property
    def groups(self) -> tuple[str, ...]:
        """Each picture is its own: they are drawn one by one."""
        return self.sample_ids

    def __len__(self) -> int:
        return len(self.rgb)

    def image(self, i: int) -> Image.Image:
        """Picture ``i`` as RGB."""
        return Image.fromarray(self.rgb[i])

    def labels(self, i: int) -> Labels:
        """The annotations of picture ``i``: object, part, colour and texture maps, its scene."""
        maps = self.tables[i][:, self.shapes[i]]
        return Labels(tuple(maps), (self.scenes[i],), (SIZE, SIZE))

    def subset(self, indices: Iterable[int]) -> World:
        """Only these pictures, in this order."""
        chosen = [int(i) for i in indices]
        return World(
            self.rgb[chosen],
            self.shapes[chosen],
            tuple(self.tables[i] for i in chosen),
            tuple(self.scenes[i] for i in chosen),
            tuple(self.classes[i] for i in chosen),
            tuple(self.splits[i] for i in chosen),
            tuple(self.sample_ids[i] for i in chosen),
        )

    def split(self, name: str) -> World:
        """Only the pictures of this split, "train" or "val"."""
        return self.subset(i for i, split in enumerate(self.splits) if split == name)

    def fingerprint(self) -> str:
        """A key (hexadecimal) for all pictures and annotations, taken from their contents."""
        digest = hashlib.sha256(repr((_VERSION, NAMES, CATEGORIES, self.scenes)).encode())
        digest.update(repr((self.classes, self.splits, self.sample_ids)).encode())
        for part in (self.rgb, self.shapes, *self.tables):
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()


def draw_world(count: int = 3000, seed: int = 0, val_share: float = 0.25) -> World:
    """Paint a world; the classes take turns (see ``scenes.TURNS``).

    Args:
        count: number of pictures.
        seed: the same seed paints the same pictures; the first ones also if ``count`` grows.
        val_share: share of the pictures, spread evenly, that the network is not to learn from.

    Raises:
        OptionError: fewer pictures than two for each class, or a share outside 0 to 1.
    """
    kinds = len(scenes.TURNS)
    if count < 2 * kinds:
        raise OptionError(f"a world needs at least {2 * kinds} pictures, got count={count}.")
    if not 0 < val_share < 1:
        raise OptionError(f"val_share must lie between 0 and 1, got {val_share}.")
    rgb = np.empty((count, SIZE, SIZE, 3), np.uint8)
    shapes = np.empty((count, SIZE, SIZE), np.uint8)
    tables, settings = [], []
    labels = [scenes.TURNS[i % kinds] for i in range(count)]
    for i in track(range(count), "painting the world", count):
        setting, canvas = scenes.draw(labels[i], np.random.default_rng([seed, i]))
        painted = canvas.finish()
        rgb[i], shapes[i] = painted.rgb, painted.shapes
        tables.append(_table(painted))
        settings.append(NAMES.index(setting))
    rounds = np.arange(count) // kinds  # whole rounds, so that both splits hold all classes
    held_out = np.floor((rounds + 1) * val_share) > np.floor(rounds * val_share)
    return World(
        rgb,
        shapes,
        tuple(tables),
        tuple(settings),
        tuple(labels),
        tuple("val" if out else "train" for out in held_out),
        tuple(f"{i:05d} {label}" for i, label in enumerate(labels)),
        source={"count": count, "seed": seed, "val_share": val_share},
    )


def _table(painted: Painted) -> NDArray[np.int32]:
    """Concept index + 1 of each look as object, part, colour and texture."""
    rows = [(look.thing, look.part, look.colour, look.texture) for look in painted.looks]
    return np.array([[_NUMBER[name] for name in row] for row in rows], np.int32).T.copy()
