"""Probing data: annotated images, and the concept table built from them."""
