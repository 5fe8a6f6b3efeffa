"""What tests of one room look at inside another: words and functions that have no public place."""

from __future__ import annotations

# ruff: noqa: F401 (others import from here)
from andornot._tools.extras import install
from andornot.counting.overlaps import Overlaps
from andornot.data.sentences.open_single import open_single
from andornot.data.sequences.places import Places
from andornot.edits.editor import Proposal
from andornot.edits.presence import Presence
from andornot.edits.sentence_editor import SingleEditor
from andornot.formula_forms import operands
from andornot.models.sentences.single import load_single_model
from andornot.results.headline import headline
from andornot.views.figures.contributions import contributions_figure
from andornot.views.formula_steps import chain, steps_of
from andornot.views.judged import NO_FORMULA, as_shown, headline_of, headline_sentences, judged
from andornot.views.layer import numbers_of
from andornot.views.layer_tree import SCREEN, LayerLine, layer_tree, with_usual
from andornot.views.of_run import run_headline
from andornot.views.passages import pieces_of, span_of, visible
from andornot.views.run_table import run_table
from andornot.views.samples import SILENT, STRONGEST, UNEXPLAINED, WEAKER
from andornot.views.sentence_gallery import marks_at
from andornot.views.summary import summary
from andornot.views.token_gallery import TokenGallery
from andornot.views.token_marks import BOTH, FORMULA, UNIT, Mark
from andornot.views.unit import longest
from andornot.views.unit_title import title_of
