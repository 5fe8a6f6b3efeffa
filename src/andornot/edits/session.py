"""Try edits by hand: one at a time, or one piece over a grid of sizes and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from andornot._tools.statistics import probabilities
from andornot.data.classes import class_index, told_apart
from andornot.edits.classes import class_names
from andornot.edits.classifiers import Classifier
from andornot.edits.editor import Editor
from andornot.edits.edits_of_images import Cutout, Paste, Place, Rgb, read_colour
from andornot.edits.goals import Goal
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import Formula, nfc
from andornot.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from andornot.edits.image_editor import ImageEditor

SIZES = (0.2, 0.3, 0.4, 0.5, 0.6)
STEPS = (0.25, 0.5, 0.75)
"""Sizes and positions of the grid on which sensitivity is measured."""


def open_for_edits(
    run: Run,
    model: Any = None,
    data: Any = None,
    also: Sequence[Any] = (),
    *,
    goals: tuple[Goal, ...] = (),
    samples: NDArray[np.int64] | None = None,
    donors: NDArray[np.bool_] | None = None,
    seed: int = 0,
    evidence: Callable[[Formula], str] | None = None,
) -> tuple[Editor[Any], Classifier[Any], list[Classifier[Any]]]:
    """The samples of a run, its network, and other networks, by the run's modality.

    Args:
        run: a run whose samples can be edited: images, sentences, or sentence pairs at pair level.
        model: the run's network; loaded again by the manifest if not given.
        data: the run's samples; found again by the manifest if not given.
        also: other networks, or the texts that name them.
        goals: what edits are to serve.
        samples: those that are to be edited; all if not given.
        donors: images from which cut-outs may come, (n_samples,); all if not given.
        seed: of the choice of controls.
        evidence: why something that could be pasted or painted is no control; empty if it is one.

    Raises:
        AndornotError: there is no editor for such samples, or they or a network cannot be loaded.
    """
    check_editable(run)
    opener = run.modality.find(run.positions.editor)
    opened: tuple[Editor[Any], Classifier[Any], list[Classifier[Any]]] = opener(
        run, model, data, also, goals=goals, samples=samples, donors=donors, seed=seed,
        evidence=evidence,
    )  # fmt: skip
    return opened


def check_editable(run: Run) -> None:
    """Refuse a run whose modality has no editor for its positions.

    Raises:
        OptionError: it has none.
    """
    if not run.positions.editor:
        raise OptionError(
            f"{run.path} has {run.positions.position}s as positions; edits need images, sentences "
            "or pairs"
        )


@dataclass(frozen=True)
class Edited:
    """A sample before and after an edit.

    Attributes:
        before: the image, the sentence, or the pair.
        after: the same, edited.
        predictions: a row for each network: what it says before and after, with probabilities.

    Examples:
        >>> from andornot.edits import Paste, Place
        >>> session = EditSession.open(run)
        >>> paste = Paste(session.cutout("green"), Place(0.5, 0.5, 0.9))
        >>> edited = session.try_edit("s00.png", paste)
        >>> edited.before.size, edited.after.size, len(edited.predictions)
        ((8, 8), (8, 8), 1)
    """

    before: Any
    after: Any
    predictions: pd.DataFrame


@dataclass(frozen=True, eq=False)
class EditSession:
    """A run with its samples and networks.

    Attributes:
        run: the run.
        editor: makes edited samples.
        classifiers: the run's own network first.

    Examples:
        >>> from andornot.edits import Paste, Place
        >>> session = EditSession.open(run)
        >>> piece = session.cutout("red")
        >>> edited = session.try_edit("s01.png", Paste(piece, Place(0.5, 0.5, 0.9)))
        >>> edited.predictions[["before", "after"]]
          before after
        0  grass  fire
        >>> sizes = session.sensitivity(["s01.png"], piece, "fire", sizes=(0.2, 0.9), steps=(0.5,))
        >>> sizes[["size", "flip_rate"]]
           size  flip_rate
        0   0.2        0.0
        1   0.9        1.0
    """

    run: Run
    editor: Editor[Any]
    classifiers: tuple[Classifier[Any], ...]

    @classmethod
    def open(
        cls, run: Run, *, model: Any = None, data: Any = None, also: Sequence[Any] = ()
    ) -> EditSession:
        """Open the samples and the networks of a run; see :func:`open_for_edits`.

        Raises:
            AndornotError: the run has tokens as positions, its network gives no named classes, or
                the network or the data cannot be found again.
        """
        check_editable(run)
        class_names(run)
        editor, own, others = open_for_edits(run, model, data, also)
        return cls(run, editor, (own, *others))

    def sample(self, name: str) -> int:
        """The number of a sample by its id.

        Raises:
            OptionError: there is none.
        """
        ids = list(self.run.samples["sample"])
        # a terminal may hand over a name with its accents taken apart
        name = name if name in ids else next((i for i in ids if nfc(i) == nfc(name)), name)
        if name not in ids:
            raise OptionError(
                f"{self.run.path} has no sample {quoted(name)}; its samples.parquet lists them, "
                f"such as {quoted(ids[0])}"
            )
        return ids.index(name)

    def try_edit(self, sample: str, edit: Any) -> Edited:
        """Edit a sample, and ask every network about it before and after.

        Raises:
            OptionError: there is no such sample.
            DataError: the edit does nothing to it.
        """
        import pandas as pd

        number = self.sample(sample)
        after = self.editor.shown(number, edit)
        if after is None:
            raise DataError(
                f"nothing in the sample {quoted(sample)} can be edited that way ({edit}); choose "
                "one that has what is to be changed"
            )
        rows = [self._asked(c, number, edit) for c in self.classifiers]
        return Edited(self.editor.shown(number, None), after, pd.DataFrame(rows))

    def _asked(self, classifier: Classifier[Any], number: int, edit: Any) -> dict[str, Any]:
        logits = self.editor.answers(classifier, [(number, None), (number, edit)]).logits
        shares, (old, new) = probabilities(logits), logits.argmax(1)
        names = told_apart(classifier.class_names)
        return {
            "model": classifier.name,
            "before": names[old],
            "probability": shares[0, old],
            "after": names[new],
            "probability_after": shares[1, new],
            "old_class_after": shares[1, old],
        }

    # images only

    @property
    def _pictures(self) -> ImageEditor:
        if "regions" not in self.run.modality.edits:
            raise OptionError(
                f"{self.run.path} is a run on {self.run.modality.name}; only images have regions"
            )
        return cast("ImageEditor", self.editor)

    def region(self, formula: Formula | str) -> Formula:
        """A formula over the concepts of the run's images, of its text.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.
        """
        return self._pictures.presence.table.parse(formula)

    def cutout(self, formula: Formula | str) -> Cutout:
        """The largest clean cut-out of a formula in the run's images.

        Raises:
            DataError: there is none.
        """
        wanted = self.region(formula)
        found = self._pictures.cutouts(wanted)
        if not found:
            raise DataError(
                f"no image of {self.run.path} has a clean region of {wanted} to cut out; give "
                "another formula, or a file"
            )
        return found[0]

    def colour(self, text: str, region: Formula) -> Rgb:
        """What a colour looks like: that of the concept of this name, or else by its name.

        Raises:
            OptionError: there is no such colour.
        """
        editor = self._pictures
        if nfc(text) in map(nfc, editor.presence.table.names):
            rgb = editor.colour(region, text)
            if rgb is not None:
                return rgb
        return read_colour(text)

    def sensitivity(
        self,
        samples: Sequence[str],
        cutout: Cutout,
        target: str,
        sizes: Sequence[float] = SIZES,
        steps: Sequence[float] = STEPS,
    ) -> pd.DataFrame:
        """What a cut-out does at each size and position (Appendix B of the paper).

        Args:
            samples: ids of the images it is pasted into.
            cutout: what is pasted.
            target: the class that is watched.
            sizes: see ``Place.size``.
            steps: shares of width and of height at which its centre is put.

        Returns:
            A row for each network, size and position: ``flip_rate``, the share of the images that
            become the target, and ``probability``, its mean probability.
        """
        import pandas as pd

        numbers = [self.sample(name) for name in samples]
        places = [Place(x, y, size) for size, y, x in product(sizes, steps, steps)]
        rows = []
        for classifier in self.classifiers:
            column = class_index(classifier.class_names, target)
            for place in places:
                trials = [(number, Paste(cutout, place)) for number in numbers]
                logits = self._pictures.answers(classifier, trials).logits
                rows.append(
                    {
                        "model": classifier.name,
                        **vars(place),
                        "flip_rate": float((logits.argmax(1) == column).mean()),
                        "probability": float(probabilities(logits)[:, column].mean()),
                    }
                )
        return pd.DataFrame(rows)
