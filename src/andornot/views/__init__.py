"""What is shown of a unit, a concept, a class, a run: plain data, without layout.

Report, figures, terminal and notebook read views and nothing else; ``as_dict()`` gives what JSON
can hold. Of a run ask :func:`unit_view`, :func:`formula_tree` and :func:`gallery`, or
:func:`run_views` for all there is to show; of explanations of arrays ask :func:`array_views`:

>>> import andornot
>>> from andornot.views import array_views
>>> concepts = andornot.ConceptTable.from_masks(
...     [[True, True, False, False], [False, True, True, False]], ["red", "round"])
>>> unit_masks = [[True, False, False, False]]
>>> views = array_views(andornot.explain(unit_masks, concepts), unit_masks, concepts)
>>> view = next(views.units())
>>> view.entry.formula, view.kind[0]
('red AND NOT round', 'specialisation')
>>> [(part.concept, part.role, part.iou) for part in view.tree.concepts()]
[('red', 'AND', 0.5), ('round', 'NOT', 0.0)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.views.ask import formula_tree, gallery, unit_view
    from andornot.views.collection import array_views, run_views

__all__ = ["array_views", "formula_tree", "gallery", "run_views", "unit_view"]

_HOMES = {
    "array_views": "collection",
    "formula_tree": "ask",
    "gallery": "ask",
    "run_views": "collection",
    "unit_view": "ask",
}

__getattr__ = names_on_first_use(__name__, _HOMES)


def __dir__() -> list[str]:
    return list(__all__)
