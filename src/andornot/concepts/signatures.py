"""Signatures: the set of concepts that a position carries, which is all a formula can see of it.

A signature is a sorted row of concept ids; rows are kept as ``(indptr, indices)``, as in a sparse
matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import jit
from andornot.concepts.positions import MAX_LOCAL_ATOMS, check_local_atoms


def local_atoms(
    maps: NDArray[np.int32], concepts: NDArray[np.int32]
) -> tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.int32]]:
    """Group the positions of one sample by the labels they carry in all layers.

    Args:
        maps: int32 ``(n_layers, height, width)``, concept index + 1, 0 = no label.
        concepts: sorted indices of concepts that hold on the whole sample.

    Returns:
        The local atom of each position (flat), and the concepts of the local atoms as sorted rows
        ``(indptr, indices)``.

    Raises:
        DataError: the sample has more than 65,536 combinations of labels.
    """
    flat = maps.reshape(len(maps), -1)
    codes, n_local = grouped(flat)
    check_local_atoms(n_local, "one sample")
    indptr, indices = _signatures(flat, codes, n_local, concepts)
    return codes.astype(np.uint16), indptr, indices


def grouped(maps: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """Group positions by the labels that they carry in all maps, ``(n_maps, n_positions)``.

    Returns:
        The number of each position's group, in order of appearance, and how many there are.
    """
    return _group(maps, int(maps.max(initial=0)) + 1)


@jit
def _group(maps: NDArray[np.int32], n_labels: int) -> tuple[NDArray[np.int32], int]:
    """Number the distinct columns of ``maps`` in order of appearance, a layer at a time."""
    n_layers, n_positions = maps.shape
    codes = np.zeros(n_positions, np.int32)
    n_codes = 1
    slot = np.full(n_labels, -1, np.int32)
    # labels met in this layer: only their slots are reset, however many labels there are
    seen = np.empty(n_labels, np.int32)
    for layer in range(n_layers):
        row = maps[layer]
        n_slots = 0
        for p in range(n_positions):
            if slot[row[p]] < 0:
                slot[row[p]] = n_slots
                seen[n_slots] = row[p]
                n_slots += 1
        # a layer of one label cuts nothing; the first one always has to give its numbers
        if n_slots > 1 or layer == 0:
            renamed = np.full((n_codes, n_slots), -1, np.int32)
            n_codes = 0
            for p in range(n_positions):
                s = slot[row[p]]
                if renamed[codes[p], s] < 0:
                    renamed[codes[p], s] = n_codes
                    n_codes += 1
                codes[p] = renamed[codes[p], s]
        # it will be refused, so further layers need no look
        if n_codes > MAX_LOCAL_ATOMS:
            break
        for s in range(n_slots):
            slot[seen[s]] = -1
    return codes, n_codes


@jit
def _signatures(
    maps: NDArray[np.int32],
    codes: NDArray[np.int32],
    n_local: int,
    concepts: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The sorted concepts of each local atom: its labels, each once, and the sample's own."""
    n_layers, n_positions = maps.shape
    first = np.full(n_local, -1, np.int64)
    for p in range(n_positions):
        if first[codes[p]] < 0:
            first[codes[p]] = p
    indptr = np.zeros(n_local + 1, np.int64)
    indices = np.empty(n_local * (n_layers + len(concepts)), np.int32)
    end = 0
    for a in range(n_local):
        start = end
        for k in range(n_layers + len(concepts)):
            c = maps[k, first[a]] - 1 if k < n_layers else concepts[k - n_layers]
            if c < 0:
                continue
            at = end
            # insertion: a signature has a handful of concepts, and equal ones fall together
            while at > start and indices[at - 1] > c:
                at -= 1
            if at > start and indices[at - 1] == c:
                continue
            for j in range(end, at, -1):
                indices[j] = indices[j - 1]
            indices[at] = c
            end += 1
        indptr[a + 1] = end
    # a copy, so that the room for all layers is let go
    return indptr, indices[:end].copy()


def row_bytes(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> list[bytes]:
    """Each signature as bytes: equal for equal sets of concepts, and for no others."""
    data = np.ascontiguousarray(indices, np.int32).tobytes()
    ends = (indptr * 4).tolist()
    return [data[ends[i] : ends[i + 1]] for i in range(len(ends) - 1)]


def sorted_rows(
    indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The same rows with the concepts of each in ascending order."""
    row_of_entry = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return indptr, indices[np.lexsort((indices, row_of_entry))]
