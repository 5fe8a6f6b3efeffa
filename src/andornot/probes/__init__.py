"""A network together with its samples, one module for each modality.

What the pipeline asks of any of them is in ``base``; only ``pipeline.dissect`` chooses one.
"""
