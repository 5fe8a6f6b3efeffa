"""The public side of attacks: ``attack``, its answer, and the folder that one is written to.

How edits are found and tested is in ``investigation``, what is said of them in ``attack_text``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andornot._tools.checks import whole_number
from andornot._tools.files import json_writer, text_writer, writing
from andornot._tools.folders import listed, verify
from andornot._tools.tables import write_csv
from andornot.data.classes import class_index
from andornot.edits import attack_text
from andornot.edits.attack_files import (
    FILE,
    PICTURES,
    example_rows,
    example_writers,
    folder_of,
    is_picture,
    read_examples,
    run_key,
)
from andornot.edits.classes import class_names
from andornot.edits.investigation import AttackOptions, EditExample, investigate
from andornot.errors import OptionError, quoted
from andornot.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd


PATTERNS = (
    FILE, "sentences.txt", "edit-*.png", f"{PICTURES}/*.png",
    *(f"{name}.csv" for name in attack_text.TABLES),
)  # fmt: skip
"""Names of all that an attack may write into its folder."""


@dataclass(frozen=True)
class Attack:
    """What an attack found.

    Attributes:
        source: the class to lead away from.
        target: the class to lead to.
        tables: data frames by name (see ``attack_text.tables``); ``edits`` is the one to read.
        sentences: what was found, and what it cannot tell.
        examples: samples before and after the tested edits.
        run_key: digest of what was attacked (see ``attack_files.run_key``).

    Examples:
        >>> found = attack(run, "grass", "fire", options=AttackOptions(n_edits=1, n_controls=2))
        >>> found.source, found.target
        ('grass', 'fire')
        >>> (found.write("attack") / "attack.json").is_file()
        True
    """

    source: str
    target: str
    tables: Mapping[str, pd.DataFrame]
    sentences: tuple[str, ...]
    examples: tuple[EditExample, ...] = field(repr=False)
    run_key: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; numbers that are not known are null."""
        rows = {
            name: json.loads(table.to_json(orient="records")) for name, table in self.tables.items()
        }
        return {
            "run": self.run_key,
            "source": self.source,
            "target": self.target,
            "sentences": list(self.sentences),
            "tables": rows,
        }

    def write(self, out: str | Path) -> Path:
        """Write ``attack.json``, a CSV file of each table that has rows, and the examples.

        What an earlier attack wrote into the folder is removed.

        Examples are a sheet of pictures for each edit (``edit-1.png``, ...) and each picture in
        ``examples``, or the sentences (``sentences.txt``).

        Returns:
            The folder.

        Raises:
            RunError: it cannot be written.
        """
        out = Path(out)
        with listed(out) as folder, writing(out):
            folder.check_free(PATTERNS)
            folder.remove(FILE)  # so that no attack is there while its files are mixed with others
            names = {FILE}
            for name, write in self._writers().items():
                folder.write(name, write)
                names.add(name)
            told = self.as_dict() | {"examples": example_rows(self.examples)}
            folder.keep_only(names, PATTERNS)
            # written last: with it the attack is there, and all that it names is whole
            folder.write(FILE, json_writer(told))
        return out

    def _writers(self) -> dict[str, Callable[[Path], object]]:
        """What writes each file but ``attack.json``, by the file's name."""
        found: dict[str, Callable[[Path], object]] = {
            f"{name}.csv": partial(write_csv, table)
            for name, table in self.tables.items()
            if len(table)
        }
        return found | self._sheets() | example_writers(self.examples)

    def examples_by_edit(self) -> dict[str, list[EditExample]]:
        """The examples of each edit, in the order of the tests."""
        found: dict[str, list[EditExample]] = {}
        for example in self.examples:
            found.setdefault(example.edit, []).append(example)
        return found

    def _sheets(self) -> dict[str, Callable[[Path], object]]:
        """What writes the sheets of examples, by the file's name."""
        from andornot.edits.attack_samples import contact_sheet, lines

        texts: list[str] = []
        found: dict[str, Callable[[Path], object]] = {}
        for number, (edit, examples) in enumerate(self.examples_by_edit().items(), start=1):
            title = f"{self.source} to {self.target}: {edit}"
            if is_picture(examples[0].before):
                sheet = contact_sheet(title, examples)
                found[f"edit-{number}.png"] = partial(sheet.save, format="PNG")
            else:
                texts.append("\n".join([title, *(f"{e.sample}\n{lines(e)}" for e in examples)]))
        if texts:
            found["sentences.txt"] = text_writer("\n\n".join(texts) + "\n")
        return found


def attack(
    run: Run | str | Path,
    source: str,
    target: str,
    *,
    layer: str | None = None,
    model: Any = None,
    data: Any = None,
    also: Sequence[Any] = (),
    options: AttackOptions | None = None,
    n_examples: int = 8,
) -> Attack:
    """Find edits that take samples of one class to another, by what the units' formulas ask for.

    They are the copy-paste edits of section 6 of the paper, each tested beside controls.

    Args:
        run: a run on images or sentence pairs, or its directory.
        source: class of the samples that are edited, those that the network gets right.
        target: class that the edits lead to. The label of an edited sample may no longer be true.
        layer: layer whose formulas are read; not needed if there is only one.
        model: the run's network (a ``LoadedModel`` or a ``PairModel``, or its text); by default
            it is loaded again by the run's manifest.
        data: the run's samples, if they have moved.
        also: other networks with these two classes, to see whether the edits transfer.
        options: how many samples, edits and controls, and the seed.
        n_examples: samples that are shown of each edit.

    Raises:
        AndornotError: the run has no such classes or layer, the network or the data cannot be
            found again, or no formula asks for an edit that could be made.

    Examples:
        >>> found = attack(run, "grass", "fire", options=AttackOptions(n_edits=1, n_controls=2))
        >>> edits = found.tables["edits"]
        >>> edits["asked_for"].tolist()
        ['paste red']
        >>> bool((edits["flip_rate"] > edits["control_rate"]).all())
        True
    """
    given: object = options
    if not isinstance(given, AttackOptions | None):
        raise OptionError(f"options are {quoted(given)}; give AttackOptions, or leave them out")
    whole_number(n_examples, "n_examples", 0)
    opened = run if isinstance(run, Run) else Run.open(run)
    found = investigate(
        opened, source, target,
        layer=layer, model=model, data=data, also=also, options=options, n_examples=n_examples,
    )  # fmt: skip
    names = found.case.names
    return Attack(
        names[found.case.source],
        names[found.case.target],
        attack_text.tables(found),
        attack_text.sentences(found),
        found.examples,
        run_key(opened, found.case.layer),
    )


def finished(run: Run, source: str, target: str, layer: str | None = None) -> Attack | None:
    """The attack that ``andornot attack`` kept in a run; None if there is none of what it is now.

    Args:
        run: the run.
        source: class to lead away from.
        target: class to lead to.
        layer: layer whose formulas were read; not needed if there is only one.

    Raises:
        OptionError: the run has no such classes or layer.

    Examples:
        >>> finished(run, "grass", "fire") is None  # no attack was kept in this run
        True
    """
    import pandas as pd

    layer, names = run.layer(layer), class_names(run)
    start, end = (names[class_index(names, name)] for name in (source, target))
    folder = folder_of(run, layer, start, end)
    try:
        verify(folder / FILE)
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        tables = {name: pd.DataFrame(rows) for name, rows in told["tables"].items()}
        found = Attack(
            told["source"], told["target"], tables, tuple(told["sentences"]),
            read_examples(told["examples"], folder), told["run"],
        )  # fmt: skip
    except Exception:  # there is none, or a damaged one, which raises almost anything
        return None
    same = (found.source, found.target, found.run_key) == (start, end, run_key(run, layer))
    return found if same else None
