"""What the golden net needs of the inside, all in one place, so that only it follows a move.

One other file imports internals: ``golden_record``, which runs networks.
"""

from __future__ import annotations

from andornot.cli import main
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.ranges import Ranges
from andornot.counting.responses import Responses, count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.counting.upsample import upsample
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.tokens import token_concepts
from andornot.explainer import SearchOptions, explain_responses
from andornot.measures.moments import find_moments
from andornot.measures.scores import METRICS
from andornot.probes.base import Recording
from andornot.probes.pairs import Words
from andornot.trust.agreement import agreements
from andornot.trust.measure import with_trust
from andornot.trust.options import TrustOptions
from andornot.trust.recount import StoredRecount

__all__ = [
    "METRICS",
    "InMemory",
    "NewSample",
    "Ranges",
    "Recording",
    "Responses",
    "SearchOptions",
    "StoredRecount",
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
