"""Options from a YAML or TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from andornot._tools.looks import check_file
from andornot._tools.words import nearest
from andornot.cli.values import Length
from andornot.errors import OptionError, quoted


def read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Take defaults for the options of a command from a YAML or TOML file."""
    if path is None:
        return None
    known = {option.lstrip("-"): p for p in ctx.command.params for option in p.opts}
    defaults: dict[str, Any] = {}
    for name, value in _load_mapping(path).items():
        option = known.get(str(name).replace("_", "-"))
        if option is not None and option.name == param.name:
            raise OptionError(
                f"{path} names another configuration ({name}), which is not read; write its "
                "options here, or leave the line out"
            )
        if option is None or option.name is None:
            # each by the name of today; an older one is taken, but taught to nobody
            names = sorted({p.opts[0].lstrip("-") for p in known.values()} - {param.name})
            raise OptionError(
                f"{path} has the option {quoted(name)}, which andornot {ctx.command.name} does not "
                f"know{nearest(str(name), names)}; it knows {', '.join(names)}"
            )
        called = _names(option)
        if option.name in defaults:
            raise OptionError(
                f"{path} gives {called[0]} twice, under two names ({' and '.join(called)}); "
                "give it once"
            )
        whole = option.type is click.INT or isinstance(option.type, Length)
        if isinstance(value, float) and whole:
            raise OptionError(f"{path} gives {name} as {value}; it must be a whole number")
        if not _is_plain(value):
            raise OptionError(
                f"{path} gives {name} as {quoted(value)}; write a text or a number, or a list of "
                "them"
            )
        single = option.multiple and not isinstance(value, list)
        defaults[option.name] = [value] if single else value
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return path


def _names(option: click.Parameter) -> list[str]:
    """What a file may call an option, the name of today first."""
    plain = [name.lstrip("-") for name in option.opts]
    return list(dict.fromkeys(name.replace("-", sign) for name in plain for sign in "-_"))


def _is_plain(value: object) -> bool:
    """Whether a value is a text or a number that an option may have, or a list of them."""
    parts = value if isinstance(value, list) else [value]
    nested = any(isinstance(part, dict | list | set) for part in parts)
    return not nested and all(part.bit_length() <= 64 for part in parts if isinstance(part, int))


def _load_mapping(path: Path) -> dict[str, Any]:
    import tomllib

    from andornot._tools.safe_yaml import load_yaml

    check_file(path, OptionError)
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else load_yaml(text)
    except (OSError, ValueError, RecursionError) as error:
        plain = " ".join(str(error).split())
        raise OptionError(f"the configuration {path} cannot be read: {plain}") from error
    if not isinstance(data, dict):
        raise OptionError(f"the configuration {path} must be a list of `option: value` lines")
    return data
