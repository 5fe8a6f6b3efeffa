"""Templates of pages that open from disk and ask nothing of any network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from andornot._tools.extras import install
from andornot.errors import OptionError, quoted

TOP: Final = (
    "index.html", "units.html", "units.js", "concepts.html", "concepts.js", "classes.html",
    "analyses.html", "find.js", "compare.html",
)  # fmt: skip
"""The files of a report that lie in its folder itself."""

_STATIC: Final = Path(__file__).parent / "static"


def copy_static(folder: Path) -> None:
    """Copy style sheet and script."""
    (folder / "static").mkdir()
    for file in sorted(_STATIC.iterdir()):
        shutil.copyfile(file, folder / "static" / file.name)


def write_list(
    folder: Path, data: Mapping[str, Any], file: str = "units", called: str = ""
) -> None:
    """Write a list that pages read, as a script that sets it: ``window.andornot`` and more."""
    text = f"window.andornot{called} = {as_script(data)};\n"
    (folder / f"{file}.js").write_text(text, encoding="utf-8")


def as_script(data: Any) -> str:
    """Plain data as a script has them."""
    # escaped, so that no text of the data can end a script, should anyone inline the file
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def load_template(name: str) -> Any:
    """A jinja2 template, with everything in it escaped.

    Args:
        name: of a file in ``report/templates``, or ``package:file`` of one in another package.

    Raises:
        OptionError: jinja2 is not installed, or there is no such template.
    """
    try:
        import jinja2
    except ImportError:
        raise OptionError(
            "pages need the package jinja2, which is not installed; "
            f"install it with {install('report')}"
        ) from None
    try:
        return _environment(jinja2).get_template(name)
    except jinja2.TemplateNotFound as error:
        raise OptionError(
            f"there is no template {quoted(name)} for pages; give the name of one in "
            "report/templates, or package:file of one in another package"
        ) from error


@cache
def _environment(jinja2: Any) -> Any:
    """What compiles templates, each once."""
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            (
                jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
                jinja2.FunctionLoader(_of_package),
            )
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _of_package(name: str) -> str | None:
    """The text of ``package:file``; None if there is no such file."""
    package, _, file = name.partition(":")
    if not package or not file:
        return None
    with suppress(ModuleNotFoundError, OSError):
        return resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return None
