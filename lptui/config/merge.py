"""Layers of settings into one value, typed and checked by OmegaConf. Imported only when there is a layer to
merge."""

from __future__ import annotations

import difflib
import os  # and not pathlib, which costs 10 ms before the first paint
from collections.abc import Sequence
from typing import Any, cast

from lptui.config.settings import MAX_BYTES, NOT_FROM_PROJECT, RULES, Layer, Settings, SettingsError, names
from lptui.config.yaml_tree import TreeError, parse_tree


def parse_layer(path: str, data: bytes, trusted: bool) -> Layer | SettingsError | None:
    """One settings file as a layer; None when it is empty."""
    try:
        tree = parse_tree(data, path, MAX_BYTES)
    except TreeError as error:
        return SettingsError(f"{path} cannot be understood", str(error))
    if not isinstance(tree, dict):
        return SettingsError(f"{path} holds no settings", "it must be a mapping, e.g. `theme: light`")
    values = {key: value for key, value in tree.items() if key != RULES}
    return Layer(path, values, os.path.dirname(path), trusted) if values else None


def merge(layers: Sequence[Layer]) -> Settings | SettingsError:
    """Later layers win, key by key. The first thing that is wrong ends it."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    merged = OmegaConf.structured(Settings)
    OmegaConf.set_readonly(merged, False)  # the value is frozen; the scratch copy must not be
    for layer in layers:
        wrong = _refuse(layer)
        if wrong is not None:
            return wrong
        for key, value in layer.values.items():
            if value == "null":  # `theme:` with nothing after it: not set
                continue
            try:
                merged = OmegaConf.merge(merged, {key: _absolute(key, value, layer.base)})
            except (OmegaConfBaseException, TypeError, ValueError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                return SettingsError(f"{layer.origin}: {key} cannot be used", reason)
    return _finish(cast("dict[str, Any]", OmegaConf.to_container(merged, resolve=False)), layers)


def _refuse(layer: Layer) -> SettingsError | None:
    """Unknown names, what a project may not set, references (none are resolved: they could read the
    environment)."""
    for key, value in layer.values.items():
        if not layer.trusted and any(word in key.lower() for word in NOT_FROM_PROJECT):
            reason = "a project file cannot set commands, hosts or notifications: put it into your own config.yaml"
            return SettingsError(f"{layer.origin}: {key} is not allowed here", reason)
        if key not in names():
            close = difflib.get_close_matches(key, names(), 1)
            hint = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(names())}"
            return SettingsError(f"{layer.origin}: there is no setting {key!r}", hint)
        if "${" in repr(value):
            reason = "references like ${...} are not resolved in settings: write the value itself"
            return SettingsError(f"{layer.origin}: {key} cannot be used", reason)
    return None


def _absolute(key: str, value: object, base: str) -> object:
    if key != "roots" or not isinstance(value, list):
        return value
    paths = [os.path.expanduser(str(item)) for item in cast("list[object]", value)]
    return [os.path.normpath(os.path.join(base, path)) for path in paths]


def _finish(values: dict[str, Any], layers: Sequence[Layer]) -> Settings | SettingsError:
    keys = cast("dict[str, Any]", values["keys"])
    values["roots"] = tuple(values["roots"])
    settings = Settings(**values)
    if not 1.0 <= settings.refresh <= 20.0:
        return _blame("refresh", f"{settings.refresh:g} is not from 1 to 20 screens a second", layers)
    for binding, key in keys.items():
        if not isinstance(key, str) or not key.strip():
            return _blame("keys", f"{binding} needs a key, e.g. `{binding}: f2`", layers)
    return settings


def _blame(key: str, reason: str, layers: Sequence[Layer]) -> SettingsError:
    origin = next((layer.origin for layer in reversed(layers) if key in layer.values), "settings")
    return SettingsError(f"{origin}: {key} cannot be used", reason)
