"""Importance by setting units to zero: what is refused, and the real network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import andornot
from andornot.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")


ROOT = Path(__file__).resolve().parents[2]


def test_a_layer_that_is_used_twice_is_refused(tmp_path):
    from analysis_cases import NETWORK, picture_run
    from andornot.analyses.importance import ablation_importance
    from andornot.analyses.outcomes import outcomes

    run = picture_run(tmp_path, "relu1", network=NETWORK.replace(
        "    preprocessing =", "    module.relu2 = module.relu1\n    preprocessing ="
    ))  # fmt: skip
    with pytest.raises(ModelError, match="relu1 runs 2 times in a forward pass"):
        ablation_importance(run, outcomes(run))


def test_exact_and_ablated_logits_of_the_real_scene_network(shared_data, tmp_path):
    """A linear head on real pictures: the run's own numbers equal forward passes with a hook."""
    from andornot.analyses.importance import ablation_importance, exact_importance
    from andornot.analyses.outcomes import outcomes
    from andornot.data.images.open import open_data

    data = open_data(f"broden:{shared_data / 'vision' / 'broden_mini'}")
    scenes = [i for i, name in enumerate(data.classes) if name][::30]
    some = data.subset(scenes)
    spec = f"{ROOT / 'examples' / 'squeezenet_scene15.py'}:squeezenet_scene15"
    run = andornot.dissect(spec, "features", some, tmp_path / "run", length=1, units=range(60))
    found = outcomes(run)
    assert found.faultless  # these are pictures that the head was trained on
    assert len(found.rows) == len(scenes) == 15
    exact = exact_importance(run, found)
    units = [int(u) for u in exact.by_unit["unit"].head(6)]
    from andornot.analyses.replay import Source

    ablated = ablation_importance(run, found, units=units, source=Source(data=some))
    chosen = exact.by_unit.set_index("unit").loc[units]
    assert np.allclose(chosen, ablated.by_unit.set_index("unit"), atol=1e-3)
    assert np.abs(chosen["margin_lost"]).max() > 1e-3
