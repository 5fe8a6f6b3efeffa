"""Vision models of transformers, from a local directory; nothing is ever downloaded or run.

Code that a directory brings with it is never run, nor asked about: transformers would ask on the
terminal, in the middle of whatever command opens a run again.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from andornot._tools.extras import install
from andornot.errors import AndornotError, ModelError
from andornot.models.built import Built
from andornot.models.preprocess import Preprocessing
from andornot.models.weights import load_file

LOCAL: Mapping[str, bool] = {"local_files_only": True, "trust_remote_code": False}
"""What transformers may do to load a directory: read it."""

_HEADS = tuple(
    f"For{task}"
    for task in (
        "ImageClassification",
        "ImageClassificationWithTeacher",
        "SemanticSegmentation",
        "InstanceSegmentation",
        "UniversalSegmentation",
        "ObjectDetection",
        "DepthEstimation",
    )
)
"""Heads that a model is read with; others, which learn to fill in pixels say, are left out."""


def build(directory: Path, weights: str | Path | None) -> Built:
    """Load the model with the head that ``config.json`` names, or else the bare model.

    Args:
        directory: what ``save_pretrained`` wrote, or a clone of a hub repository.
        weights: a file in place of the directory's weights.

    Raises:
        ModelError: transformers is missing, or the directory holds no model that it can load.
    """
    transformers = transformers_for(directory)
    with quiet(transformers):
        try:
            module, config, notes = _load(transformers, directory, from_config=weights is not None)
        except Exception as error:
            refuse_own_code(directory, error)
            reason = " ".join(str(error).split())
            raise ModelError(
                f"transformers cannot load the model in {directory} "
                f"({type(error).__name__}: {reason}): check that its files are whole."
            ) from error
    if weights is not None:
        notes += load_file(module, weights)
    notes += about_queries(config, directory)
    module, told = image_part(module)
    notes += told
    source = (directory / "config.json").read_bytes()
    return Built(module, read_preprocessing(directory), _class_names(config), notes, source)


def about_queries(config: Any, directory: Path) -> tuple[str, ...]:
    """A note where a network has tokens that are no places of the image, as detectors have.

    Shapes cannot tell them from patches: 100 queries would be a map of 10 x 10.

    Raises:
        ModelError: they stand behind the patches, so that all maps would be shifted.
    """
    behind = getattr(config, "num_detection_tokens", None)
    if behind:
        raise ModelError(
            f"The model in {directory} has {behind} detection tokens behind its patches, which "
            "cannot be set aside, so its maps would be shifted: give a function that takes them "
            "off, as FILE.py:FUNCTION."
        )
    queries = getattr(config, "num_queries", None)
    if not queries:
        return ()
    return (
        f"The model asks {queries} queries about the whole image; layers that give {queries} "
        "tokens (decoder, heads) hold no places of the image, so a formula for them means nothing: "
        "choose layers of the backbone or the encoder.",
    )


IMAGE_PARTS = ("vision_model", "image_model", "vision_tower")
"""What transformers calls the part for images in models of images and texts, such as CLIP."""


def image_part(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """Of a model that wants a text with each image, take the part that sees the image.

    Returns:
        the part and a note about it, or the model as it is.
    """
    name = next((n for n in IMAGE_PARTS if isinstance(getattr(module, n, None), nn.Module)), None)
    if name is None or "input_ids" not in inspect.signature(module.forward).parameters:
        return module, ()
    kind = type(module).__name__
    note = f"{kind} reads images and texts; the network here is its part for images, {name}."
    return module.get_submodule(name), (note,)


def transformers_for(directory: Path) -> Any:
    """Import transformers to read a directory with it.

    Raises:
        ModelError: the directory holds no ``config.json``, or transformers is missing.
    """
    if not (directory / "config.json").is_file():
        raise ModelError(
            f"The directory {directory} holds no config.json: give the directory of a "
            "transformers model, as save_pretrained writes it."
        )
    return import_transformers()


def refuse_own_code(directory: Path, error: Exception) -> None:
    """Say in a sentence that a model needs code of its own, if that is why it cannot be loaded.

    Raises:
        ModelError: that is why.
    """
    if "trust_remote_code" in str(error):
        raise ModelError(
            f"the model in {directory} comes with Python code of its own, which is not run; if you "
            "trust it, write a function that loads it, and name that as FILE.py:FUNCTION"
        ) from error


def read_preprocessing(directory: Path) -> Preprocessing | None:
    """Read ``preprocessor_config.json``, or what ``processor_config.json`` says of images.

    None where there is neither. A resize of the shorter edge and a centre crop become one squash
    to the crop's size.

    Raises:
        ModelError: the file cannot be read, or asks for what ``Preprocessing`` cannot do.
    """
    names = ("preprocessor_config.json", "processor_config.json")
    path = next((directory / name for name in names if (directory / name).is_file()), None)
    if path is None:
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        config = values if path.name == names[0] else values.get("image_processor")
        return None if config is None else _from_config(config)
    except (KeyError, TypeError, ValueError, AttributeError, AndornotError) as error:
        raise ModelError(
            f"The preprocessing in {path} cannot be used ({type(error).__name__}: {error}): "
            "give the preprocessing yourself."
        ) from error


def _from_config(config: Mapping[str, Any]) -> Preprocessing:
    """Translate the settings of a transformers image processor."""
    if config.get("do_flip_channel_order"):
        raise ModelError("it wants the colours in the order blue, green, red")
    size = config["size"]
    if config.get("do_center_crop") and "crop_size" in config:
        size = config["crop_size"]
    if isinstance(size, Mapping):
        edge = size.get("shortest_edge")
        height, width = size.get("height", edge), size.get("width", edge)
    else:
        height = width = size
    # Ours scales white to 1 first; another factor or an offset moves into mean and std.
    scale = 255 * config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 255
    offset = 1.0 if config.get("rescale_offset") else 0.0
    normalise = config.get("do_normalize", True)
    mean = config["image_mean"] if normalise else (0.0, 0.0, 0.0)
    std = config["image_std"] if normalise else (1.0, 1.0, 1.0)
    resample = config.get("resample", Image.Resampling.BILINEAR)
    return Preprocessing.from_dict(
        {
            "height": height,
            "width": width,
            "mean": [(m + offset) / scale for m in mean],
            "std": [s / scale for s in std],
            "interpolation": Image.Resampling(resample).name.lower(),
        }
    )


def import_transformers() -> Any:
    """Import transformers, or say how to install it.

    Raises:
        ModelError: transformers is not installed.
    """
    if importlib.util.find_spec("transformers") is None:
        raise ModelError(f"Models of transformers need it to be installed: run {install('hf')}.")
    if importlib.util.find_spec("torchvision") is not None:
        # transformers imports torchvision if it can, and that may need help.
        from andornot.models.from_torchvision import import_torchvision

        with suppress(ModelError):  # one that is broken may not be needed
            import_torchvision()
    import transformers

    return transformers


def _load(
    transformers: Any, directory: Path, *, from_config: bool
) -> tuple[nn.Module, Any, tuple[str, ...]]:
    """Load the model that the configuration names."""
    config = transformers.AutoConfig.from_pretrained(directory, **LOCAL)
    factory = _factory(transformers, config)
    if from_config:
        return _of_config(factory, config), config, ()
    module, info = factory.from_pretrained(directory, output_loading_info=True, **LOCAL)
    return module, config, tuple(_told(module, config, info, directory))


def _of_config(factory: Any, config: Any) -> Any:
    """A model with random weights, from an auto class or from one of its own."""
    if hasattr(factory, "from_config"):
        return factory.from_config(config, trust_remote_code=False)
    return factory(config)


def _factory(transformers: Any, config: Any) -> Any:
    """The class of a model with a head that says something of an image, or else an auto class."""
    for name in config.architectures or ():
        if name.endswith(_HEADS) and hasattr(transformers, name):
            return getattr(transformers, name)
        if name.endswith("ForImageClassification"):
            return transformers.AutoModelForImageClassification
    return transformers.AutoModel


def _told(module: nn.Module, config: Any, info: Any, directory: Path) -> Iterator[str]:
    """Say which weights are random, and which head is left out."""
    missing, extra = sorted(info["missing_keys"]), sorted(info["unexpected_keys"])
    if missing:
        yield (f"{_weights(missing)} not in {directory} and random (such as {missing[0]}).")
    saved, read = (config.architectures or [""])[0], type(module).__name__
    if extra:
        yield (
            f"{directory} was saved as {saved or 'another model'} and is read as {read}, without "
            f"its head: {_weights(extra)} left out (such as {extra[0]}), and there are no "
            "answers to compare with."
        )


def _weights(names: list[str]) -> str:
    return "1 weight is" if len(names) == 1 else f"{len(names)} weights are"


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Keep progress bars and warnings of transformers off the terminal; errors still raise."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _class_names(config: Any) -> tuple[str, ...] | None:
    """Read the names of the classes, if someone gave them any (else they are LABEL_0 and on)."""
    labels = config.id2label or {}
    names = tuple(str(labels[index]) for index in sorted(labels))
    return None if all(name.startswith("LABEL_") for name in names) else names
