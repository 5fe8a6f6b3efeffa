"""What figures are drawn from: a layer of a run, and what a user chose to show."""

from __future__ import annotations

from andornot.views.figures.request import Choices, FigureRequest

__all__ = ["Choices", "FigureRequest"]
