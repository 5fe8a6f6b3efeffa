"""A network together with its samples: a module for each modality, options of recording, words.

What the pipeline asks of any of them is in ``base``; only ``pipeline.dissect`` chooses one.
"""
