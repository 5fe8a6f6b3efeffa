"""Sentence pairs as probing data: readers, word vectors, concepts of pairs and of tokens.

A new format is a function in ``readers``, which ``open`` chooses.
"""
