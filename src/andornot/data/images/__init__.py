"""Annotated images as probing data: readers of the formats, and the concept table built from them.

A new format is a module here, named in ``open``.
"""
