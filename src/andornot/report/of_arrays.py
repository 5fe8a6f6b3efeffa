"""A report on explanations of arrays: the pages of a run, but for what only a run knows."""

from __future__ import annotations

from pathlib import Path

from numpy.typing import ArrayLike

from andornot._tools.checks import as_path
from andornot.errors import OptionError
from andornot.report.write import check_out, write_pages
from andornot.results.result import Result
from andornot.views.collection import array_views
from andornot.views.given import ConceptTable, Responses


def report_result(
    result: Result,
    out: str | Path,
    unit_masks: ArrayLike | Responses | None = None,
    concepts: ConceptTable | None = None,
    *,
    title: str = "Units",
) -> Path:
    """Write the pages of a result; an older report in that folder is replaced.

    Args:
        result: the explanations.
        out: the folder.
        unit_masks: the masks that were explained, or their responses, in the same order.
        concepts: the concept table of the search; it goes with the masks.
        title: what the first page is called.

    Returns:
        The path of the first page.

    Raises:
        OptionError: jinja2 is missing, there is nothing to show, masks and table are not those that
            were explained, or ``out`` holds other files.
        DataError: masks do not fit the table.
        RunError: the folder cannot be written.
    """
    out = as_path(out, "path")
    if not isinstance(title, str) or not title.strip():
        raise OptionError("title is blank; give a text, or leave it out")
    if not len(result):
        raise OptionError(
            "the result has no explanation, so there is nothing to report; give one that has"
        )
    check_out(out)
    return write_pages(array_views(result, unit_masks, concepts, title), out)
