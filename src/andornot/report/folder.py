"""Templates of pages that open from disk and ask nothing of any network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from andornot.errors import OptionError


def load_template(name: str) -> Any:
    """A jinja2 template of this package, with everything in it escaped.

    Raises:
        OptionError: jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise OptionError(
            "pages need the package jinja2, which is not installed; "
            'install it with pip install "andornot[report]"'
        ) from None
    return _environment(jinja2).get_template(name)


@cache
def _environment(jinja2: Any) -> Any:
    """What compiles templates, each once."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
