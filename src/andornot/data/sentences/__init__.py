"""Sentence pairs as probing data: readers, word vectors, concepts of pairs and of tokens."""
