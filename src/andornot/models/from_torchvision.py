"""Image classifiers of torchvision."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from andornot._tools.extras import install
from andornot.errors import ModelError
from andornot.models.built import Built
from andornot.models.names import arrange
from andornot.models.preprocess import Preprocessing
from andornot.models.weight_files import read_weights, reason_of
from andornot.models.weights import class_mismatch, load_weights

IMAGENET_CLASSES = 1000

T = TypeVar("T")


def build(name: str, weights: str | Path | None) -> Built:
    """Build a classifier with as many classes as its weights have.

    Args:
        name: as in ``torchvision.models.list_models()``.
        weights: a file, the name of published weights, or None for random ones.

    Raises:
        ModelError: torchvision is missing or lacks the model, or the weights do not fit.
    """
    models = import_torchvision().models
    known = models.list_models(module=models)
    if name not in known:
        close = get_close_matches(name, known, n=4, cutoff=0.4) or known[:4]
        raise ModelError(
            f"torchvision has no image classifier {name!r}; did you mean {' or '.join(close)}?"
        )
    published = models.get_model_weights(name)
    notes: tuple[str, ...] = ()
    if weights is None:
        # what the caller draws at random on the CPU stays as it would be
        with torch.random.fork_rng(devices=[]):
            # not torch.manual_seed, which seeds other devices too and does not give them back
            torch.default_generator.manual_seed(0)
            module = _new(models, name)
        notes = (
            "No weights were given, so the network is random (seed 0) and its units mean nothing.",
        )
    elif str(weights) in published.__members__:
        module = _download(models, name, str(weights))
        published = published[str(weights)]
        return Built(module, _preprocessing(published, module), _categories(published))
    else:
        module, notes = _from_file(name, weights)
    classes = _count_classes(module)
    class_names = _categories(published.DEFAULT) if classes == IMAGENET_CLASSES else None
    if class_names and weights is not None:
        notes += ("Class names are ImageNet's, assumed because the network has 1000 classes.",)
    return Built(module, _preprocessing(published.DEFAULT, module), class_names, notes)


@functools.cache
def import_torchvision() -> Any:
    """Import torchvision, also beside a torch of another kind than it was built for.

    Raises:
        ModelError: torchvision is not installed, or cannot be imported beside this torch.
    """
    try:
        return with_operators(_import)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"torchvision cannot be imported ({reason_of(error)}): install the one that belongs to "
            f"torch {torch.__version__}."
        ) from error


def with_operators(action: Callable[[], T]) -> T:
    """Do what imports torchvision, and once more if it turns out to lack its operators.

    A torchvision built for CUDA registers fake kernels for two operators that it cannot load
    beside CPU torch, and so fails to import. Declared, they satisfy it; no classifier uses them.
    """
    try:
        return action()
    except Exception as error:
        if _libraries or not _lacks_operators(error):
            raise
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
    return action()


_libraries: list[Any] = []
"""What declares the operators, which must stay alive."""


def _lacks_operators(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is torchvision's about an operator of its own."""
    if error is None:
        return False
    found = isinstance(error, RuntimeError) and "torchvision::" in str(error)
    return found or _lacks_operators(error.__cause__ or error.__context__)


def _import() -> Any:
    try:
        import torchvision
    except ModuleNotFoundError as error:
        raise ModelError(
            f"Models of torchvision need it to be installed: run {install('torchvision')}."
        ) from error
    return torchvision


def _new(models: Any, name: str, **options: Any) -> nn.Module:
    """Build an untrained network."""
    with warnings.catch_warnings():
        # Two old models announce that their way to draw random weights will change.
        warnings.simplefilter("ignore", FutureWarning)
        module: nn.Module = models.get_model(name, weights=None, **options)
    return module


def _download(models: Any, name: str, weights: str) -> nn.Module:
    """Build a network with published weights."""
    try:
        module: nn.Module = models.get_model(name, weights=weights)
    except OSError as error:
        raise ModelError(
            f"The weights {weights} of torchvision's {name} cannot be downloaded ({error}): "
            "give the path of a weights file instead."
        ) from error
    return module


def build_for(name: str, state: Mapping[str, torch.Tensor], *, trained: bool) -> nn.Module:
    """Build an untrained network for weights: with their classes, and side heads if they have any.

    Args:
        name: as in ``torchvision.models.list_models()``.
        state: the weights.
        trained: whether they descend from torchvision's published ones, as nearly all that were
            trained at all do; a few networks rescale their input for those.
    """
    models = import_torchvision().models
    default = _shapes(models, name)
    arranged, _ = arrange(default, state)
    classes = class_mismatch(default.state_dict(), arranged)
    options: dict[str, Any] = {}
    if classes and classes[0] == IMAGENET_CLASSES:
        options["num_classes"] = classes[1]
    if hasattr(default, "aux_logits") and not any("aux" in key.lower() for key in arranged):
        options["aux_logits"] = False  # for training only; torchvision drops GoogLeNet's itself
    module = _new(models, name, **options)
    if trained and hasattr(module, "transform_input"):
        module.transform_input = True  # type: ignore[assignment]
    return module


def _shapes(models: Any, name: str) -> nn.Module:
    """A network with the default number of classes, to read names and shapes from."""
    try:
        with torch.device("meta"):  # costs neither time nor memory
            return _new(models, name)
    except NotImplementedError:  # RegNets compute their widths with tensors
        return _new(models, name)


def _from_file(name: str, weights: str | Path) -> tuple[nn.Module, tuple[str, ...]]:
    """Build the network that the weights in a file fit, and load them."""
    state, notes = read_weights(weights)
    module = build_for(name, state, trained=True)
    notes += load_weights(module, state, Path(weights))
    if not hasattr(module, "transform_input"):
        return module, notes
    rescales = f"torchvision's {name} rescales its input as its published weights expect."
    return module, (*notes, rescales)


def _count_classes(module: nn.Module) -> int:
    """Count the rows of the last weight matrix, which is the head in all these models."""
    heads = [m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    return len(heads[-1].weight)


def _preprocessing(weights: Any, module: nn.Module) -> Preprocessing:
    """Take what the published weights expect, at the size that the network insists on, if any."""
    wanted = weights.transforms()
    size = int(getattr(module, "image_size", wanted.crop_size[0]))
    return Preprocessing(
        size, size, tuple(wanted.mean), tuple(wanted.std), wanted.interpolation.value
    )


def _categories(weights: Any) -> tuple[str, ...]:
    return tuple(weights.meta["categories"])
