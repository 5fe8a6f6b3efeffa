"""Find again what a run was made from: its images or sentences, and its network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from andornot.data.images.dataset import ProbingData
from andornot.data.modality import DataKind
from andornot.data.registry import data_kind, kinds_of, modality_named, opener_of
from andornot.data.rows import asking, fingerprint_of
from andornot.data.samples import OWN, Samples
from andornot.data.sentences.pairs import PairData
from andornot.errors import AndornotError, DataError, ModelError, OptionError, quoted
from andornot.runs.code import check_allowed, data_code, network_code
from andornot.runs.image_network import preprocessing_of as preprocessing_of
from andornot.runs.manifest import MANIFEST
from andornot.runs.manifest_fields import check_source
from andornot.runs.run import Run

S = TypeVar("S", bound=Samples)


def images_of(run: Run) -> ProbingData:
    """Open the images of a run again, by what its manifest says of them.

    Raises:
        OptionError: the run was made from arrays or text, or from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
    """
    images: ProbingData = _samples(run, "images", "no images to show", "pictures need")
    return images


def pairs_of(run: Run) -> PairData:
    """Open the sentence pairs of a run again, by what its manifest says of them.

    Raises:
        OptionError: the run was made from images or arrays, or from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
    """
    pairs: PairData = _samples(run, "sentences", "no sentences to show", "this needs")
    return pairs


def samples_of(run: Run) -> Any:
    """Open the samples of a run again, of whatever modality, by what its manifest says of them.

    Raises:
        OptionError: the run was made from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
        RunError: the run's modality is not installed here.
    """
    modality = run.modality
    return _samples(run, modality.name, f"no {modality.samples} to show", "this needs")


def samples_from(run: Run, spec: str | None) -> Any:
    """The samples that a text names, of the run's modality; None if there is no text.

    Raises:
        AndornotError: there are no such samples.
    """
    if spec is None:
        return None
    kinds = {kind.name: kind for kind in kinds_of(run.modality.name) if kind.files}
    own = kinds.get(spec.partition(":")[0])
    return (run.modality.find(run.modality.opener) if own is None else opener_of(own))(spec)


def _samples(run: Run, modality: str, lacking: str, needing: str) -> Any:
    kind = data_kind(run.record.data.kind)
    if kind is None or kind.modality != modality:
        known = [each.name for each in kinds_of(modality)]
        raise OptionError(
            f"{run.path} was made from data of kind {quoted(run.record.data.kind)}, which has "
            f"{lacking}; {needing} a run on {_listed(known)} data"
        )
    source = _source(run, kind)
    opener = opener_of(kind)
    if not kind.files:
        return _unchanged(run, opener(**source))
    check_allowed(run, data_code(run))
    return _unchanged(run, _open_file(run, opener, kind, **source))


def _listed(names: Sequence[str]) -> str:
    """Names, with "or" before the last."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _source(run: Run, kind: DataKind) -> dict[str, Any]:
    """The arguments that open the data of a run."""
    noted = run.record.data
    spec = {"spec": f"{kind.name}:{noted.path}"} if kind.files else {}
    return spec | check_source(kind, noted.source, run.path / MANIFEST)


def _open_file(run: Run, reader: Callable[..., S], kind: DataKind, spec: str, **options: Any) -> S:
    """Read the files again; the groups are those that the run notes, so no expression is run."""
    path = Path(spec.partition(":")[2])
    if not path.exists():
        raise DataError(
            f"the data of {run.path} was at {path} and is not there; put it back, or say "
            "where it is now"
        )
    own = {"group": OWN} if "group" in kind.source else {}
    return reader(spec, **options | own)


def _unchanged(run: Run, data: S) -> S:
    data = matching(run, data)
    if fingerprint_of(data) != run.record.data.fingerprint:
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
    with asking(data, "some of them"):
        return data.subset(where[name] for name in wanted)


def model_of(run: Run, model: Any = None) -> Any:
    """The network of a run, loaded again by what its manifest says of it.

    Args:
        run: the run.
        model: the network itself, where the manifest does not lead to it any more.

    Returns:
        a ``LoadedModel`` for images, a ``PairModel`` for sentence pairs, what else a modality has
        for its samples. The network of a demo is trained again from its seed.

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
    if run.modality.answers:
        run.modality.find(run.modality.answers)(run, model)
    return model


def _loaded_again(run: Run) -> Any:
    kind, modality = data_kind(run.record.data.kind), run.modality
    if kind is not None and kind.network:
        return _trained_again(run, kind)
    if not modality.network:
        raise OptionError(f"networks for {modality.samples} are not loaded from a run; give it")
    return modality.find(modality.network)(run)


def _trained_again(run: Run, kind: DataKind) -> Any:
    """The network of a demo; training it takes seconds, and always gives the same weights."""
    source = _source(run, kind)
    if "seed" not in source:
        raise OptionError(f"{run.path} does not say how its demo was made; run the demo again")
    return modality_named(kind.modality).find(kind.network)(source)
