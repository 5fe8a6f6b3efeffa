"""From a network and probing data to a run on disk: options, a plan, and a module for each step.

``dissect`` chooses the probe and calls the steps in their order; they ask that probe, and know no
modality. ``plan`` holds what all of them are given, ``values`` what they hand on to each other, and
``journal`` what is told beside it; nothing else is shared.
"""
