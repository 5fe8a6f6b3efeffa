"""Find again what a run was made from: its images or sentences, and its network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from andornot._tools.lazy import resolve
from andornot._tools.reading import read_array
from andornot.data.images.dataset import ProbingData
from andornot.data.samples import OWN, Samples
from andornot.data.sentences.pairs import PairData
from andornot.errors import AndornotError, DataError, ModelError, OptionError, quoted
from andornot.probes.base import Recording, answer_file, same_answer
from andornot.runs import stage_names
from andornot.runs.code import check_allowed, network_code, tagger_code
from andornot.runs.manifest import MANIFEST
from andornot.runs.manifest_fields import check_source
from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.models import Preprocessing

S = TypeVar("S", bound=Samples)

_WORLDS = {
    "demo": "andornot.demo.vision.world:draw_world",
    "demo-text": "andornot.demo.text.world:draw_pairs",
}
_TRAININGS = {
    "demo": "andornot.demo.vision.net:trained_again",
    "demo-text": "andornot.demo.text.net:trained_again",
}
_TOLERANCE = 1e-2
"""Answers may differ by so much of their size: the run may come from another machine."""


def images_of(run: Run) -> ProbingData:
    """Open the images of a run again, by what its manifest says of them.

    Raises:
        OptionError: the run was made from arrays or text, or from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
    """
    kind, how = _noted(run)
    if kind == "demo":
        images: ProbingData = resolve(_WORLDS[kind])(**how)
        return _unchanged(run, images)
    from andornot.data.images.open import READERS, open_data

    if kind in READERS:
        return _unchanged(run, _open_file(run, open_data, **how))
    raise OptionError(
        f"{run.path} was made from data of kind {quoted(kind)}, which has no images to show; "
        f"pictures need a run on {', '.join(READERS)} or demo data"
    )


def pairs_of(run: Run) -> PairData:
    """Open the sentence pairs of a run again, by what its manifest says of them.

    Raises:
        OptionError: the run was made from images or arrays, or from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
    """
    kind, how = _noted(run)
    if kind == "demo-text":
        pairs: PairData = resolve(_WORLDS[kind])(**how)
        return _unchanged(run, pairs)
    if kind in ("snli", "pairs"):
        from andornot.data.sentences.open import open_pairs

        check_allowed(run, tagger_code(run))
        return _unchanged(run, _open_file(run, open_pairs, **how))
    raise OptionError(
        f"{run.path} was made from data of kind {quoted(kind)}, which has no sentences to show; "
        "this needs a run on snli, pairs or demo-text data"
    )


def samples_from(run: Run, spec: str | None) -> ProbingData | PairData | None:
    """The samples that a text names, of the run's modality; None if there is no text.

    Raises:
        AndornotError: there are no such samples.
    """
    if spec is None:
        return None
    if run.level == "image":
        from andornot.data.images.open import open_data

        return open_data(spec)
    from andornot.data.sentences.open import open_pairs

    return open_pairs(spec)


def _noted(run: Run) -> tuple[str, dict[str, Any]]:
    """The kind of data of a run, and the arguments that open it."""
    noted, kind = run.record.data, run.record.data.kind
    spec = {} if kind in _WORLDS else {"spec": f"{kind}:{noted.path}"}
    return kind, spec | check_source(kind, noted.source, run.path / MANIFEST)


def _open_file(run: Run, reader: Callable[..., S], spec: str, **options: Any) -> S:
    """Read the files again; the groups are those that the run notes, so no expression is run."""
    path = Path(spec.partition(":")[2])
    if not path.exists():
        raise DataError(
            f"the data of {run.path} was at {path} and is not there; put it back, or say "
            "where it is now"
        )
    return reader(spec, **options | {"group": OWN})


def _unchanged(run: Run, data: S) -> S:
    data = matching(run, data)
    if data.fingerprint() != run.record.data.fingerprint:
        raise DataError(
            f"the data at {data.path} has changed since {run.path} was made from it; make the run "
            "again, or hand over the data itself if only its files' dates have changed"
        )
    return data


def matching(run: Run, data: S) -> S:
    """The samples of a run, in its order, among those of a data set.

    Raises:
        DataError: a sample of the run is not in the data set.
    """
    wanted = tuple(run.samples["sample"])
    if data.sample_ids == wanted:
        return data
    # a user's own data may have more samples than the run, or another order
    where = {name: i for i, name in enumerate(data.sample_ids)}
    missing = [name for name in wanted if name not in where]
    if missing:
        raise DataError(
            f"the data at {data.path} lacks {quoted(missing[0])} and {len(missing) - 1} more of "
            f"the {len(wanted)} samples of {run.path}; give the data that the run was made from"
        )
    return data.subset(where[name] for name in wanted)


def model_of(run: Run, model: Any = None) -> Any:
    """The network of a run, loaded again by what its manifest says of it.

    Args:
        run: the run.
        model: the network itself, where the manifest does not lead to it any more.

    Returns:
        a ``LoadedModel`` for images, a ``PairModel`` for sentence pairs. The network of a demo is
        trained again from its seed.

    Raises:
        ModelError: it cannot be loaded, is not the one that the run was made with, or is made by
            code that the user has not allowed (see ``runs.code``).
    """
    noted = run.record.model
    if model is None:
        # before anything is loaded; a network that is handed over has run its code already
        check_allowed(run, network_code(run))
        try:
            model = _loaded_again(run)
        except AndornotError as error:
            raise ModelError(
                f"the network of {run.path} cannot be loaded again: {error} (Start the command "
                "where the run was started, or give the network.)"
            ) from error
    if model.fingerprint != noted.fingerprint:
        raise ModelError(
            f"the network {noted.spec} is not the one that {run.path} was made with (its "
            f"fingerprint is {model.fingerprint[:12]}, there {noted.fingerprint[:12]}); give "
            "the same code and weights"
        )
    _check_answers(run, model)
    return model


def _check_answers(run: Run, model: Any) -> None:
    """Refuse a network for images that has the run's weights and answers otherwise."""
    noted = run.record.stages.get(stage_names.NETWORK)
    if run.level != "image" or noted is None:
        return
    from andornot.probes.images import network_answers

    how, prepared = run.record.recording, preprocessing_of(run)
    recording = Recording(how.batch_size, how.device, how.tokens, how.layout)
    for name, now in network_answers(model.module, prepared, run.layers, recording).items():
        path = run.path / str(noted.path) / answer_file(name)
        if path.exists() and not same_answer(read_array(path), now, _TOLERANCE):
            raise ModelError(
                f"the network {model.spec} has the code and the weights that {run.path} was made "
                f"with, but gives other values at {name}; give it with the attributes, and the "
                "files beside its own, that it had then"
            )


def preprocessing_of(run: Run) -> Preprocessing:
    """How images of a run became the network's input.

    Raises:
        OptionError: a value cannot be used.
    """
    from andornot.models import Preprocessing

    return Preprocessing.from_dict(run.record.preprocessing or {})


def _loaded_again(run: Run) -> Any:
    noted, device = run.record.model, run.record.recording.device
    if run.record.data.kind in _TRAININGS:
        return _trained_again(run)
    if run.level == "image":
        from andornot.models import load_model

        return load_model(
            noted.spec, noted.weights,
            preprocessing=preprocessing_of(run), class_names=noted.class_names,
        )  # fmt: skip
    from andornot.models.sentences.load import load_pair_model

    return load_pair_model(noted.spec, device=device, weights=noted.weights)


def _trained_again(run: Run) -> Any:
    """The network of a demo; training it takes seconds, and always gives the same weights."""
    kind, source = _noted(run)
    if "seed" not in source:
        raise OptionError(f"{run.path} does not say how its demo was made; run the demo again")
    return resolve(_TRAININGS[kind])(source)
