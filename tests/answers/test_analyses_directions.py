"""Questions to a run on directions: answered along them, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="torch is not installed")

from analysis_cases import LAYER, picture_run
from andornot.analyses import contributions
from andornot.analyses.masking import label_masking
from andornot.cli import cli
from manifest_cases import retold


@pytest.fixture(scope="module")
def directed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("directed")
    weights = np.random.default_rng(3).standard_normal((9, 5))
    return picture_run(folder, LAYER, directions=weights, trust=None)


def test_units_that_would_be_set_to_zero_are_refused(directed):
    words = ["analyze", "contributions", str(directed.path), "--ablate", "--trust-code"]
    done = CliRunner().invoke(cli, words)
    assert str(done.exception) == (
        f"units of {LAYER} in {directed.path} are directions, and no channel of the network is one "
        "that could be set to zero; explain the layer's own units, without directions"
    )


def test_every_other_question_is_answered(directed, tmp_path):
    words = ["analyze", "all", str(directed.path), "--quiet", "--out", str(tmp_path / "tables")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert set(contributions.answer(directed).tables) == {"correlation", "overlap"}


def test_label_masking_looks_along_the_direction(directed, tmp_path):
    some = [e for e in directed.result() if e.formula is not None][:3]
    found = label_masking(directed, LAYER, some, samples=4)
    assert set(found) == {e.unit for e in some}
    eye = picture_run(tmp_path, LAYER, directions=np.eye(9), trust=None)
    chosen = [e for e in eye.result() if e.formula is not None][:3]
    plain = retold(eye, directions=None)
    assert label_masking(eye, LAYER, chosen, 4) == label_masking(plain, LAYER, chosen, 4)
