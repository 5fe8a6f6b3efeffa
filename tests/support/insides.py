"""What tests of one room look at inside another: words and functions that have no public place."""

from __future__ import annotations

# ruff: noqa: F401 (others import from here)
from andornot._tools.extras import install
from andornot.counting.overlaps import Overlaps
from andornot.formula_forms import operands
from andornot.models.sentences.single import load_single_model
from andornot.results.headline import headline
from andornot.views.figures.contributions import contributions_figure
from andornot.views.judged import NO_FORMULA, headline_of, judged
from andornot.views.layer import numbers_of
from andornot.views.layer_tree import SCREEN, LayerLine, layer_tree, with_usual
from andornot.views.of_run import run_headline
from andornot.views.run_table import run_table
from andornot.views.sentence_gallery import marks_at
from andornot.views.summary import summary
