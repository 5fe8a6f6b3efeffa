"""The open prefixes as a heap: opened, put back, taken off the top.

Bounds are whole numbers, so which prefix is on top hangs on no rounding; of equal bounds, the order
is that of the heap, the same in every run.
"""

from __future__ import annotations

from andornot._tools.jit import Int, helper, inlined
from andornot.search.optimal.state import N_NODES, N_OPEN, Open


@helper
def push(open_: Open, bound: Int, parent: Int, concept: Int, operator: Int, depth: Int) -> None:
    """Open a prefix that is not in the tree yet, with an upper bound on what continues it."""
    node = open_.sizes[N_NODES]
    open_.sizes[N_NODES] = node + 1
    open_.bound[node], open_.parent[node], open_.depth[node] = bound, parent, depth
    open_.concept[node], open_.operator[node] = concept, operator
    reopen(open_, node)


@helper
def reopen(open_: Open, node: Int) -> None:
    """Put a prefix of the tree on the heap."""
    heap, bound, at = open_.heap, open_.bound, open_.sizes[N_OPEN]
    open_.sizes[N_OPEN] = at + 1
    while at > 0 and bound[heap[(at - 1) // 2]] < bound[node]:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = node


@inlined
def pop(open_: Open) -> None:
    """Take the prefix on top off the heap."""
    heap, bound, size = open_.heap, open_.bound, open_.sizes[N_OPEN] - 1
    open_.sizes[N_OPEN] = size
    # the last one is put on top, and sinks to where it belongs
    node, at = heap[size], 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        # strictly: of equal children the first rises, in every run
        if child + 1 < size and bound[heap[child + 1]] > bound[heap[child]]:
            child += 1
        if bound[heap[child]] <= bound[node]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = node
