"""Edits of a run's images: what to paste or recolour, and what to compare it with."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.data.images.dataset import ProbingData
from andornot.data.images.pixels import to_rgb
from andornot.edits.classifiers import Classifier, ImageClassifier, image_classifier
from andornot.edits.cutouts import find_cutouts, fitted, mean_colour
from andornot.edits.editor import EditAnswers, Proposal, merged
from andornot.edits.edits_of_images import (
    GRID,
    Cutout,
    ImageEdit,
    Paste,
    PasteOver,
    Place,
    Recolour,
    Rgb,
    apply_edit,
    hidden,
)
from andornot.edits.goals import Goal
from andornot.edits.presence import Presence
from andornot.formula import And, Concept, Formula
from andornot.formula_forms import all_of
from andornot.models import Preprocessing
from andornot.models.preprocess import INTERPOLATIONS
from andornot.runs.reopen import images_of, matching, model_of
from andornot.runs.run import Run

BoolArray = NDArray[np.bool_]

COLOUR, SCENE = "color", "scene"
"""Categories of concepts that are treated in their own way."""

CUTOUTS = 2
"""Cut-outs of each concept, from different images."""

MOSTLY = 0.5
"""Least share of the samples that must have a region, so that an edit of it is proposed."""

_KEPT = 1024  # images in memory, each as large as the network's input
_OTHER_COLOURS = 2
_HAS_COLOUR = 0.3  # a region that has a colour on so many positions is not recoloured to it
_MOST_CONTROLS = 50
_MORE_HIDDEN = 0.05  # a control may hide so much more of a region than its edit does
_REGIONS = 20  # samples on which that is looked at


def _nothing(_formula: Formula) -> str:
    """No formula is evidence for anything."""
    return ""


def open_pictures(
    run: Run,
    model: Any,
    data: Any,
    also: Sequence[Any],
    *,
    goals: tuple[Goal, ...],
    samples: NDArray[np.int64] | None,
    donors: BoolArray | None,
    seed: int,
    evidence: Callable[[Formula], str] | None,
) -> tuple[ImageEditor, ImageClassifier, list[ImageClassifier]]:
    """The images of a run and its networks; see ``session.open_for_edits``."""
    others = [image_classifier(other) for other in also]  # first what may be mistyped
    classifier = image_classifier(model_of(run) if model is None else model)
    images = images_of(run) if data is None else matching(run, data)
    editor = ImageEditor(
        images,
        Presence(run.at_positions),
        classifier.preprocessing,
        goals,
        np.arange(len(images)) if samples is None else samples,
        np.ones(len(images), np.bool_) if donors is None else donors,
        seed,
        evidence=evidence or _nothing,
    )
    return editor, classifier, others


@dataclass(frozen=True, eq=False)
class ImageEditor:
    """The images of a run, as its network sees them: squashed to the size of its input.

    Attributes:
        data: the run's images.
        presence: where concepts hold.
        preprocessing: that of the run's network.
        goals: what formulas ask for.
        samples: the images to be edited.
        donors: from which images cut-outs and colours may come, (n_samples,).
        seed: of the choice of controls.
        places: where cut-outs are put.
        evidence: why something speaks for the target and can be no control; empty if it can.
        excluded_controls: what could have been a control but for that, and why, as far as it was
            looked for.
    """

    data: ProbingData
    presence: Presence
    preprocessing: Preprocessing
    goals: tuple[Goal, ...]
    samples: NDArray[np.int64]
    donors: BoolArray
    seed: int = 0
    places: tuple[Place, ...] = GRID
    evidence: Callable[[Formula], str] = _nothing
    excluded_controls: dict[str, str] = field(default_factory=dict)
    _pictures: OrderedDict[int, Image.Image] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def picture(self, sample: int) -> Image.Image:
        """An image at the size of the network's input; the last ones are kept."""
        # two threads ask for images; reading one takes long, and is done outside of the lock
        with self._lock:
            if sample in self._pictures:
                self._pictures.move_to_end(sample)
                return self._pictures[sample]
        p = self.preprocessing
        image = to_rgb(self.data.image(sample), self.data.sample_ids[sample])
        if image.size != (p.width, p.height):
            image = image.resize((p.width, p.height), INTERPOLATIONS[p.interpolation])
        with self._lock:
            self._pictures[sample] = image
            while len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        return image

    def shown(self, sample: int, edit: ImageEdit | None) -> Image.Image | None:
        """An image, edited or as it is; None where the edit's region is not in it."""
        image = self.picture(sample)
        if edit is None:
            return image
        return apply_edit(image, edit, lambda f: fitted(self.presence.mask(sample, f), image))

    def answers(
        self, classifier: Classifier[Any], trials: Sequence[tuple[int, ImageEdit | None]]
    ) -> EditAnswers:
        """Show images, each with an edit or as it is, to a classifier."""
        applied = np.zeros(len(trials), np.bool_)
        return EditAnswers(classifier.logits(_Edited(self, trials, applied)), applied)

    # what formulas ask for

    def proposals(self) -> list[Proposal[ImageEdit]]:
        """The edits that serve the goals."""
        found = []
        for goal in self.goals:
            found += [*self._pasting(goal), *self._recolouring(goal)]
        return merged(found)

    def _pasting(self, goal: Goal) -> Iterator[Proposal[ImageEdit]]:
        """What a unit is to see; or what a unit is not to see, over what it looks for."""
        _, things = self._sorted(goal.term.there)
        if goal.role == "raise":
            over = [Concept(name) for name in things if self._is_usual(Concept(name))]
            yield from self._pasted(goal.term.formula, self.places, over, goal)
        elif things and self._is_usual(all_of(things)):
            for name in self._sorted(goal.term.absent)[1]:
                yield from self._pasted(Concept(name), (), [all_of(things)], goal)

    def _recolouring(self, goal: Goal) -> Iterator[Proposal[ImageEdit]]:
        """A colour that the term asks for; or another than one that it asks not to be there."""
        colours, things = self._sorted(goal.term.there)
        absent, _ = self._sorted(goal.term.absent)
        if not things or not self._is_usual(all_of(things)):
            return
        region = all_of(things)
        wanted, unwanted = (colours, absent) if goal.role == "raise" else (absent, colours)
        for colour in wanted or (self._other_colours(region, unwanted) if unwanted else ()):
            rgb = self.colour(region, colour)
            if rgb is not None:
                name = f"recolour {region} to {colour}"
                edits = (Recolour(region, rgb, colour),)
                yield Proposal(name, "recolour", edits, And(region, Concept(colour)), (goal,))

    def _sorted(self, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The colours among some concepts, and the other ones."""
        colours = tuple(name for name in names if self._is(name, COLOUR))
        return colours, tuple(name for name in names if name not in colours)

    def _pasted(
        self, what: Formula, places: Sequence[Place], over: Sequence[Formula], goal: Goal
    ) -> Iterator[Proposal[ImageEdit]]:
        if all(self._is(name, SCENE) for name in what.concepts):
            return  # the concept of a whole image has no region
        variants = _variants(self.cutouts(what), places, over)
        if variants:
            where = "" if places else f" over {over[0]}"
            yield Proposal(f"paste {what}{where}", "paste", variants, what, (goal,))

    def _is(self, name: str, category: str) -> bool:
        table = self.presence.table
        return category in table.categories[table.index(name)]

    def _is_usual(self, region: Formula) -> bool:
        """Whether most of the samples have the region, and it does not just cover all of them."""
        if all(self._is(name, SCENE) for name in region.concepts):
            return False
        return bool((self.presence.counts(region)[self.samples] > 0).mean() >= MOSTLY)

    def _other_colours(self, region: Formula, without: Sequence[str]) -> list[str]:
        """The colours that a region has most often in the data, without some of them."""
        counts = {name: self._positions(And(region, Concept(name))) for name in self._colours}
        usual = sorted(set(counts) - set(without), key=lambda name: (-counts[name], name))
        return [name for name in usual[:_OTHER_COLOURS] if counts[name]]

    def _positions(self, formula: Formula, samples: NDArray[np.int64] | None = None) -> int:
        counts = self.presence.counts(formula)
        return int(counts.sum() if samples is None else counts[samples].sum())

    @cached_property
    def _colours(self) -> tuple[str, ...]:
        return tuple(name for name in self.presence.table.names if self._is(name, COLOUR))

    def colour(self, region: Formula, colour: str) -> Rgb | None:
        """What a colour looks like: on such a region, or else wherever it is."""
        for formula in (And(region, Concept(colour)), Concept(colour)):
            rgb = mean_colour(self.presence, formula, self.donors, self.picture)
            if rgb is not None:
                return rgb
        return None

    def cutouts(self, what: Formula, avoid: BoolArray | None = None) -> tuple[Cutout, ...]:
        """The largest clean cut-outs of a formula that donors have; see ``find_cutouts``."""
        ids = self.data.sample_ids
        return find_cutouts(self.presence, what, self.donors, self.picture, ids, CUTOUTS, avoid)

    # what it is compared with

    def controls(self, proposal: Proposal[ImageEdit], count: int) -> list[Proposal[ImageEdit]]:
        """Unrelated things in the same places; or other colours, and other regions."""
        edit = proposal.variants[0]
        if isinstance(edit, Recolour):
            return self._other_recolourings(edit, count)
        pasted = [e for e in proposal.variants if not isinstance(e, Recolour)]
        own = tuple(dict.fromkeys(e.cutout for e in pasted))
        places = tuple(dict.fromkeys(e.place for e in pasted if isinstance(e, Paste)))
        over = list(dict.fromkeys(e.region for e in pasted if isinstance(e, PasteOver)))
        regions = [self._regions(region) for region in over]
        # a control that hid more of the region would flip samples for that reason alone
        most = _most_hidden(own, regions) + _MORE_HIDDEN
        rivals = [c[: len(own)] for c in self._unrelated]
        chosen = [c for c in rivals if _most_hidden(c, regions) <= most][:count]
        return [Proposal(f"paste {c[0].name}", "paste", _variants(c, places, over)) for c in chosen]

    def _regions(self, region: Formula) -> list[BoolArray]:
        """Where a region is, in the first samples that have it."""
        held = self.samples[self.presence.counts(region)[self.samples] > 0]
        return [self.presence.mask(int(i), region) for i in held[:_REGIONS]]

    @cached_property
    def _named(self) -> frozenset[str]:
        """Concepts that stand in any formula of the goals."""
        return frozenset(name for goal in self.goals for name in goal.formula.concepts)

    @cached_property
    def _unrelated(self) -> list[tuple[Cutout, ...]]:
        """Cut-outs of things that no formula names, in random order.

        None of them shows much of what leads to the target, or is evidence for it.
        """
        table = self.presence.table
        wanted = [table.mask(goal.term.formula) for goal in self.goals if goal.role == "raise"]
        # the zeros are there for goals of which none raises a unit
        avoid = np.logical_or.reduce([np.zeros(table.n_atoms, np.bool_), *wanted])
        names = [n for n in table.names if n not in self._named]
        names = [n for n in names if not self._is(n, COLOUR) and not self._is(n, SCENE)]
        order = np.random.default_rng(self.seed).permutation(len(names))
        found = []
        for i in order:
            cutouts = self.cutouts(Concept(names[i]), avoid)
            if len(cutouts) == CUTOUTS and not self._is_excluded(Concept(names[i])):
                found.append(cutouts)
            if len(found) == _MOST_CONTROLS:
                break
        return found

    def _is_excluded(self, formula: Formula) -> bool:
        """Whether something can be no control; notes why."""
        reason = self.evidence(formula)
        if reason:
            self.excluded_controls[str(formula)] = reason
        return bool(reason)

    def _other_recolourings(self, edit: Recolour, count: int) -> list[Proposal[ImageEdit]]:
        all_positions = max(1, self._positions(edit.region, self.samples))
        has = {
            name: self._positions(And(edit.region, Concept(name)), self.samples) / all_positions
            for name in self._colours
        }
        colours = [n for n in self._colours if n not in self._named and has[n] < _HAS_COLOUR]
        things = [n for n in self.presence.table.names if n not in self._named]
        things = [n for n in things if not self._is(n, COLOUR) and self._is_usual(Concept(n))]
        edits = [
            Recolour(edit.region, rgb, name)
            for name in colours
            if (rgb := self.colour(edit.region, name)) is not None
        ]
        edits += [Recolour(Concept(name), edit.rgb, edit.colour) for name in things]
        edits = [e for e in edits if not self._is_excluded(And(e.region, Concept(e.colour)))]
        order = np.random.default_rng(self.seed).permutation(len(edits))[:count]
        return [Proposal(f"recolour {edits[i]}", "recolour", (edits[i],)) for i in order]


def _variants(
    cutouts: Sequence[Cutout], places: Sequence[Place], over: Sequence[Formula]
) -> tuple[ImageEdit, ...]:
    """Each cut-out at each place, and over each region."""
    pasted = [Paste(c, place) for c in cutouts for place in places]
    return (*pasted, *(PasteOver(c, region) for c in cutouts for region in over))


def _most_hidden(cutouts: Sequence[Cutout], regions: Sequence[Sequence[BoolArray]]) -> float:
    """How much of a region any of some cut-outs hides over it, on average over the samples."""
    return max((fmean(hidden(r, c) for r in each) for c in cutouts for each in regions), default=0)


class _Edited:
    """Edited images, made when they are asked for; notes which edits did something."""

    def __init__(
        self,
        editor: ImageEditor,
        trials: Sequence[tuple[int, ImageEdit | None]],
        applied: NDArray[np.bool_],
    ) -> None:
        self._bench, self._trials, self._applied = editor, trials, applied

    @property
    def sample_ids(self) -> Sequence[str]:
        """Id of each image."""
        return [self._bench.data.sample_ids[sample] for sample, _ in self._trials]

    def __len__(self) -> int:
        return len(self._trials)

    def image(self, index: int, /) -> Image.Image:
        """The edited image, or the image itself where the edit does nothing."""
        sample, edit = self._trials[index]
        edited = self._bench.shown(sample, edit)
        self._applied[index] = edit is not None and edited is not None
        return edited or self._bench.picture(sample)
