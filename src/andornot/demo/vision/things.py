"""How to draw each thing of the demo world. Lengths are pixels; ``x``, ``y`` is where it stands."""

from __future__ import annotations

import numpy as np

from andornot.demo.vision.canvas import SIZE, Canvas, Look

Rng = np.random.Generator

BRIGHT = ("blue", "green", "orange", "pink", "purple", "red", "yellow")


def pick(rng: Rng, *names: str) -> str:
    """One of the names, each as likely as the others."""
    return names[int(rng.integers(len(names)))]


def chance(rng: Rng, probability: float) -> bool:
    """True with this probability."""
    return bool(rng.random() < probability)


def some_texture(rng: Rng, probability: float) -> str:
    """A texture with this probability, else none."""
    return pick(rng, "striped", "dotted", "checkered") if chance(rng, probability) else ""


def shadow(canvas: Canvas, x: float, y: float, rx: float, ground: Look) -> None:
    """A soft dark patch of the ground on which something stands."""
    canvas.ellipse(x, y, rx, max(1.5, rx * 0.16), ground.but(tint=ground.tint - 0.18, texture=""))


def sky(rng: Rng) -> Look:
    """The look of the sky: mostly blue, sometimes of a dull day, an evening or a morning."""
    colour = str(rng.choice(["blue", "grey", "orange", "pink"], p=[0.55, 0.15, 0.15, 0.15]))
    return Look("sky", colour, tint=float(rng.uniform(0.45, 0.62)))


def weather(canvas: Canvas, rng: Rng, horizon: float) -> None:
    """A sun, clouds and birds above the horizon."""
    if chance(rng, 0.5):
        look = Look("sun", "yellow", tint=0.2)
        canvas.ellipse(rng.uniform(10, 86), rng.uniform(9, 18), 7, 7, look)
    for _ in range(int(rng.integers(0, 3))):
        cloud(canvas, rng.uniform(6, 90), rng.uniform(8, horizon * 0.55), rng.uniform(0.7, 1.2))
    for _ in range(int(rng.integers(0, 3))):
        bird(canvas, rng.uniform(8, 88), rng.uniform(8, horizon * 0.6))


def cloud(canvas: Canvas, x: float, y: float, scale: float) -> None:
    """A cloud of three puffs."""
    look = Look("cloud", "white", tint=0.3)
    for dx, dy, r in ((-7, 1, 4.5), (0, -1.5, 6), (7, 1, 4.5)):
        canvas.ellipse(x + dx * scale, y + dy * scale, r * scale, r * 0.8 * scale, look)
    canvas.rounded(x - 11 * scale, y + scale, 22 * scale, 4 * scale, 2 * scale, look)


def bird(canvas: Canvas, x: float, y: float) -> None:
    """A bird far away: two strokes."""
    points = [(x - 4, y - 2), (x - 1.5, y - 1.8), (x, y + 0.5), (x + 1.5, y - 1.8), (x + 4, y - 2)]
    canvas.line(points, 1.0, Look("bird", "black"))


def hills(canvas: Canvas, rng: Rng, horizon: float) -> None:
    """Two or three hills behind the horizon."""
    for _ in range(int(rng.integers(2, 4))):
        colour = pick(rng, "green", "blue", "purple")
        look = Look("hill", colour, tint=float(rng.uniform(0.15, 0.35)))
        canvas.arch(
            rng.uniform(0, SIZE), horizon + 1, rng.uniform(20, 36), rng.uniform(7, 15), look
        )


def tree(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """A tree: round, or a fir of three storeys."""
    width = height * 0.32
    trunk = Look("tree", "brown", "trunk", tint=-0.2)
    canvas.rectangle(x - height * 0.05, y - height * 0.35, height * 0.1, height * 0.35, trunk)
    colour = str(rng.choice(["green", "orange", "pink"], p=[0.8, 0.12, 0.08]))
    crown = Look("tree", colour, "crown", tint=float(rng.uniform(-0.25, -0.05)), relief="leafy")
    if chance(rng, 0.5):
        for dx, dy, r in ((-0.5, 0.45, 0.6), (0.5, 0.45, 0.6), (0, 0.7, 0.75)):
            canvas.ellipse(x + dx * width, y - dy * height, r * width, r * width, crown)
        return
    for storey in range(3):
        base, half = y - height * (0.25 + 0.22 * storey), width * (1 - 0.22 * storey)
        canvas.polygon([(x - half, base), (x + half, base), (x, base - height * 0.38)], crown)


def bush(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A low bush."""
    look = Look("bush", "green", tint=float(rng.uniform(-0.25, -0.1)), relief="leafy")
    for dx, r in ((-5, 4), (0, 5.5), (5, 4)):
        canvas.ellipse(x + dx, y - r * 0.7, r, r * 0.8, look)


def flower(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A flower on its stem."""
    canvas.line([(x, y), (x, y - 5)], 0.8, Look("flower", "green", "stem"))
    petals = Look("flower", pick(rng, "red", "pink", "purple", "white", "yellow"), "petals")
    for dx, dy in ((-1.5, 0), (1.5, 0), (0, -1.5), (0, 1.5)):
        canvas.ellipse(x + dx, y - 6 + dy, 1.5, 1.5, petals)
    canvas.ellipse(x, y - 6, 1.1, 1.1, Look("flower", "orange"))


def fence(canvas: Canvas, rng: Rng, y: float) -> None:
    """A fence right across the picture."""
    look = Look("fence", pick(rng, "white", "brown"))
    for rail in (y - 6, y - 3):
        canvas.rectangle(0, rail, SIZE, 1, look)
    for x in np.arange(rng.uniform(0, 6), SIZE, 7.0):
        canvas.rectangle(x, y - 8, 2, 8, look)


def house(canvas: Canvas, rng: Rng, x: float, y: float, width: float, roof: str) -> None:
    """A house with its left lower corner at ``x``, ``y`` and a roof of that colour."""
    wall, top = width * rng.uniform(0.6, 0.85), width * rng.uniform(0.45, 0.6)
    facade = Look("house", pick(rng, "white", "yellow", "pink", "blue", "grey"), tint=0.25)
    if chance(rng, 0.3):
        facade = Look("house", "red")
    tiles = Look("house", roof, "roof", tint=-0.05)
    if chance(rng, 0.6):
        chimney = Look("house", "brown", "chimney")
        canvas.rectangle(x + width * 0.72, y - wall - top * 0.8, 4, top * 0.7, chimney)
    canvas.rectangle(x, y - wall, width, wall, facade)
    eaves = y - wall + 0.5
    inset = rng.uniform(0.12, 0.5) * width
    ridge = eaves - top
    canvas.polygon(
        [(x - 3, eaves), (x + inset, ridge), (x + width - inset, ridge), (x + width + 3, eaves)],
        tiles,
    )
    glass = Look("house", "blue", "window", tint=float(rng.choice([-0.45, 0.45])))
    if chance(rng, 0.3):
        glass = Look("house", "yellow", "window", tint=0.3)
    for left in (0.14, 0.62):
        canvas.rectangle(x + left * width, y - wall * 0.78, width * 0.24, wall * 0.34, glass)
    door = Look("house", pick(rng, *BRIGHT, "brown"), "door", tint=-0.15)
    canvas.rectangle(x + width * 0.4, y - wall * 0.42, width * 0.2, wall * 0.42, door)


def tent(canvas: Canvas, rng: Rng, x: float, y: float, striped: bool) -> None:
    """A big top: a low wall, a pointed roof and a flag; its cloth is striped or plain."""
    half, height = rng.uniform(17, 22), rng.uniform(28, 36)
    colour = pick(rng, *BRIGHT)
    cloth = Look("tent", colour, texture="striped" if striped else "")
    eaves = y - height * 0.42
    canvas.line([(x, y - height), (x, y - height - 7)], 1.0, Look("tent", "brown"))
    flag = Look("tent", pick(rng, *BRIGHT), "flag")
    canvas.polygon([(x, y - height - 8), (x + 8, y - height - 5.5), (x, y - height - 3)], flag)
    canvas.polygon(
        [
            (x - half * 0.85, eaves),
            (x + half * 0.85, eaves),
            (x + half * 0.8, y),
            (x - half * 0.8, y),
        ],
        cloth.but(tint=-0.14),
    )
    canvas.polygon([(x - half, eaves + 2), (x, y - height), (x + half, eaves + 2)], cloth)
    entrance = Look("tent", "black", "entrance", tint=0.1)
    canvas.polygon([(x - 5, y), (x, eaves + 3), (x + 5, y)], entrance)


def sheep(canvas: Canvas, x: float, y: float, facing: int) -> None:
    """A woolly sheep that looks left (-1) or right (1)."""
    dark = Look("sheep", "black", "leg")
    for dx in (-4, -2, 2, 4):
        canvas.rectangle(x + dx - 0.5, y - 4, 1.2, 4, dark)
    wool = Look("sheep", "white")
    for dx, dy in ((-4, -7), (0, -8.5), (4, -7), (-2, -5), (2, -5)):
        canvas.ellipse(x + dx, y + dy, 3.6, 3.2, wool)
    canvas.ellipse(x + 8 * facing, y - 8, 2.4, 2.8, dark.but(part="head"))


def blanket(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A picnic blanket on the ground."""
    cloth = Look("blanket", pick(rng, *BRIGHT), texture=some_texture(rng, 0.85))
    canvas.polygon([(x - 14, y), (x - 8, y - 10), (x + 16, y - 10), (x + 12, y)], cloth)


def parasol(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A parasol on its stick."""
    canvas.rectangle(x - 0.6, y - 18, 1.2, 18, Look("parasol", "brown"))
    cloth = Look("parasol", pick(rng, *BRIGHT), texture=some_texture(rng, 0.6))
    canvas.arch(x, y - 13, 12, 9, cloth)


def boat(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A sailing boat."""
    canvas.rectangle(x - 0.6, y - 24, 1.2, 20, Look("boat", "brown", "mast"))
    cloth = Look("boat", "white", "sail")
    if chance(rng, 0.6):
        cloth = Look("boat", pick(rng, *BRIGHT), "sail", some_texture(rng, 0.5))
    canvas.polygon([(x + 1.2, y - 23), (x + 12, y - 6), (x + 1.2, y - 6)], cloth)
    canvas.polygon([(x - 1.2, y - 20), (x - 8, y - 6), (x - 1.2, y - 6)], cloth)
    hull = Look("boat", pick(rng, "brown", "red", "black", "white", "purple"), "hull")
    canvas.polygon([(x - 12, y - 4.5), (x + 14, y - 4.5), (x + 9, y + 1.5), (x - 8, y + 1.5)], hull)


def duck(canvas: Canvas, rng: Rng, x: float, y: float, facing: int) -> None:
    """A duck that swims left (-1) or right (1)."""
    body = Look("duck", pick(rng, "yellow", "white", "brown"))
    canvas.ellipse(x, y - 2, 5.5, 3, body)
    canvas.polygon([(x - 4 * facing, y - 3), (x - 8 * facing, y - 5), (x - 4 * facing, y)], body)
    canvas.ellipse(x + 4 * facing, y - 6, 2.6, 2.6, body.but(part="head"))
    canvas.polygon(
        [(x + 6 * facing, y - 7), (x + 9.5 * facing, y - 5.5), (x + 6 * facing, y - 4.6)],
        Look("duck", "orange", "beak"),
    )
    canvas.ellipse(x + 4.6 * facing, y - 6.6, 0.6, 0.6, Look("duck", "black", "head"))


def lantern(canvas: Canvas, x: float, y: float) -> None:
    """A street lamp."""
    iron = Look("lamp", "black")
    canvas.rectangle(x - 0.6, y - 26, 1.3, 26, iron)
    canvas.rectangle(x - 2.2, y - 1.5, 4.4, 1.5, iron)
    canvas.rounded(x - 2.5, y - 31, 5, 6, 1.5, Look("lamp", "yellow", "shade", tint=0.35))
    canvas.rectangle(x - 3, y - 32, 6, 1.2, iron)


def car(canvas: Canvas, rng: Rng, x: float, y: float, facing: int) -> None:
    """A small car that drives left (-1) or right (1)."""
    body = Look("car", pick(rng, *BRIGHT, "white"))
    cabin = [(-12, -10), (-8, -17.5), (5, -17.5), (10, -10)]
    canvas.polygon([(x + dx * facing, y + dy) for dx, dy in cabin], body)
    canvas.rounded(x - 18, y - 11.5, 36, 9.5, 3, body)
    glass = Look("car", "blue", "window", tint=0.55)
    for pane in (
        [(-9.5, -10.5), (-6.8, -16), (-2, -16), (-2, -10.5)],
        [(-0.5, -10.5), (-0.5, -16), (4.2, -16), (7.8, -10.5)],
    ):
        canvas.polygon([(x + dx * facing, y + dy) for dx, dy in pane], glass)
    canvas.ellipse(x + 16.5 * facing, y - 8, 1.6, 1.6, Look("car", "yellow", "headlight", tint=0.4))
    tyre = Look("car", "black", "wheel", tint=-0.2)
    for dx in (-10, 10):
        canvas.ellipse(x + dx, y - 2.5, 4.4, 4.4, tyre)
        canvas.ellipse(x + dx, y - 2.5, 1.8, 1.8, tyre.but(colour="grey", tint=0.3))


def cat(canvas: Canvas, rng: Rng, x: float, y: float, facing: int) -> None:
    """A sitting cat that looks at you, its tail to one side."""
    fur = Look("cat", pick(rng, "black", "grey", "orange", "white", "brown"))
    tail = [
        (x - 7 * facing, y - 2),
        (x - 14 * facing, y - 3),
        (x - 16 * facing, y - 10),
        (x - 13 * facing, y - 15),
    ]
    canvas.line(tail, 3.2, fur.but(part="tail"))
    canvas.ellipse(x, y - 9.5, 9, 10.5, fur)
    for side in (-1, 1):
        canvas.ellipse(x + side * 3.6, y - 1, 3.6, 2.1, fur)
    top = y - 24
    for side in (-1, 1):
        ear = [(x + side * 8.6, top - 1), (x + side * 8, top - 12), (x + side * 1.4, top - 6)]
        canvas.polygon(ear, fur.but(part="ear", tint=-0.1))
    canvas.ellipse(x, top, 9.4, 8, fur.but(part="head", tint=0.1))
    eye = Look("cat", "yellow" if fur.colour in ("black", "brown", "grey") else "black", "eye")
    for side in (-1, 1):
        canvas.ellipse(x + side * 3.8, top - 0.6, 1.8, 2.3, eye)
    nose = [(x - 1.5, top + 2.4), (x + 1.5, top + 2.4), (x, top + 4.2)]
    canvas.polygon(nose, Look("cat", "pink", "head"))


def balloon(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A hot-air balloon with its middle at ``x``, ``y``."""
    first, second = rng.permutation(BRIGHT)[:2]
    cloth = Look("balloon", str(first))
    canvas.polygon([(x - 9.5, y + 8), (x + 9.5, y + 8), (x + 3, y + 17), (x - 3, y + 17)], cloth)
    canvas.ellipse(x, y, 13.5, 14, cloth)
    gore = cloth.but(colour=str(second))
    canvas.ellipse(x, y, 5, 14, gore)
    canvas.polygon([(x - 3.8, y + 8), (x + 3.8, y + 8), (x + 1.5, y + 17), (x - 1.5, y + 17)], gore)
    for side in (-1, 1):
        canvas.line(
            [(x + 2.6 * side, y + 17), (x + 2.6 * side, y + 21)], 0.7, Look("balloon", "brown")
        )
    canvas.rounded(x - 3.5, y + 20, 7, 5.5, 1, Look("balloon", "brown", "basket", tint=-0.1))


def bed(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A bed seen from its side; ``x`` is the middle."""
    wood = Look("bed", pick(rng, "brown", "white", "black"), "frame", tint=-0.1)
    canvas.rounded(x - 25, y - 23, 4.5, 23, 1.5, wood)
    canvas.rounded(x + 20.5, y - 15, 4.5, 15, 1.5, wood)
    canvas.rectangle(x - 22, y - 6, 44, 3, wood)
    canvas.rounded(x - 21, y - 12, 42, 7, 2, Look("bed", "white"))
    canvas.rounded(x - 20, y - 16, 12, 6, 2.5, Look("bed", "white", "pillow", tint=0.4))
    cover = Look("bed", pick(rng, *BRIGHT), "cover", texture=some_texture(rng, 0.4))
    canvas.rounded(x - 9, y - 15, 30.5, 11, 3, cover)


def sofa(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A sofa with two cushions; ``x`` is the middle."""
    cloth = Look("sofa", pick(rng, *BRIGHT, "grey"), tint=-0.1)
    for dx in (-15, 13):
        canvas.rectangle(x + dx, y - 3, 2, 3, Look("sofa", "brown"))
    canvas.rounded(x - 17, y - 21, 34, 16, 4, cloth)
    canvas.rounded(x - 20, y - 14, 7, 12, 3, cloth.but(tint=-0.2))
    canvas.rounded(x + 13, y - 14, 7, 12, 3, cloth.but(tint=-0.2))
    canvas.rounded(x - 13.5, y - 10, 27, 7, 2, cloth.but(tint=0.05))
    for dx in (-7, 6):
        pad = Look("sofa", pick(rng, *BRIGHT), "cushion", some_texture(rng, 0.4))
        canvas.polygon(
            [(x + dx - 5, y - 9), (x + dx - 4, y - 18), (x + dx + 5, y - 17), (x + dx + 4, y - 9)],
            pad,
        )


def floor_lamp(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A lamp that stands on the floor."""
    canvas.rectangle(x - 0.6, y - 32, 1.3, 32, Look("lamp", "black"))
    canvas.ellipse(x, y - 0.5, 4.5, 1.4, Look("lamp", "black"))
    cloth = Look("lamp", pick(rng, "yellow", "orange", "white", "red"), "shade", tint=0.2)
    canvas.polygon([(x - 7, y - 30), (x - 4, y - 41), (x + 4, y - 41), (x + 7, y - 30)], cloth)


def picture(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A framed picture on the wall; ``x``, ``y`` is its upper left corner."""
    canvas.rectangle(x, y, 17, 13, Look("picture", pick(rng, "brown", "black", "white"), "frame"))
    canvas.rectangle(x + 2, y + 2, 13, 9, Look("picture", pick(rng, *BRIGHT), tint=0.45))
    canvas.ellipse(x + 8.5, y + 7, 3.2, 2.6, Look("picture", pick(rng, *BRIGHT)))


def window(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A window in the wall of a room, with the sky in it; ``x``, ``y`` is its upper left corner."""
    frame = Look("window", "white", tint=0.2)
    canvas.rectangle(x, y, 22, 24, frame)
    outside = sky(rng)
    for dx in (2, 12):
        for dy in (2, 13):
            canvas.rectangle(x + dx, y + dy, 8, 9, outside)
    canvas.rectangle(x - 2, y + 24, 26, 2.5, frame.but(tint=-0.1))


def rug(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A rug on the floor."""
    cloth = Look("rug", pick(rng, *BRIGHT), texture=some_texture(rng, 0.7))
    canvas.ellipse(x, y, rng.uniform(17, 26), rng.uniform(4.5, 7), cloth)
