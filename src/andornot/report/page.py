"""A page on the units of a run, for people to look at: pictures for images, sentences for text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from andornot.report.entries import Fact, Story
from andornot.report.pair_page import write_pairs
from andornot.report.picture_page import write_pictures
from andornot.run import Run

__all__ = ["Fact", "Story", "write_page", "write_pairs", "write_pictures"]


def write_page(
    run: Run,
    out: str | Path,
    units: Sequence[int] | None = None,
    n_units: int = 20,
    n_samples: int | None = None,
    *,
    layer: str | None = None,
    data: Any = None,
    story: Story | None = None,
) -> Path:
    """Write the page that fits a run: :func:`write_pictures` or :func:`write_pairs`.

    Args:
        run: the run to show.
        out: the folder; an older page there is replaced.
        units: the units to show, in this order; the best explained ones if not given, after
            those that the story names.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many images or pairs to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: the images or pairs that the run was made from; found again by the manifest if not
            given.
        story: what the page tells first.

    Returns:
        The path of the page, ``out/index.html``.

    Raises:
        AndornotError: as those two do.
    """
    write = write_pictures if run.manifest["level"] == "image" else write_pairs
    chosen = {} if n_samples is None else {"n_samples": n_samples}
    return write(run, out, units, n_units, layer=layer, data=data, story=story, **chosen)
