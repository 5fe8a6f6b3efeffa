"""The main job on real images and a real network, against a recomputation that shares no code.

The twin reads the raw PNGs with Pillow, runs a plain forward pass with a hook of its own, takes
the quantile by sorting, upsamples with torch and counts dense boolean masks.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot.counting.thresholds import Threshold
from andornot.data.images.open import open_data
from andornot.explainer import explain_responses
from andornot.search.options import SearchOptions

torch = pytest.importorskip("torch", reason="torch is not installed")

SAMPLES = 48
UNITS = [3, 17, 86, 135, 323]


def read_rows(broden: Path) -> list[dict[str, str]]:
    with (broden / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def dense_concepts(broden: Path, rows: list[dict[str, str]]) -> dict[str, np.ndarray]:
    """For each concept name, a boolean array (samples, 112, 112), from the raw files."""
    with (broden / "label.csv").open(newline="") as file:
        names = {int(row["number"]): row["name"] for row in csv.DictReader(file)}
    masks = {name: np.zeros((len(rows), 112, 112), bool) for name in names.values()}
    for i, row in enumerate(rows):
        for category in ("color", "object", "part", "material", "scene", "texture"):
            for cell in filter(None, row[category].split(";")):
                if cell.isdigit():
                    masks[names[int(cell)]][i] = True
                    continue
                pixels = np.array(Image.open(broden / "images" / cell)).astype(np.int64)
                labels = pixels[..., 0] + 256 * pixels[..., 1]
                for number in np.unique(labels[labels > 0]):
                    masks[names[int(number)]][i] |= labels == number
    return masks


def plain_forward(module, layer: str, broden: Path, rows, batch: int) -> np.ndarray:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    caught = []
    handle = dict(module.named_modules())[layer].register_forward_hook(
        lambda _m, _i, output: caught.append(output.detach().clone())
    )
    with torch.no_grad():
        for at in range(0, len(rows), batch):
            images = [
                torch.from_numpy(
                    np.array(Image.open(broden / "images" / r["image"]).convert("RGB"))
                )
                for r in rows[at : at + batch]
            ]
            x = torch.stack(images).float() / 255
            module(((x - mean) / std).permute(0, 3, 1, 2).contiguous())
    handle.remove()
    return torch.cat(caught).numpy()


def dense_unit(maps: np.ndarray, quantile: float) -> np.ndarray:
    """The unit's boolean masks (samples, 112, 112)."""
    flat = np.sort(maps.ravel())[::-1]
    threshold = flat[int(np.floor(quantile * len(flat) + 1e-9))]
    up = torch.nn.functional.interpolate(
        torch.from_numpy(maps).double()[:, None], size=(112, 112), mode="bilinear",
        align_corners=False,
    )  # fmt: skip
    return (up[:, 0] > float(threshold)).numpy()


@pytest.fixture(scope="module")
def broden(shared_data):
    return shared_data / "vision" / "broden_mini"


@pytest.fixture(scope="module")
def chosen(broden):
    """Samples spread over the sources, by position in the index."""
    data = open_data(f"broden:{broden}", limit=SAMPLES)
    by_image = {row["image"]: row for row in read_rows(broden)}
    return data, [by_image[i] for i in data.sample_ids]


CASES = [
    ("squeezenet1_0", "features", "squeezenet1_0_imagenet.pt"),
    ("squeezenet1_0", "features.5", "squeezenet1_0_imagenet.pt"),
    ("mobilenet_v2", "features", "mobilenet_v2_imagenet.pt"),
    ("mobilenet_v2", "features.6", "mobilenet_v2_imagenet.pt"),
]


@pytest.mark.parametrize(("model", "layer", "weights"), CASES, ids=lambda v: str(v))
def test_equals_dense_recomputation(model, layer, weights, shared_data, broden, chosen, tmp_path):
    from andornot.models import load_model

    data, rows = chosen
    loaded = load_model(f"torchvision:{model}", shared_data / "vision" / "weights" / weights)
    run = andornot.dissect(
        loaded, layer, data, tmp_path / "run", preprocessing="imagenet", length=3,
        threshold=Threshold(0.01),
    )  # fmt: skip
    masks = dense_concepts(broden, rows)
    maps = plain_forward(loaded.module, layer, broden, rows, batch=32)
    result = run.result()
    assert len(result) == maps.shape[1]
    units = [u % len(result) for u in UNITS]
    for unit in units:
        mask = dense_unit(maps[:, unit], 0.01)
        explanation = result[unit]
        if explanation.formula is None:
            assert explanation.status in ("dead", "inactive")
            assert not mask.any()
            continue
        formula = explanation.formula.evaluate(masks.__getitem__)
        both, either = (mask & formula).sum(), (mask | formula).sum()
        assert explanation.iou == pytest.approx(both / either, abs=1e-9)
        assert explanation.counts.tp == both
        assert explanation.counts.fp == (formula & ~mask).sum()
        assert explanation.counts.fn == (mask & ~formula).sum()
        assert explanation.counts.tn == (~mask & ~formula).sum()
        single = max((mask & m).sum() / (mask | m).sum() for m in masks.values())
        assert explanation.by_length[0] == pytest.approx(single, abs=1e-9)
        assert run.areas()[:, unit].tolist() == mask.sum((1, 2)).tolist()
        assert run.peaks()[:, unit] == pytest.approx(maps[:, unit].max((1, 2)))


def test_published_profile_on_real_data(shared_data, chosen, tmp_path):
    """``mu2020`` equals the naive published search, formula for formula, on real masks."""
    import naive
    from andornot.models import load_model

    data, _ = chosen
    weights = shared_data / "vision" / "weights" / "squeezenet1_0_imagenet.pt"
    loaded = load_model("torchvision:squeezenet1_0", weights)
    run = andornot.dissect(
        loaded, "features", data.subset(range(24)), tmp_path / "run", preprocessing="imagenet",
        length=3, beam_size=5, profile="mu2020", units=[135, 323], threshold=Threshold(0.01),
    )  # fmt: skip
    table, responses = run.concepts, run.responses()
    concepts = [table.concept_mask(name) for name in table.names]
    for unit in (135, 323):
        steps = naive.published_search_by_atoms(
            responses.unit_folds(unit).sum(1), table.counts, concepts, length=3, beam_size=5
        )
        expected = [(naive.text(f, table.names), score) for f, score in steps[-1]]
        found = run.result()[unit].beam
        assert [str(s.formula) for s in found] == [text for text, _ in expected]
        assert [s.iou for s in found] == pytest.approx([score for _, score in expected], abs=1e-9)
        best = [None if not step else step[0] for step in steps]
        assert run.result()[unit].by_length == pytest.approx([b[1] for b in best], abs=1e-9)


def test_repeating_a_run_computes_nothing_again(shared_data, chosen, tmp_path, monkeypatch):
    """A changed search option leaves the recording and the responses alone."""
    from andornot.models import load_model
    from andornot.pipeline import count, record
    from andornot.probes import images as vision

    data = chosen[0].subset(range(8))
    weights = shared_data / "vision" / "weights" / "squeezenet1_0_imagenet.pt"
    loaded = load_model("torchvision:squeezenet1_0", weights)
    options: dict[str, Any] = {"preprocessing": "imagenet", "threshold": Threshold(0.05)}
    first = andornot.dissect(loaded, "features", data, tmp_path / "run", length=2, **options)
    for where, step in (
        (record, "_forward"),
        (count, "_count"),
        (vision, "build_table"),
    ):
        monkeypatch.setattr(where, step, lambda *a, s=step: pytest.fail(f"{s} ran again"))
    again = andornot.dissect(loaded, "features", data, tmp_path / "run", length=2, **options)
    assert again.result() == first.result()
    longer = andornot.dissect(loaded, "features", data, tmp_path / "run", length=4, **options)
    same = explain_responses(longer.responses(), longer.concepts, SearchOptions(length=4))
    assert [str(e.formula) for e in same] == [str(e.formula) for e in longer.result()]
