"""Attacks find something on the real language model."""

from __future__ import annotations

import pytest

import andornot

pytest.importorskip("torch", reason="torch is not installed")

from andornot.edits import attack

pytestmark = pytest.mark.slow


def test_nobody_turns_real_entailments_into_contradictions(shared_data, tmp_path):
    """Figure 9 of the paper: `nobody`, found without a person."""
    nli = shared_data / "nli"
    run = andornot.dissect(
        str(nli / "nli_bilstm.pt"), "mlp.1",
        f"pairs:{nli / 'snli_1.0_dev.feats'},labels={nli / 'snli_1.0_dev.compexp_preds.csv'}",
        tmp_path, length=5, beam_size=5, search="beam",
    )  # fmt: skip
    found = attack(run, "entailment", "contradiction")
    edits = found.tables["edits"].set_index("edit")
    row = next(row for name, row in edits.iterrows() if str(name).startswith("insert hyp:nobody"))
    assert row["flip_rate"] > 0.9
    assert row["control_rate"] < 0.4
    assert row["difference_low"] > 0.3
