"""The steps from a network and probing data to a run on disk, one module each.

``dissect`` chooses the probe and calls the steps in their order; they ask that probe, and know no
modality.
"""
