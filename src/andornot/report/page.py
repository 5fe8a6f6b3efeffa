"""A page on the units of a run, for people to look at: pictures for images, sentences for text.

OUT/index.html, and of images OUT/pictures/*.webp, a tile for each unit and image.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from andornot.files import writing
from andornot.folders import check_whole, whole_folder
from andornot.progress import track
from andornot.report.entries import (
    CSS_COLOURS,
    MAX_WEIGHTS,
    Fact,
    Page,
    Story,
    UnitEntry,
    choose_units,
    looked_at,
    model_name,
    overview,
    threshold,
)
from andornot.report.folder import load_template
from andornot.report.marks import PAIR_MARKS, TOKEN_MARKS
from andornot.report.open import AnyGallery, open_gallery
from andornot.report.pair_gallery import pair_entry
from andornot.report.picture_gallery import PictureGallery
from andornot.report.pictures import PANELS
from andornot.report.tiles import picture_entry
from andornot.runs.run import Run
from andornot.text.probe import TOKEN

__all__ = ["Fact", "Story", "write_page"]

_IMAGES: Final = 8
_PAIRS: Final = 10
"""Samples shown for each unit if nothing else is asked for."""


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
    """Write a folder with a page on some units of a run; an older page there is replaced.

    Args:
        run: the run to show.
        out: the folder.
        units: the units to show, in this order; the best explained ones if not given, after
            those that the story names.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many images or pairs to show for each unit, at most; 8 or 10 if not given.
        layer: the layer to show; not needed if the run has only one.
        data: the images or pairs that the run was made from; found again by the manifest if not
            given.
        story: what the page tells first.

    Returns:
        The path of the page, ``out/index.html``.

    Raises:
        OptionError: jinja2 is missing, a unit was not explained, or ``out`` holds other files.
        DataError: the images or the sentences of the run cannot be opened.
        RunError: the folder cannot be written.
    """
    out, level = Path(out), str(run.manifest["level"])
    template = load_template(f"{'pictures' if level == 'image' else 'pairs'}.html.j2")
    check_whole(out, ("index.html",))
    gallery = open_gallery(run, layer, data)
    shown = choose_units(gallery.result, units, n_units, story)
    with whole_folder(out, top=("index.html",)) as folder, writing(out):
        entries = tuple(
            _entry(gallery, unit, n_samples, folder)
            for unit in track(shown, "drawing units", len(shown))
        )
        html = template.render(
            page=_page(gallery, entries, story),
            colours=CSS_COLOURS,
            max_weights=MAX_WEIGHTS,
            level=level,
            marks=TOKEN_MARKS if level == TOKEN else PAIR_MARKS,
            panels=PANELS,
            map_shape=" × ".join(map(str, run.activations(gallery.layer).map_shape)),
        )
        (folder / "index.html").write_text(html, encoding="utf-8")
    return out / "index.html"


def _entry(gallery: AnyGallery, unit: int, n_samples: int | None, folder: Path) -> UnitEntry[Any]:
    """What is said of a unit; of images the tiles are written into the folder."""
    if isinstance(gallery, PictureGallery):
        return picture_entry(gallery, unit, _IMAGES if n_samples is None else n_samples, folder)
    return pair_entry(gallery, unit, _PAIRS if n_samples is None else n_samples)


def _page(
    gallery: AnyGallery, entries: tuple[UnitEntry[Any], ...], story: Story | None
) -> Page[Any]:
    run = gallery.run
    return Page(
        title=story.title if story else f"What units of {model_name(run)} respond to",
        story=story,
        overview=overview(run, gallery.layer, looked_at(run), len(entries)),
        units=entries,
        threshold=threshold(run, gallery.layer),
    )
