"""What a view is: a frozen record of plain values, which JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


class View:
    """Something that is shown, as a frozen dataclass.

    Its fields are texts, numbers, masks, and tuples of these and of other views.
    """

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON: lists in place of tuples, None for a number that is not finite."""
        return {name: plain(value) for name, value in _fields(self).items()}


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def plain(value: Any) -> Any:
    """A value as JSON has it.

    Records become objects, by the names of their fields, and masks rows of 0 and 1. What JSON has
    no form for, such as a formula, becomes its text.
    """
    if isinstance(value, View):
        return value.as_dict()
    if (
        is_dataclass(value)
        and not isinstance(value, type)
        and type(value).__str__ is object.__str__
    ):
        return {name: plain(own) for name, own in _fields(value).items()}
    if isinstance(value, Mapping):
        return {str(key): plain(own) for key, own in value.items()}
    if isinstance(value, np.ndarray):
        return plain((value.astype(np.uint8) if value.dtype == np.bool_ else value).tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, list | tuple):
        return [plain(own) for own in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
