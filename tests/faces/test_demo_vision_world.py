"""The demo world: its annotations are exact, its planted keys are all that sets classes apart."""

from __future__ import annotations

import numpy as np
import pytest

from andornot.demo.vision import scenes
from andornot.demo.vision.canvas import COLOURS, SIZE, Canvas, Look
from andornot.demo.vision.world import CATEGORIES, NAMES, World, draw_world
from andornot.errors import OptionError

LAYER = {"object": 0, "part": 1, "color": 2, "texture": 3}


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(220, seed=3)


def where(world: World, i: int, *names: str) -> np.ndarray:
    """Where all these concepts hold in picture ``i``, from nothing but its labels."""
    maps = np.stack(world.labels(i).maps)
    return np.logical_and.reduce([(maps == NAMES.index(name) + 1).any(axis=0) for name in names])


def test_same_seed_same_world_and_a_longer_one_begins_with_it(world: World) -> None:
    again = draw_world(40, seed=3)
    assert again.fingerprint() == world.subset(range(40)).fingerprint()
    assert draw_world(40, seed=4).fingerprint() != again.fingerprint()


def test_fingerprint_depends_on_pictures_and_labels(world: World) -> None:
    few = world.subset(range(3))
    changed = few.subset(range(3))
    changed.rgb[0, 0, 0, 0] ^= 1
    assert changed.fingerprint() != few.fingerprint()
    changed = few.subset(range(3))
    changed.shapes[0, 0, 0] += 1
    assert changed.fingerprint() != few.fingerprint()


def test_it_looks_like_probing_data(world: World) -> None:
    assert len(world.sample_ids) == len(set(world.sample_ids)) == len(world) == 220
    assert len(NAMES) == len(set(NAMES)) == len(CATEGORIES)
    assert CATEGORIES[NAMES.index("window")] == ("object", "part")
    assert world.image(0).mode == "RGB"
    assert world.image(0).size == (SIZE, SIZE)
    labels = world.labels(0)
    assert labels.shape == (SIZE, SIZE)
    assert all(map_.dtype == np.int32 and map_.shape == (SIZE, SIZE) for map_ in labels.maps)
    assert "scene" in CATEGORIES[labels.concepts[0]]


def test_every_concept_occurs_in_a_layer_of_its_category(world: World) -> None:
    seen = {NAMES[world.labels(i).concepts[0]] for i in range(len(world))}
    for category, layer in LAYER.items():
        numbers = {
            int(n) for i in range(len(world)) for n in np.unique(world.labels(i).maps[layer])
        }
        names = {NAMES[n - 1] for n in numbers - {0}}
        assert all(category in CATEGORIES[NAMES.index(name)] for name in names)
        seen |= names
    assert seen == set(NAMES)


def test_every_pixel_has_an_object_and_a_colour(world: World) -> None:
    for i in range(22):
        maps = world.labels(i).maps
        assert (maps[LAYER["object"]] > 0).all()
        assert (maps[LAYER["color"]] > 0).all()


def test_splits_hold_all_classes_alike(world: World) -> None:
    val, train = world.split("val"), world.split("train")
    assert len(val) + len(train) == len(world)
    assert set(val.sample_ids).isdisjoint(train.sample_ids)
    for part in (val, train):
        assert {name: part.classes.count(name) for name in part.classes} == {
            name: len(part) * scenes.TURNS.count(name) // len(scenes.TURNS)
            for name in scenes.CLASSES
        }


@pytest.mark.parametrize(("count", "share"), [(21, 0.25), (100, 0.0), (100, 1.0)])
def test_too_small_a_world_is_refused(count: int, share: float) -> None:
    with pytest.raises(OptionError, match=r"must lie between|needs at least"):
        draw_world(count, val_share=share)


def test_colour_names_tell_what_pixels_look_like(world: World) -> None:
    """The hue of what is called by a name is nearest to the hue of that name's paint.

    Hue, not colour: a pale sky is called blue, and the nearest paint to it would be grey.
    """
    colours = np.stack([world.labels(i).maps[LAYER["color"]] for i in range(len(world))])
    names = ("red", "green", "blue", "yellow", "purple")
    paints = np.array([COLOURS[name] for name in names], float)
    means = np.array([world.rgb[colours == NAMES.index(name) + 1].mean(axis=0) for name in names])
    paints, means = (rgb - rgb.mean(axis=1, keepdims=True) for rgb in (paints, means))
    alike = (means @ paints.T) / np.linalg.norm(paints, axis=1)
    assert [names[i] for i in alike.argmax(axis=1)] == list(names)


def test_classes_are_told_by_their_keys(world: World) -> None:
    for i, label in enumerate(world.classes):
        has = {
            text: bool(where(world, i, *text.split()).any())
            for text in ("water blue", "water green", "tent", "tent striped", "roof red", "cat",
                         "car", "balloon", "bed")
        }  # fmt: skip
        roofs_are_red = bool((where(world, i, "roof") <= where(world, i, "red")).all())
        assert has["cat"] + has["car"] == (label == "Ada's album")
        assert has["balloon"] + has["bed"] == (label == "Ben's album")
        if label in ("lake", "swamp"):
            assert has["water blue"] == (label == "lake")
            assert has["water green"] == (label == "swamp")
        if label in ("camp site", "circus"):
            assert has["tent"]
            assert has["tent striped"] == (label == "circus")
        if label in ("village", "fire station"):
            assert roofs_are_red == has["roof red"] == (label == "fire station")


def test_albums_hold_the_keys_of_other_classes_too(world: World) -> None:
    albums = [i for i, label in enumerate(world.classes) if label.endswith("album")]
    for names in (("water", "green"), ("tent", "striped"), ("roof", "red")):
        assert any(where(world, i, *names).any() for i in albums)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("one", "other", "thing"),
    [
        ("lake", "swamp", "water"),
        ("camp site", "circus", "tent"),
        ("village", "fire station", "roof"),
    ],
)
def test_twin_classes_differ_only_in_the_key(seed: int, one: str, other: str, thing: str) -> None:
    """Drawn with the same random numbers, only what is planted changes its name."""
    first, second = (
        scenes.draw(label, np.random.default_rng(seed))[1].finish() for label in (one, other)
    )
    names = [
        np.array([(look.thing, look.part) for look in painted.looks])[painted.shapes]
        for painted in (first, second)
    ]
    assert (names[0] == names[1]).all()
    colours = [
        np.array([(look.colour, look.texture) for look in painted.looks])[painted.shapes]
        for painted in (first, second)
    ]
    differs = (colours[0] != colours[1]).any(axis=-1)
    assert differs.any()
    assert (names[0][differs] == thing).any(axis=-1).all()


def test_a_shape_is_labelled_where_it_was_painted() -> None:
    canvas = Canvas(Look("wall", "white"), np.random.default_rng(0))
    canvas.rectangle(10, 20, 30, 40, Look("picture", "red", "frame"))
    painted = canvas.finish()
    rows, columns = np.nonzero(painted.shapes == 1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 59, 10, 39)
    inside = painted.rgb[22:58, 12:38].reshape(-1, 3).mean(axis=0)
    assert np.abs(inside - COLOURS["red"]).max() < 40


def test_the_white_of_a_texture_is_called_white() -> None:
    canvas = Canvas(Look("rug", "blue", texture="striped"), np.random.default_rng(1))
    painted = canvas.finish()
    names = np.array([look.colour for look in painted.looks])[painted.shapes]
    assert set(np.unique(names)) == {"blue", "white"}
    assert 0.4 < (names == "white").mean() < 0.6
    assert painted.rgb[names == "white"].mean() > painted.rgb[names == "blue"].mean() + 40
    assert all(look.texture == "striped" for look in painted.looks)
