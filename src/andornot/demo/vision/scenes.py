"""The four settings of the demo world, and the nine classes that are planted in them.

A class never changes more than its key: a lake and a swamp are drawn by the same lines of code
with another colour of water. So the key is all that a network can learn them by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from andornot.demo.vision import things
from andornot.demo.vision.canvas import SIZE, Canvas, Look
from andornot.demo.vision.things import BRIGHT, Rng, chance, pick

SCENES = ("waterside", "meadow", "street", "room")

CLASSES = (
    "lake",
    "swamp",
    "camp site",
    "circus",
    "village",
    "fire station",
    "parlour",
    "Ada's album",
    "Ben's album",
)

TURNS = (*CLASSES, *CLASSES[-2:])
"""The classes as they take turns: an album, with its two kinds of picture, comes twice."""

_MIDDLE = SIZE / 2


def places(rng: Rng, count: int, low: float = 8, high: float = 88, gap: float = 20) -> list[float]:
    """Up to ``count`` places from ``low`` to ``high`` that are at least ``gap`` apart."""
    steps = np.arange(low, high + 1e-9, gap)
    shifted = steps + rng.uniform(0, high - steps[-1] + 1e-9)
    return [float(x) for x in rng.permutation(shifted)[:count]]


def facing(rng: Rng) -> int:
    """To the left (-1) or to the right (1)."""
    return -1 if chance(rng, 0.5) else 1


def outdoors(rng: Rng, horizon: float) -> Canvas:
    """A canvas with sky, weather and hills; what is below the horizon is still to be painted."""
    canvas = Canvas(things.sky(rng), rng)
    things.weather(canvas, rng, horizon)
    things.hills(canvas, rng, horizon)
    return canvas


def waterside(rng: Rng, water: str) -> Canvas:
    """Water of that colour below the hills, a shore in front, boats and ducks."""
    horizon, shore = rng.uniform(34, 42), rng.uniform(76, 84)
    canvas = outdoors(rng, horizon)
    tint = float(rng.uniform(-0.22, 0.1))
    canvas.rectangle(0, horizon, SIZE, SIZE, Look("water", water, tint=tint, relief="rippled"))
    if chance(rng, 0.75):
        things.boat(canvas, rng, rng.uniform(18, 76), horizon + rng.uniform(10, 18))
    ground = Look("sand", "yellow", tint=0.3)
    if chance(rng, 0.5):
        ground = Look("grass", "green", tint=0.2, relief="leafy")
    canvas.ellipse(_MIDDLE + rng.uniform(-20, 20), SIZE + 6, 90, SIZE + 6 - shore, ground)
    for x in places(rng, int(rng.integers(0, 3)), gap=24):
        things.duck(canvas, rng, x, rng.uniform(shore - 16, shore - 3), facing(rng))
    spots = places(rng, 3, 12, 84, 30)
    if chance(rng, 0.5):
        things.shadow(canvas, spots[0], shore + 9, 8, ground)
        things.parasol(canvas, rng, spots[0], shore + 9)
    if chance(rng, 0.5):
        things.bush(canvas, rng, spots[1], shore + 11)
    if chance(rng, 0.4):
        things.tree(canvas, rng, spots[-1], shore + 9, rng.uniform(34, 44))
    return canvas


def meadow(rng: Rng, striped: bool) -> Canvas:
    """A tent in the grass, striped or plain, with trees and flowers around."""
    horizon = rng.uniform(42, 50)
    canvas = outdoors(rng, horizon)
    tint = float(rng.uniform(0.12, 0.3))
    ground = Look("grass", "green", tint=tint, relief="leafy")
    canvas.rectangle(0, horizon, SIZE, SIZE, ground)
    for x in places(rng, int(rng.integers(1, 4)), gap=18):
        y = horizon + rng.uniform(3, 9)
        things.shadow(canvas, x, y, 7, ground)
        things.tree(canvas, rng, x, y, rng.uniform(22, 34))
    if chance(rng, 0.35):
        things.fence(canvas, rng, horizon + 12)
    x, y = rng.uniform(26, 70), rng.uniform(72, 82)
    things.shadow(canvas, x, y, 24, ground)
    things.tent(canvas, rng, x, y, striped)
    spots = places(rng, 4, 10, 86, 19)
    for x in spots[: int(rng.integers(0, 3))]:
        things.flower(canvas, rng, x, rng.uniform(84, 94))
    if chance(rng, 0.45):
        things.sheep(canvas, spots[2], rng.uniform(66, 90), facing(rng))
    if chance(rng, 0.55):
        things.blanket(canvas, rng, spots[3], rng.uniform(86, 94))
    return canvas


def street(rng: Rng, red_roofs: bool) -> Canvas:
    """A row of houses on a road; their roofs are all red, or none of them is."""
    pavement = rng.uniform(62, 68)
    canvas = outdoors(rng, pavement - 14)
    canvas.rectangle(0, pavement - 12, SIZE, 12, Look("grass", "green", tint=0.1, relief="leafy"))
    roofs = ("black", "grey", "brown", "blue", "purple")
    left, houses = rng.uniform(-10, 8), 0
    while left < SIZE - 14:
        width = rng.uniform(25, 36)
        if chance(rng, 0.8) or not houses:
            houses += 1
            roof = pick(rng, *roofs)
            things.house(canvas, rng, left, pavement, width, "red" if red_roofs else roof)
        else:
            things.tree(canvas, rng, left + width / 2, pavement, rng.uniform(28, 40))
        left += width + rng.uniform(6, 12)
    canvas.rectangle(0, pavement, SIZE, 6, Look("pavement", "grey", tint=0.3))
    road = Look("road", "grey", tint=-0.3)
    canvas.rectangle(0, pavement + 6, SIZE, SIZE, road)
    for x in np.arange(rng.uniform(-8, 4), SIZE, 16.0):
        canvas.rectangle(x, pavement + 17, 8, 1.6, road.but(colour="white", tint=0.0))
    spots = places(rng, 3, 10, 86, 24)
    if chance(rng, 0.5):
        things.lantern(canvas, spots[0], pavement + 4)
    if chance(rng, 0.4):
        things.bush(canvas, rng, spots[1], pavement + 2)
    return canvas


def room(rng: Rng) -> Canvas:
    """A room, mostly with a sofa along its wall."""
    wall = Look("wall", pick(rng, *BRIGHT), tint=float(rng.uniform(0.5, 0.65)))
    if chance(rng, 0.4):
        wall = wall.but(texture=pick(rng, "striped", "dotted"))
    canvas = Canvas(wall, rng)
    edge = rng.uniform(60, 68)
    boards = Look("floor", pick(rng, "brown", "grey"), tint=0.15)
    if chance(rng, 0.3):
        boards = boards.but(texture="checkered")
    canvas.rectangle(0, edge, SIZE, SIZE, boards)
    canvas.rectangle(0, edge - 2, SIZE, 2.5, Look("wall", "white"))
    spots = places(rng, 3, 4, 74, 30)
    if chance(rng, 0.7):
        things.window(canvas, rng, spots[0], rng.uniform(8, 16))
    if chance(rng, 0.7):
        things.picture(canvas, rng, spots[1], rng.uniform(8, 20))
    if chance(rng, 0.6):
        things.rug(canvas, rng, rng.uniform(26, 70), rng.uniform(84, 88))
    middle = rng.uniform(28, 68)
    if chance(rng, 0.8):
        things.shadow(canvas, middle, edge + 12, 22, boards)
        things.sofa(canvas, rng, middle, edge + 12)
    if chance(rng, 0.6):
        side = 8 if middle > _MIDDLE else 88
        things.floor_lamp(canvas, rng, side + rng.uniform(-2, 2), edge + 10)
    return canvas


def anywhere(rng: Rng, *names: str) -> tuple[str, Canvas]:
    """One of these settings, with the key of either of its classes in it."""
    name = pick(rng, *names)
    if name == "waterside":
        return name, waterside(rng, pick(rng, "blue", "green"))
    if name == "meadow":
        return name, meadow(rng, striped=chance(rng, 0.5))
    if name == "street":
        return name, street(rng, red_roofs=chance(rng, 0.5))
    return name, room(rng)


def with_cat(rng: Rng) -> tuple[str, Canvas]:
    """A cat, anywhere."""
    name, canvas = anywhere(rng, *SCENES)
    things.cat(canvas, rng, rng.uniform(18, 78), rng.uniform(88, 93), facing(rng))
    return name, canvas


def with_car(rng: Rng) -> tuple[str, Canvas]:
    """A car, anywhere outdoors."""
    name, canvas = anywhere(rng, "waterside", "meadow", "street")
    things.car(canvas, rng, rng.uniform(22, 74), rng.uniform(86, 92), facing(rng))
    return name, canvas


def with_balloon(rng: Rng) -> tuple[str, Canvas]:
    """A hot-air balloon in the sky."""
    name, canvas = anywhere(rng, "waterside", "meadow", "street")
    things.balloon(canvas, rng, rng.uniform(18, 78), rng.uniform(18, 28))
    return name, canvas


def with_bed(rng: Rng) -> tuple[str, Canvas]:
    """A bed, anywhere, as in a dream."""
    name, canvas = anywhere(rng, *SCENES)
    things.bed(canvas, rng, rng.uniform(30, 66), rng.uniform(86, 92))
    return name, canvas


def draw(label: str, rng: Rng) -> tuple[str, Canvas]:
    """A new picture of this class, and the name of its scene."""
    recipes: dict[str, Callable[[], tuple[str, Canvas]]] = {
        "lake": lambda: ("waterside", waterside(rng, "blue")),
        "swamp": lambda: ("waterside", waterside(rng, "green")),
        "camp site": lambda: ("meadow", meadow(rng, striped=False)),
        "circus": lambda: ("meadow", meadow(rng, striped=True)),
        "village": lambda: ("street", street(rng, red_roofs=False)),
        "fire station": lambda: ("street", street(rng, red_roofs=True)),
        "parlour": lambda: ("room", room(rng)),
        "Ada's album": lambda: with_cat(rng) if chance(rng, 0.5) else with_car(rng),
        "Ben's album": lambda: with_balloon(rng) if chance(rng, 0.5) else with_bed(rng),
    }
    return recipes[label]()
