"""The data of the two demos, which are drawn anew from a seed, as their networks are trained."""

from __future__ import annotations

from typing import Final

from andornot.data.modality import DataKind, Sort

_SOURCE: Final[dict[str, Sort]] = {"count": "count", "seed": "count", "val_share": "number"}

KINDS: Final = (
    DataKind(
        "demo",
        "images",
        _SOURCE,
        opener="andornot.demo.vision.world:draw_world",
        files=False,
        network="andornot.demo.vision.net:trained_again",
    ),
    DataKind(
        "demo-text",
        "sentences",
        {**_SOURCE, "traps": "number", "split": "text or nothing"},
        opener="andornot.demo.text.world:draw_pairs",
        files=False,
        network="andornot.demo.text.net:trained_again",
    ),
)
