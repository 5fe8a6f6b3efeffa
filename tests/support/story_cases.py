"""Stories on the first page of a report, as the demos tell them."""

from __future__ import annotations

from typing import Any

from andornot.views.unit import Fact, Story


def story(title: str, *text: str, facts: tuple[tuple[Any, ...], ...] = ()) -> Story:
    """A title, paragraphs, and facts: what was planted, if it was found, how, by which unit."""
    return Story(title, text, tuple(Fact(*fact) for fact in facts))
