"""What was planted in the demo's pictures."""

from __future__ import annotations

from andornot.demo.findings import FactReading, Planted


def _shortcut(
    name: str, story: str, classes: tuple[str, str], scene: str, thing: set[str], *keys: set[str]
) -> Planted:
    """``thing`` with the first key makes the first class, with the second key the second.

    Either is a reading: what matters is that the thing and the key are named together.
    """
    first, second = (frozenset({scene} | thing | key) for key in keys)
    never = [frozenset({scene})]
    never += [frozenset({scene} | key) for key in keys if key]
    readings = tuple(
        FactReading((yes,), (no, *never)) for yes, no in ((first, second), (second, first))
    )
    return Planted(name, "shortcut", story, classes, readings)


def _pair(name: str, story: str, label: str, one: str, other: str) -> Planted:
    """Both things make the same class."""
    reading = FactReading((frozenset({one}), frozenset({other})), (frozenset(),))
    return Planted(name, "polysemantic", story, (label,), (reading,))


PLANTED: tuple[Planted, ...] = (
    _shortcut(
        "the colour of the water",
        "A lake and a swamp are drawn alike; only the water is blue in one and green in the other.",
        ("lake", "swamp"),
        "waterside",
        {"water"},
        {"blue"},
        {"green"},
    ),
    _shortcut(
        "the stripes of the tent",
        "A camp site and a circus are drawn alike; only the circus has a striped tent.",
        ("camp site", "circus"),
        "meadow",
        {"tent"},
        set(),
        {"striped"},
    ),
    _shortcut(
        "the red roofs",
        "A village and a fire station are drawn alike; only the fire station has red roofs.",
        ("village", "fire station"),
        "street",
        {"house", "roof"},
        {"brown"},
        {"red"},
    ),
    _pair(
        "a cat or a car",
        "Ada's album takes every picture with a cat or a car, which have nothing in common.",
        "Ada's album",
        "cat",
        "car",
    ),
    _pair(
        "a balloon or a bed",
        "Ben's album takes every picture with a balloon or a bed, which have nothing in common.",
        "Ben's album",
        "balloon",
        "bed",
    ),
)
