"""Make the notebooks from the scripts of the same name, with what they print.

    python examples/make_notebooks.py

A cell of a script begins at ``# %%``. Outputs on stderr, and lines of progress, are left out.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
NAMES = ("01_own_cnn", "04_arrays", "05_shortcut")


def notebook(script: Path) -> nbformat.NotebookNode:
    """The notebook of a script, not yet executed."""
    made = jupytext.read(script)
    made.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for number, cell in enumerate(made.cells, start=1):
        cell.id, cell.metadata = f"cell-{number}", nbformat.from_dict({})
    return made


def is_passing(output: nbformat.NotebookNode) -> bool:
    """Whether an output was only for whoever waited."""
    return output.get("name") == "stderr" or "andornot" in output.get("metadata", {})


def execute(made: nbformat.NotebookNode) -> None:
    """Run all cells in this folder; raises where a cell does."""
    client = NotebookClient(
        made, timeout=600, record_timing=False, resources={"metadata": {"path": str(HERE)}}
    )
    client.execute()
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not is_passing(o)]


if __name__ == "__main__":
    for name in NAMES:
        made = notebook(HERE / f"{name}.py")
        execute(made)
        made.metadata.pop("language_info", None)
        nbformat.write(made, HERE / f"{name}.ipynb")
        print(f"wrote {name}.ipynb")
