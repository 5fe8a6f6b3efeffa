"""How `make docs` builds the site: Sphinx, MyST, furo; nothing is fetched from anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.inspect import TypeAliasForwardRef
from sphinx.writers.html5 import HTML5Translator

import andornot

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the command of the benchmarks

project = "andornot"
author = "The andornot developers"
version = release = andornot.__version__
html_title = f"andornot {release}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
highlight_language = "text"

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
# What NumPy calls ArrayLike would be spelt out over three lines; in a union Sphinx prints the repr.
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
TypeAliasForwardRef.__repr__ = lambda self: self.name
# the copy button leaves prompts, and what is printed behind them, out
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
# no "members" here: Sphinx would then ignore the lists of members that pages give
autodoc_default_options = {"show-inheritance": False}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_show_sourcelink = False
html_show_copyright = False
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#a04a00", "color-brand-content": "#0a5c8f"},
    "dark_css_variables": {"color-brand-primary": "#f0a050", "color-brand-content": "#6fbbe8"},
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["access.js"]


def _mathml(node: nodes.math | nodes.math_block, as_block: bool) -> str:
    try:
        return str(tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        logging.getLogger(__name__).warning("formula: %s", error, location=node)
        return node.astext()


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Formulas become MathML, which browsers draw themselves: no script, no font, no TeX."""
    app.add_lexer("csv", TextLexer)  # Pygments has none
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
