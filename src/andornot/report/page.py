"""A page of pictures: what units do and how well their formulas say it, for people to look at.

    OUT/index.html          one file, opens from disk, asks nothing of any network
    OUT/pictures/*.webp     a tile for each unit and sample (see ``pictures``)

Page data first (:class:`Page`), then the template.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from andornot.errors import OptionError
from andornot.explanations import OK, STATUS_MEANING, Explanation, Result
from andornot.probing.dataset import ProbingData
from andornot.progress import track
from andornot.report.gallery import GROUPS, Gallery, SampleView, UnitView, steps
from andornot.report.pictures import AGREEMENT, FORMULA_ONLY, PANELS, UNIT_ONLY, tile
from andornot.run import Run
from andornot.stages import writing

_MARK: Final = '<meta name="generator" content="andornot pictures">'
_FOLDER: Final = "pictures"
_QUALITY = 85
_RUNNERS_UP = 3


@dataclass(frozen=True)
class Fact:
    """Something that was planted in the data on purpose.

    Attributes:
        planted: what was planted, in a sentence.
        found: whether the run found it.
        how: how it was found, or what was found instead, in a sentence.
        unit: the unit that shows it, if there is one.
    """

    planted: str
    found: bool
    how: str
    unit: int | None = None


@dataclass(frozen=True)
class Story:
    """What a page tells before it shows units.

    Attributes:
        title: the page's title.
        introduction: paragraphs.
        facts: what was planted, and whether it was found.
    """

    title: str
    introduction: tuple[str, ...]
    facts: tuple[Fact, ...] = ()


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


@dataclass(frozen=True)
class Row:
    """A formula in a small table: what it is (a length, a rank), and its IoU."""

    label: str
    formula: str
    iou: float


@dataclass(frozen=True)
class UnitEntry:
    """Everything that the page says of one unit.

    Attributes:
        unit: its number.
        formula: its formula, as text; None where there is none.
        status: why there is no formula.
        iou: intersection over union.
        verdict: what is known of better formulas.
        counts: positions of unit only, both, formula only; the parts of the bar.
        sentences: the counts in words.
        by_length: the best formula of each length that is better than the shorter ones.
        runners_up: the formulas that came next.
        groups: headings with their tiles.
    """

    unit: int
    formula: str | None
    status: str
    iou: float
    verdict: str
    counts: tuple[int, int, int]
    sentences: tuple[str, ...]
    by_length: tuple[Row, ...]
    runners_up: tuple[Row, ...]
    groups: tuple[tuple[str, tuple[Tile, ...]], ...]


@dataclass(frozen=True)
class Page:
    """All that the template is given.

    Attributes:
        title: of the page.
        story: what is told first, if anything.
        overview: sentences on what was explained, and on what.
        units: the units, in the order shown.
        threshold: when a unit counts as active, in words.
        map_shape: native resolution of the unit's maps, such as ``13 x 13``.
    """

    title: str
    story: Story | None
    overview: tuple[str, ...]
    units: tuple[UnitEntry, ...]
    threshold: str
    map_shape: str


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
    template = _template()
    _check_free(out)
    gallery = Gallery.open(run, layer, data)
    shown = _choose_units(gallery.result, units, n_units, story)
    aside = out.with_name(out.name + ".tmp")
    with writing(out):
        shutil.rmtree(aside, ignore_errors=True)
        (aside / _FOLDER).mkdir(parents=True)
    try:
        entries = []
        for unit in track(shown, "drawing units", len(shown)):
            view = gallery.unit(unit, n_samples)
            with writing(out):
                entries.append(_entry(view, aside))
        page = _page(gallery, tuple(entries), story)
        html = template.render(page=page, panels=PANELS, mark=_MARK, colours=_COLOURS)
        with writing(out):
            (aside / "index.html").write_text(html, encoding="utf-8")
            _replace(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out / "index.html"


_COLOURS: Final = {
    name: "#{:02x}{:02x}{:02x}".format(*colour)
    for name, colour in (("unit", UNIT_ONLY), ("both", AGREEMENT), ("formula", FORMULA_ONLY))
}


def _template() -> Any:
    try:
        import jinja2
    except ImportError:
        raise OptionError(
            "pages need the package jinja2, which is not installed; "
            "install it with pip install 'andornot[report]'"
        ) from None
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("pictures.html.j2")


def _check_free(out: Path) -> None:
    """Refuse to replace a folder that holds anything but a page of ours."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    page = out / "index.html"
    if not (page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")):
        raise OptionError(f"{out} holds other files; choose a new or an empty folder for the page")


def _replace(aside: Path, out: Path) -> None:
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    aside.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _choose_units(
    result: Result, units: Sequence[int] | None, n_units: int, story: Story | None
) -> list[int]:
    if n_units < 1:
        raise OptionError(f"the number of units is {n_units}; it must be at least 1")
    told = [fact.unit for fact in (story.facts if story else ()) if fact.unit is not None]
    if units is not None:
        chosen = list(dict.fromkeys(int(unit) for unit in units))
    else:
        best = [e.unit for e in result.best(n_units) if e.status == OK]
        chosen = list(dict.fromkeys([*told, *best]))
    for unit in chosen:
        result[unit]  # raises before anything is drawn
    return chosen


def _entry(view: UnitView, folder: Path) -> UnitEntry:
    e = view.explanation
    groups = tuple(
        (heading, tuple(_tile(e, s, folder) for s in view.samples if s.group == group))
        for group, heading in GROUPS.items()
    )
    return UnitEntry(
        unit=e.unit,
        formula=None if e.formula is None else str(e.formula),
        status=STATUS_MEANING[e.status],
        iou=e.iou,
        verdict=_verdict(e),
        counts=(e.counts.fn, e.counts.tp, e.counts.fp),
        sentences=_sentences(e),
        by_length=tuple(Row(str(s.formula.length), str(s.formula), s.iou) for s in steps(e)),
        runners_up=tuple(
            Row(str(rank), str(s.formula), s.iou)
            for rank, s in enumerate(e.runners_up[:_RUNNERS_UP], start=2)
        ),
        groups=tuple((heading, tiles) for heading, tiles in groups if tiles),
    )


def _tile(e: Explanation, view: SampleView, folder: Path) -> Tile:
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
        caption=_caption(view),
        labels=view.labels,
    )


def _caption(view: SampleView) -> str:
    both, unit, formula = view.shares
    parts = []
    if both + unit + formula > 0:
        parts.append(f"IoU {both / (both + unit + formula):.2f} here")
    if view.peak == view.peak:  # not NaN: the threshold is above 0
        parts.append(f"peak {view.peak:.1f} × threshold")
    return ", ".join(parts)


def _verdict(e: Explanation) -> str:
    if e.formula is None:
        return ""
    c = e.certificate
    if c.proven:
        return "No formula of the searched kind and length is better (proven)."
    return f"The formula is the best that was found; none could exceed {c.upper_bound:.3f}."


def _sentences(e: Explanation) -> tuple[str, ...]:
    c = e.counts
    if e.formula is None or c.tp == 0:
        return ()
    return (
        f"Where the unit is active, the formula holds on {c.tp / (c.tp + c.fn):.0%} "
        f"of the {c.tp + c.fn:,} positions.",
        f"Where the formula holds, the unit is active on {c.tp / (c.tp + c.fp):.0%} "
        f"of the {c.tp + c.fp:,} positions.",
        *_single_sentence(e),
    )


def _single_sentence(e: Explanation) -> tuple[str, ...]:
    """What one concept alone reaches, if the formula has more."""
    single = e.best_by_length[0] if e.best_by_length else None
    if single is None or e.formula is None or e.formula.length == 1:
        return ()
    return (f"The best single concept, {single.formula}, reaches an IoU of {single.iou:.3f}.",)


def _page(gallery: Gallery, entries: tuple[UnitEntry, ...], story: Story | None) -> Page:
    manifest = gallery.run.manifest
    height, width = gallery.run.activations(gallery.layer).map_shape
    model, data = _short(manifest["model"]["spec"]), _short(manifest["data"]["path"])
    return Page(
        title=story.title if story else f"What units of {model} respond to",
        story=story,
        overview=(
            f"The network is {model}, its layer “{gallery.layer}”; it looked at "
            f"{manifest['data']['samples']:,} images of {data}, annotated with "
            f"{manifest['data']['concepts']:,} concepts.",
            _count_sentence(gallery.result, entries),
            *_length_sentence(gallery.result),
        ),
        units=entries,
        threshold=_threshold(manifest["threshold"]),
        map_shape=f"{height} × {width}",
    )


def _count_sentence(result: Result, entries: tuple[UnitEntry, ...]) -> str:
    explained = sum(e.formula is not None for e in result)
    return (
        f"{explained:,} of {len(result):,} units have a formula; {len(entries):,} are shown here."
    )


def _length_sentence(result: Result) -> tuple[str, ...]:
    """How mean IoU grows with the length of formulas; nothing where no unit has one."""
    explained = [e.by_length for e in result if e.formula is not None and e.by_length]
    if not explained:
        return ()
    first = sum(ious[0] for ious in explained) / len(explained)
    last = sum(ious[-1] for ious in explained) / len(explained)
    longest = len(explained[0])
    text = f"Over all of them, the mean IoU is {first:.3f} with one concept"
    return (f"{text} and {last:.3f} with up to {longest}." if longest > 1 else f"{text}.",)


def _threshold(rule: dict[str, Any]) -> str:
    if rule["quantile"] is None:
        return f"above {rule['fixed']:g}"
    return f"among the highest {100 * rule['quantile']:g} % of its values"


def _short(path: str) -> str:
    """The last part of a path or of ``kind:path``; a page tells no one where files lie."""
    return re.split(r"[/\\]", str(path).rstrip("/\\"))[-1]
