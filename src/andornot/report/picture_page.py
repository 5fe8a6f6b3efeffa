"""A page of pictures: what units do and how well their formulas say it, for people to look at.

OUT/index.html and OUT/pictures/*.webp, a tile for each unit and image (see ``pictures``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from andornot.explanations import Explanation
from andornot.probing.dataset import ProbingData
from andornot.progress import track
from andornot.report.entries import (
    CSS_COLOURS,
    MAX_WEIGHTS,
    Group,
    Page,
    Story,
    UnitEntry,
    choose_units,
    data_name,
    model_name,
    overview,
    threshold,
    unit_entry,
)
from andornot.report.folder import check_free, load_template, page_folder
from andornot.report.gallery import grouped
from andornot.report.picture_gallery import ImageView, PictureGallery
from andornot.report.pictures import PANELS, tile
from andornot.run import Run
from andornot.stages import writing

_FOLDER: Final = "pictures"
_QUALITY: Final = 85


@dataclass(frozen=True)
class Tile:
    """A picture on the page: its file, size, description, and what stands below it."""

    file: str
    width: int
    height: int
    alt: str
    name: str
    caption: str
    labels: tuple[str, ...]


def write_pictures(
    run: Run,
    out: str | Path,
    units: Sequence[int] | None = None,
    n_units: int = 20,
    n_samples: int = 8,
    *,
    layer: str | None = None,
    data: ProbingData | None = None,
    story: Story | None = None,
) -> Path:
    """Write a folder with a page of pictures; an older page there is replaced.

    Args:
        run: the run to show.
        out: the folder.
        units: the units to show, in this order; the best explained ones if not given, after
            those that the story names.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many images to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: what the run was made from; found again by the manifest if not given.
        story: what the page tells first.

    Returns:
        The path of the page, ``out/index.html``.

    Raises:
        OptionError: jinja2 is missing, a unit was not explained, or ``out`` holds other files.
        DataError: the images of the run cannot be opened.
        RunError: the folder cannot be written.
    """
    out = Path(out)
    template = load_template("pictures.html.j2")
    check_free(out)
    gallery = PictureGallery.open(run, layer, data)
    shown = choose_units(gallery.result, units, n_units, story)
    with page_folder(out) as folder:
        with writing(out):
            (folder / _FOLDER).mkdir()
        entries = []
        for unit in track(shown, "drawing units", len(shown)):
            with writing(out):
                entries.append(_entry(gallery, unit, n_samples, folder))
        height, width = run.activations(gallery.layer).map_shape
        html = template.render(
            page=_page(gallery, tuple(entries), story),
            colours=CSS_COLOURS,
            max_weights=MAX_WEIGHTS,
            panels=PANELS,
            map_shape=f"{height} × {width}",
        )
        with writing(out):
            (folder / "index.html").write_text(html, encoding="utf-8")
    return out / "index.html"


def _page(
    gallery: PictureGallery, entries: tuple[UnitEntry[Tile], ...], story: Story | None
) -> Page[Tile]:
    run = gallery.run
    looked_at = f"looked at {run.manifest['data']['samples']:,} images of {data_name(run)}"
    return Page(
        title=story.title if story else f"What units of {model_name(run)} respond to",
        story=story,
        overview=overview(run, gallery.layer, looked_at, len(entries)),
        units=entries,
        threshold=threshold(run, gallery.layer),
    )


def _entry(gallery: PictureGallery, unit: int, n_samples: int, folder: Path) -> UnitEntry[Tile]:
    view = gallery.unit(unit, n_samples)
    e = view.explanation
    groups = [
        Group(g.key, g.heading, tuple(_tile(e, image, folder) for image in g.samples))
        for g in grouped(view)
    ]
    return unit_entry(gallery.run, gallery.layer, e, groups, "position")


def _tile(e: Explanation, view: ImageView, folder: Path) -> Tile:
    picture = tile(view)
    name = f"unit{e.unit:05d}-{view.sample:06d}.webp"
    picture.save(folder / _FOLDER / name, quality=_QUALITY)
    both, unit, formula = view.shares
    return Tile(
        file=f"{_FOLDER}/{name}",
        width=picture.width,
        height=picture.height,
        alt=(
            f"{view.name}, four times: as it is, where unit {e.unit} is active, where the formula "
            f"{e.formula or '(none)'} holds, and both. Both hold on {both:.1%} of the picture, "
            f"the unit alone on {unit:.1%}, the formula alone on {formula:.1%}."
        ),
        name=view.name,
        caption=caption(view),
        labels=view.labels,
    )


def caption(view: ImageView) -> str:
    """How well unit and formula agree on an image, and how strongly the unit fires."""
    both, unit, formula = view.shares
    parts = []
    if both + unit + formula > 0:
        parts.append(f"IoU {both / (both + unit + formula):.2f} here")
    if view.peak == view.peak:  # not NaN: the threshold is above 0
        parts.append(f"peak {view.peak:.1f} × threshold")
    return ", ".join(parts)
