"""What each kind of data set says that nobody labelled, and runs that ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import andornot
from andornot import ConceptTable, Run, Threshold
from andornot.cli import cli
from andornot.data.images.dataset import FolderData
from andornot.data.images.labelmaps import NewSample, read_labelmaps, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.errors import OptionError, RunError
from andornot.probes.recording import Recording
from andornot.trust.options import TrustOptions
from andornot.views import array_views, formula_tree, unit_view
from import_cases import voc
from probing_cases import ade20k, cityscapes, coco, id2label, parquet

pytest.importorskip("torch", reason="torch is not installed")

from red_blue_cases import RedAndBlue

NAMES = {"red": "colour", "blue": "colour", "leg": "part"}


def unknown(data: FolderData, i: int) -> dict[str, object]:
    """The categories that are unknown in a sample: True, or the positions as text, row by row."""
    labels = data.labels(i)
    return {
        name: True if mask is None else ["".join(map(str, row.astype(int))) for row in mask]
        for name, mask in labels.unknown.items()
    }


def test_broden_tells_by_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in "abc":
        Image.new("RGB", (8, 8)).save(tmp_path / f"images/{name}.png")
    Image.new("RGB", (4, 4), (1, 0, 0)).save(tmp_path / "images/map.png")
    (tmp_path / "label.csv").write_text(
        "number,name,category\n1,window,part(3);object(2)\n7,attic-s,scene(1)\n"
    )
    (tmp_path / "index.csv").write_text(
        "image,split,ih,iw,sh,sw,object,part,scene\n"
        "a.png,train,8,8,4,4,map.png,,7\nb.png,train,8,8,4,4,,map.png,0\nc.png,val,8,8,4,4,,,\n"
    )
    data = open_data(f"broden:{tmp_path}")
    assert [unknown(data, i) for i in range(3)] == [
        {"part": True}, {"object": True, "scene": True},
        {"object": True, "part": True, "scene": True},
    ]  # fmt: skip
    assert unknown(open_data(f"broden:{tmp_path}", categories=["part"]), 1) == {}
    # the concept is both, so one of them is enough
    table = build_table(data, tmp_path / "table", known_only=True)
    assert table.known_atoms("window").sum() < table.n_atoms
    assert int(table.counts[table.known_atoms("window")].sum()) == 32
    assert int(table.counts[table.known_atoms("attic-s")].sum()) == 16


def test_published_formats_tell_by_their_ids(tmp_path: Path) -> None:
    data = open_data(ade20k(tmp_path / "ade20k"))
    street, room = unknown(data, 0), unknown(data, 1)
    assert street == {"object": ["000000", "111111", "000000", "000000"]}
    assert set(room) <= {"object"}
    (tmp_path / "ade20k" / f"{data.samples[1].image.removesuffix('.jpg')}_parts_1.png").unlink()
    assert unknown(open_data(f"ade20k:{tmp_path / 'ade20k'}"), 1)["part"] is True
    data = open_data(coco(tmp_path / "coco"))
    nobody = ["000000", "000000", "000000", "111111"]
    assert unknown(data, 0) == dict.fromkeys(
        ("thing", "person", "stuff", "outdoor", "sports"), nobody
    )
    data = open_data(cityscapes(tmp_path / "cityscapes"))
    assert unknown(data, 0)["sky"] == ["111111", "000000", "000000", "000000"]
    assert unknown(data, 1)["void"] == ["111111"] * 4
    (tmp_path / "parquet").mkdir()
    id2label(tmp_path / "parquet", _1="sky", _2="tree")
    data = open_data(parquet(tmp_path / "parquet" / "a.parquet").parent)
    assert unknown(data, 0) == {"object": ["000001"] * 4}


def test_void_of_voc(tmp_path: Path) -> None:
    data = open_data(voc(tmp_path))
    seen = np.concatenate(
        [np.ravel(mask) for i in range(len(data)) for mask in data.labels(i).unknown.values()]
    )
    raw = [np.asarray(Image.open(tmp_path / s.maps[0][1])) for s in data.samples]
    voids = [(ids == 255).sum() for ids in raw]
    assert any(voids)
    n_categories = len({c for several in data.categories for c in several})
    assert seen.sum() == n_categories * sum(voids)


def pictures():
    """Twelve pictures with a red or a blue half; every third has a map of parts."""
    for i in range(12):
        image, halves = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32)
        colour = i % 2
        image[:4, :, 2 * colour] = 100 + 10 * i
        halves[:4] = 1 + colour
        legs = np.zeros_like(halves)
        legs[:2, :2] = 3
        image[:2, :2] = 0 if i % 3 == 0 else image[:2, :2]
        parts = {"part": legs} if i % 3 == 0 else {}
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"colour": halves} | parts)


def test_label_map_folders_tell_by_missing_maps(tmp_path: Path) -> None:
    data = write_labelmaps(tmp_path / "data", NAMES, pictures())
    assert [unknown(data, i) for i in range(4)] == [{}, {"part": True}, {"part": True}, {}]
    # what is said of the whole image is said
    (tmp_path / "data/samples.csv").write_text("sample,concepts\n01.png,leg\n")
    again = read_labelmaps(tmp_path / "data")
    assert [unknown(again, i) for i in range(3)] == [{}, {}, {"part": True}]
    assert replace(again, samples=data.samples).fingerprint() == data.fingerprint()
    without = tuple(replace(sample, unknown=()) for sample in data.samples)
    assert replace(data, samples=without).fingerprint() == data.fingerprint()


def test_only_cells_are_new_in_a_plain_table(tmp_path: Path) -> None:
    data = write_labelmaps(tmp_path / "data", NAMES, pictures())
    plain = build_table(data, tmp_path / "plain", 2)
    told = build_table(data, tmp_path / "told", 2, known_only=True)
    nothing = tuple(replace(sample, unknown=()) for sample in data.samples)
    bare = build_table(replace(data, samples=nothing), tmp_path / "bare", 2)
    assert bare.known is None
    assert plain.digest == bare.digest != told.digest
    for name in ("indptr", "indices", "fold_counts"):
        assert (getattr(plain, name) == getattr(bare, name)).all()
    assert plain.positions is not None
    assert bare.positions is not None
    assert (plain.positions.atoms == bare.positions.atoms).all()
    assert plain.known is not None
    assert not plain.known.by_atom
    assert plain.known.counts.sum() == told.known.counts.sum() == plain.n_positions
    unlabelled = plain.known.counts[~plain.known_concepts[plain.known.pattern, 2]].sum()
    assert unlabelled == 8 * 64
    assert told.n_positions == plain.n_positions
    assert (told.concept_counts == plain.concept_counts).all()
    assert ConceptTable.load(tmp_path / "told").digest == told.digest


def run_of(folder: Path, **options) -> Run:
    from andornot.models import Preprocessing

    data = open_data(f"labelmaps:{folder / 'data'}")
    given = {"length": 2, "trust": None, "folds": 2} | options
    return andornot.dissect(
        RedAndBlue(), "layer", data, folder / "run",
        preprocessing=Preprocessing(8, 8, (0, 0, 0), (1, 1, 1)),
        threshold=Threshold(quantile=None, fixed=0.2),
        recording=Recording(batch_size=5, device="cpu"), **given,
    )  # fmt: skip


def test_a_run_scores_where_it_is_known(tmp_path: Path) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    plain = run_of(tmp_path)
    e = plain.result()[0]
    assert str(e.formula) == "red AND NOT leg"
    # red is on six pictures, of which four have no map of parts
    shares = [("leg", ["part"], pytest.approx(4 * 32 / (6 * 32 - 2 * 4)))]
    assert [tuple(one.values()) for one in e.as_dict()["unknown"]] == shares
    assert plain.record.search.known_only is None
    keys = {name: stage.key for name, stage in plain.record.stages.items()}
    only = run_of(tmp_path, known_only=True)
    here = only.result()[0]
    # legs are known on four pictures, of which two are red
    assert str(here.formula) == "red AND NOT leg"
    assert (here.counts.tp, here.counts.fp, here.counts.fn) == (2 * 32 - 2 * 4, 0, 0)
    assert here.counts.tn == 4 * 64 - here.counts.tp
    assert (here.agreement, here.unknown) == (None, ())
    assert only.record.search.known_only is True
    assert any("where all its categories" in note for note in only.record.notes)
    counts, folds, *_ = only.score(0, "red AND NOT leg")
    assert counts == here.counts
    assert sum(f.tp + f.fn for f in folds) == counts.tp + counts.fn
    assert only.score(0, "red")[0].tp == 6 * 32 - 2 * 4
    # what was recorded serves both
    again = {name: stage.key for name, stage in only.record.stages.items()}
    assert again["activations layer"] == keys["activations layer"]
    with pytest.raises(OptionError, match="--no-trust"):
        run_of(tmp_path, known_only=True, trust=TrustOptions())


def test_a_not_where_nobody_labelled_is_told_of(tmp_path: Path) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    run_of(tmp_path)
    said = "NOT leg holds mostly where nobody labelled part (70% of the positions"
    text = CliRunner().invoke(cli, ["show", str(tmp_path / "run"), "--units", "0"])
    assert text.exit_code == 0, text.output
    assert said in " ".join(text.output.split())
    text = CliRunner().invoke(cli, ["show", str(tmp_path / "run"), "--units", "1"])
    assert "nobody labelled" not in text.output
    text = CliRunner().invoke(
        cli, ["report", str(tmp_path / "run"), "--out", str(tmp_path / "pages")]
    )
    assert text.exit_code == 0, text.output
    pages = [page.read_text() for page in (tmp_path / "pages").rglob("*.html")]
    assert any(said in page for page in pages)


@pytest.mark.parametrize("store", [True, False])
def test_all_ways_to_count_agree(tmp_path: Path, store: bool) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    kept = run_of(tmp_path, known_only=True, store=store, jobs=1)
    masks = [np.asarray(Image.open(tmp_path / f"data/images/{i:02d}.png")) / 255 for i in range(12)]
    for unit, channel in enumerate((0, 2)):
        active = np.stack([image[..., channel] > 0.2 for image in masks])
        e = kept.result()[unit]
        table = kept.concepts
        assert andornot.score(str(e.formula), active, table, known_only=True) == e.counts


def seen(run: Run) -> dict[str, np.ndarray]:
    """Of each position of the pictures what holds, where legs are known, and the units."""
    folder = run.path.parent / "data"
    images = [np.asarray(Image.open(folder / f"images/{i:02d}.png")) / 255 for i in range(12)]
    colour = np.broadcast_to(np.arange(12)[:, None, None] % 2, (12, 8, 8))
    top, corner = np.zeros((2, 12, 8, 8), bool)
    top[:, :4], corner[:, :2, :2] = True, True
    known = np.broadcast_to(np.arange(12)[:, None, None] % 3 == 0, (12, 8, 8))
    held = {"red": top & (colour == 0), "blue": top & (colour == 1), "leg": corner & known}
    return held | {"known": known, "unit": np.stack([image[..., 0] > 0.2 for image in images])}


def iou(unit: np.ndarray, held: np.ndarray) -> float:
    return float((unit & held).sum() / (unit | held).sum())


def test_what_stands_beside_a_known_only_score_is_counted_where_it_is(tmp_path: Path) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    run = run_of(tmp_path, known_only=True)
    e, truth = run.result()[0], seen(run)
    known, unit = truth["known"], truth["unit"]
    assert str(e.formula) == "red AND NOT leg"
    tree = formula_tree(run, 0)
    assert tree.counts == e.counts
    parts = {part.concept: part for part in tree.concepts()}
    assert parts["red"].iou == pytest.approx(iou(unit[known], truth["red"][known]))
    assert parts["leg"].without == pytest.approx(iou(unit[known], truth["red"][known]))
    # of another formula, on its own positions
    assert formula_tree(run, 0, "red OR blue").counts == run.score(0, "red OR blue").counts
    page = unit_view(run, 0, n_samples=12)
    assert page.n_positions == known.sum()
    assert page.tree is not None
    assert page.tree.iou == page.entry.iou
    assert (
        f"on the {known.sum():,} positions of {known.size:,} where all" in page.entry.sentences[-1]
    )
    for group in page.entry.groups:
        for view in group.samples:
            looked = known[view.sample]
            both = (unit & truth["red"] & ~truth["leg"])[view.sample] & looked
            assert view.shares[0] == pytest.approx(both.mean())
            assert ("100% not annotated" in view.caption) == (not looked.any())
            # where nobody looked, nobody can say that the formula does not hold
            assert group.key != "unexplained" or looked.all()


@pytest.mark.parametrize("question", ["vocabulary", "scores", "metrics"])
def test_what_is_counted_on_all_positions_is_not_asked_of_known_only(tmp_path, question) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    run = run_of(tmp_path, known_only=True)
    with pytest.raises(RunError, match=f"the question {question} is counted on all positions, and"):
        andornot.analyze(run, question)


def test_runs_scored_on_other_positions_are_not_compared(tmp_path: Path) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    run_of(tmp_path)
    plain = Run.open((tmp_path / "run").rename(tmp_path / "plain"))
    only = run_of(tmp_path, known_only=True)
    for one, other in [(only, plain), (plain, only)]:
        with pytest.raises(OptionError, match=r"run scored each formula only where its categor.*;"):
            andornot.analyze(one, "baseline", against=other)
    assert len(andornot.analyze(only, "baseline", against=only).tables["by_length"]) == 2


def formula_mask(formula: Any, held: dict[str, np.ndarray]) -> np.ndarray:
    """Where a formula holds, told by Python itself."""
    text = str(formula)
    for word, sign in (("NOT", "~"), ("AND", "&"), ("OR", "|")):
        text = text.replace(word, sign)
    mask: np.ndarray = eval(text, {}, held)
    return mask


def test_pages_of_known_only_arrays_count_where_formulas_are_scored() -> None:
    rng = np.random.default_rng(4)
    masks, known = rng.random((3, 6, 5, 5)) < 0.5, rng.random((2, 6, 5, 5)) < 0.6
    table = ConceptTable.from_masks(
        masks, ["a", "b", "c"], ["x", "x", "y"], known=dict(zip("xy", known, strict=True))
    )
    units = masks[:1] & (masks[2:] | (rng.random((1, 6, 5, 5)) < 0.3))
    found = andornot.explain(units, table, length=2, known_only=True)
    view = next(array_views(found, units, table).units())
    assert view.tree is not None
    assert view.tree.counts == found[0].counts
    assert view.n_positions < masks[0].size
    assert view.entry.sentences[-1].startswith(f"All this is counted on the {view.n_positions} ")
    # what stands out, of the positions of the formula on which the concept is known
    assert found[0].formula is not None
    held, where = (
        dict(zip("abc", masks, strict=True)),
        dict(zip("abc", known[[0, 0, 1]], strict=True)),
    )
    here = np.logical_and.reduce([where[name] for name in found[0].formula.concepts])
    assert view.missed
    for share in view.missed:
        look = here & where[share.concept]
        left = look & units[0] & ~formula_mask(found[0].formula, held)
        assert share.share == pytest.approx(held[share.concept][left].mean())
        assert share.usual == pytest.approx(held[share.concept][look].mean())


def test_pages_of_known_only_say_so(tmp_path: Path) -> None:
    write_labelmaps(tmp_path / "data", NAMES, pictures())
    texts = {}
    for known_only in (False, True):
        run = run_of(tmp_path, known_only=known_only)
        andornot.write_report(run, tmp_path / f"pages{known_only}")
        pages = {p.name: p.read_text() for p in (tmp_path / f"pages{known_only}").rglob("*.html")}
        texts[known_only] = pages
    absent, fact = "nobody marked counts as absent", "each formula where all its categories were"
    assert absent in " ".join(texts[False]["index.html"].split())
    assert fact not in texts[False]["index.html"]
    assert absent not in " ".join(texts[True]["index.html"].split())
    assert fact in texts[True]["index.html"]
    for known_only, pages in texts.items():
        units = [text for name, text in pages.items() if "All this is counted on the" in text]
        assert bool(units) == known_only
