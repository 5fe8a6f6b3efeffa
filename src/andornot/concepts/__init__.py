"""What the probing data carry: concepts, the atoms that they generate, and where each atom lies.

Files and modalities are not known here: tables are built in ``data``, or from a user's arrays.
"""
