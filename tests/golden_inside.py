"""What the golden net needs of the inside, all in one place: only this file follows a move."""

from __future__ import annotations

from andornot.cli import main
from andornot.counting.activations import InMemory
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.ranges import Ranges
from andornot.counting.responses import Responses, count_responses
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.counting.upsample import upsample
from andornot.explainer import SearchOptions, explain_responses
from andornot.measures.agreement import agreements
from andornot.measures.moments import find_moments
from andornot.measures.scores import METRICS
from andornot.probe import Recording
from andornot.probing.labelmaps import NewSample, write_labelmaps
from andornot.probing.open import open_data
from andornot.text.concepts import pair_concepts
from andornot.text.open import open_pairs
from andornot.text.probe import Words
from andornot.text.tokens import token_concepts
from andornot.trust.evidence import RecordedEvidence
from andornot.trust.measure import with_trust
from andornot.trust.options import TrustOptions

__all__ = [
    "METRICS",
    "InMemory",
    "NewSample",
    "Ranges",
    "RecordedEvidence",
    "Recording",
    "Responses",
    "SearchOptions",
    "Threshold",
    "TrustOptions",
    "Words",
    "agreements",
    "count_lower_ranges",
    "count_responses",
    "explain_responses",
    "find_moments",
    "find_thresholds",
    "main",
    "open_data",
    "open_pairs",
    "pair_concepts",
    "token_concepts",
    "upsample",
    "with_trust",
    "write_labelmaps",
]
