"""A page of sentence pairs: what units of a text model do, and how well their formulas say it.

OUT/index.html, and nothing beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from andornot.progress import track
from andornot.report.entries import (
    CSS_COLOURS,
    MAX_WEIGHTS,
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
from andornot.report.marks import PAIR_MARKS, TOKEN_MARKS
from andornot.report.pair_gallery import PairGallery, PairView
from andornot.run import Run
from andornot.stages import writing
from andornot.text.pairs import PairData
from andornot.text.probe import TOKEN


def write_pairs(
    run: Run,
    out: str | Path,
    units: Sequence[int] | None = None,
    n_units: int = 20,
    n_samples: int = 10,
    *,
    layer: str | None = None,
    data: PairData | None = None,
    story: Story | None = None,
) -> Path:
    """Write a folder with a page of sentence pairs; an older page there is replaced.

    Args:
        run: the run to show.
        out: the folder.
        units: the units to show, in this order; the best explained ones if not given, after
            those that the story names.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many pairs to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: what the run was made from; found again by the manifest if not given.
        story: what the page tells first.

    Returns:
        The path of the page, ``out/index.html``.

    Raises:
        OptionError: jinja2 is missing, a unit was not explained, or ``out`` holds other files.
        DataError: the sentences of the run cannot be opened.
        RunError: the folder cannot be written.
    """
    out = Path(out)
    template = load_template("pairs.html.j2")
    check_free(out)
    gallery = PairGallery.open(run, layer, data)
    shown = choose_units(gallery.result, units, n_units, story)
    entries = tuple(
        pair_entry(gallery, unit, n_samples) for unit in track(shown, "reading units", len(shown))
    )
    html = template.render(
        page=_page(gallery, entries, story),
        colours=CSS_COLOURS,
        max_weights=MAX_WEIGHTS,
        level=gallery.level,
        marks=TOKEN_MARKS if gallery.level == TOKEN else PAIR_MARKS,
    )
    with page_folder(out) as folder, writing(out):
        (folder / "index.html").write_text(html, encoding="utf-8")
    return out / "index.html"


def pair_entry(gallery: PairGallery, unit: int, n_samples: int) -> UnitEntry[PairView]:
    """Everything that is said of one unit, with its pairs.

    Raises:
        OptionError: the run did not explain this unit, or ``n_samples`` is below 1.
    """
    view = gallery.unit(unit, n_samples)
    return unit_entry(gallery.run, gallery.layer, view.explanation, grouped(view), gallery.level)


def _page(
    gallery: PairGallery, entries: tuple[UnitEntry[PairView], ...], story: Story | None
) -> Page[PairView]:
    run = gallery.run
    looked_at = f"read {run.manifest['data']['samples']:,} sentence pairs of {data_name(run)}"
    if gallery.level == TOKEN:
        looked_at += f", {gallery.run.concepts.n_positions:,} tokens"
    return Page(
        title=story.title if story else f"What units of {model_name(run)} respond to",
        story=story,
        overview=overview(run, gallery.layer, looked_at, len(entries)),
        units=entries,
        threshold=threshold(run, gallery.layer),
    )
