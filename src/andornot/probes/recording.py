"""How activations are recorded: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from andornot._tools.checks import is_one_of, make_plain, whole_number
from andornot.errors import OptionError, quoted

_LAYOUTS = ("auto", "channels_first", "channels_last")


@dataclass(frozen=True)
class Recording:
    """How activations are recorded.

    Attributes:
        batch_size: samples in a forward pass; 32 images or 256 sentence pairs if not given.
        device: ``auto``, ``cpu``, ``cuda``, ...
        tokens: of images only: leading tokens of a transformer that are not patches, or ``auto``.
        layout: of images only: how four-axis outputs lie, ``auto``, ``channels_first`` or
            ``channels_last``.

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> Recording(batch_size=64, device="cpu")
        Recording(batch_size=64, device='cpu', tokens='auto', layout='auto')
    """

    batch_size: int | None = None
    device: str = "auto"
    tokens: int | str = "auto"
    layout: str = "auto"

    def __post_init__(self) -> None:
        make_plain(self, "batch_size", "tokens")
        if self.batch_size is not None and whole_number(self.batch_size, "batch_size") < 1:
            raise OptionError(f"batch_size is {self.batch_size}; it must be at least 1")
        if not isinstance(self.device, str):
            raise OptionError(f"device is {quoted(self.device)}; give a text, such as 'cpu'")
        if not is_one_of(self.tokens, ["auto"]) and (
            type(self.tokens) is not int or self.tokens < 0
        ):
            raise OptionError(
                f"tokens is {quoted(self.tokens)}; give a whole number, 0 or more, or 'auto'"
            )
        if not is_one_of(self.layout, _LAYOUTS):
            raise OptionError(
                f"layout is {quoted(self.layout)}; choose one of {', '.join(_LAYOUTS)}"
            )

    def check_no_maps(self) -> None:
        """Refuse what says how maps of images lie, where no sample is an image.

        Raises:
            OptionError: it was given.
        """
        if (self.tokens, self.layout) != (Recording.tokens, Recording.layout):
            raise OptionError("tokens and layout are options for images; leave them out here")
