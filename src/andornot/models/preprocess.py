"""From a picture to the numbers that a network wants: size, mean, std, nothing hidden.

Images are squashed to the wanted size and never cropped: a label map covers the whole image,
so a crop would shift every mask against its activations. This differs from the usual
resize-and-centre-crop, and costs a network little accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.checks import is_one_of
from andornot.data.images.pixels import to_rgb
from andornot.errors import OptionError

INTERPOLATIONS = {method.name.lower(): method for method in Image.Resampling}


@dataclass(frozen=True)
class Preprocessing:
    """How an RGB image becomes the input of a network.

    Attributes:
        height: height of the input, in pixels.
        width: width of the input, in pixels.
        mean: for each of R, G, B what is subtracted, on a scale where white is 1.
        std: for each of R, G, B what the difference is divided by, on the same scale.
        interpolation: how an image of another size is resized (a Pillow resampling filter:
            nearest, box, bilinear, hamming, bicubic, lanczos).

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> from PIL import Image
        >>> grey = Preprocessing(2, 2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        >>> grey.apply(Image.new("RGB", (4, 4), "white")).shape
        (3, 2, 2)
        >>> grey.apply(Image.new("RGB", (4, 4), "red"))[:, 0, 0]
        array([ 1., -1., -1.], dtype=float32)
        >>> Preprocessing.from_dict(grey.to_dict()) == grey
        True
    """

    height: int
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise OptionError(
                    f"Preprocessing {name} is {value!r}, "
                    "but must be a whole number of pixels, 1 or more."
                )
        object.__setattr__(self, "mean", _triple("mean", self.mean))
        object.__setattr__(self, "std", _triple("std", self.std))
        if min(self.std) <= 0:
            raise OptionError(f"Preprocessing std is {self.std}, but must be above 0.")
        if not is_one_of(self.interpolation, list(INTERPOLATIONS)):
            raise OptionError(
                f"Interpolation {self.interpolation!r} is unknown: "
                f"use one of {', '.join(sorted(INTERPOLATIONS))}."
            )

    @classmethod
    def preset(
        cls, name: str, height: int | None = None, width: int | None = None
    ) -> Preprocessing:
        """Look up a preset, with another size if one is given.

        Args:
            name: one of ``PRESETS``.
            height: height in pixels in place of the preset's.
            width: width in pixels in place of the preset's.

        Raises:
            OptionError: there is no such preset.

        Examples:
            >>> Preprocessing.preset("imagenet", height=128).height
            128
        """
        if not is_one_of(name, list(PRESETS)):
            raise OptionError(
                f"Preprocessing preset {name!r} is unknown: use one of {', '.join(PRESETS)}."
            )
        found = PRESETS[name]
        return replace(found, height=height or found.height, width=width or found.width)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Read what ``to_dict`` wrote.

        Raises:
            OptionError: a field is missing, unknown or has a value that cannot be used.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise OptionError(
                f"Preprocessing has the fields {', '.join(sorted(values))}, but needs height, "
                "width, mean, std and may have interpolation."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold, for the manifest of a run."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def apply(self, image: Image.Image) -> NDArray[np.float32]:
        """Squash, scale to 0..1 and normalise one image.

        An image that already has the wanted size is not resized at all.

        Args:
            image: an image of any size and type (see ``data.images.pixels``).

        Returns:
            float32 array of shape (3, height, width).

        Raises:
            DataError: the values of the image have no known scale.
        """
        rgb = image if image.mode == "RGB" else to_rgb(image, "the image")
        if rgb.size != (self.width, self.height):
            rgb = rgb.resize((self.width, self.height), INTERPOLATIONS[self.interpolation])
        pixels = np.asarray(rgb, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
        mean = np.asarray(self.mean, dtype=np.float32)[:, None, None]
        std = np.asarray(self.std, dtype=np.float32)[:, None, None]
        return np.ascontiguousarray((pixels - mean) / std)


def _triple(name: str, values: Sequence[float]) -> tuple[float, float, float]:
    """Coerce three numbers, one a colour channel."""
    try:
        red, green, blue = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"Preprocessing {name} is {values!r}, but must be three numbers (red, green, blue)."
        ) from error
    if not np.isfinite([red, green, blue]).all():
        raise OptionError(f"Preprocessing {name} is {values!r}, but must be finite.")
    return red, green, blue


_IMAGENET = Preprocessing(224, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

PRESETS: Mapping[str, Preprocessing] = {
    "imagenet": _IMAGENET,
    "places365": _IMAGENET,
    "half": Preprocessing(224, 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": Preprocessing(224, 224, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "cifar10": Preprocessing(32, 32, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
}
"""Preprocessing by name. ``places365`` is ImageNet's, as the Places365 networks were trained;
``half`` maps colours to -1..1; ``unit`` leaves them in 0..1."""
