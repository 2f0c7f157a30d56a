"""A run's own configuration as flat rows. It comes from the run, so it is read as data: nothing is ever
evaluated.

References inside the file (`${trainer.batch_size}`, `${.x}`) are resolved as OmegaConf does (the tests
compare), but by own code that bounds their growth: OmegaConf would run resolvers, and two dozen lines of
`${a}${a}` fill its memory. Resolver calls (`${oc.env:KEY}`, `${now:...}`) are shown as written.
"""

from __future__ import annotations

import re

from lptui.config.yaml_tree import Tree, TreeError, parse_tree
from lptui.model.value import frozen
from lptui.text.secrets import mask_secrets

MAX_VALUE = 2_000
MAX_HOPS = 16
_REFERENCE = re.compile(r"\$\{\s*([^${}:]+?)\s*\}")
_RESOLVER = re.compile(r"\$\{[^}]*:|\\\$")
_STEP = re.compile(r"[^.\[\]]+")


@frozen
class RunConfig:
    """(dotted key, value text) rows in the file's order, secrets masked; `reason` says why there are none."""

    path: str
    rows: tuple[tuple[str, str], ...] = ()
    reason: str = ""


def read_run_config(data: bytes, path: str) -> RunConfig:
    """The rows of a config.yaml, config.json, hparams.yaml or Hydra file; W&B's `{value: ...}` is
    unwrapped."""
    try:
        tree = parse_tree(data, path)
    except TreeError as failure:
        return RunConfig(path, reason=str(failure))
    if not isinstance(tree, dict):
        return RunConfig(path, reason="it is no mapping of names to values")
    tree = _unwrap_wandb(tree)
    rows: list[tuple[str, str]] = []
    _flatten(tree, (), tree, rows)
    return RunConfig(path, tuple(rows))


def _unwrap_wandb(tree: dict[str, Tree]) -> dict[str, Tree]:
    """W&B writes every top-level value as {value: ...} (older: {desc: ..., value: ...}) beside its own
    `_wandb`."""
    inner: dict[str, Tree] = {}
    for key, value in tree.items():
        if key in ("_wandb", "wandb_version"):
            continue
        if not isinstance(value, dict) or "value" not in value or not set(value) <= {"value", "desc"}:
            return tree
        inner[key] = value["value"]
    return inner or tree


def _flatten(node: Tree, way: tuple[str | int, ...], root: Tree, rows: list[tuple[str, str]]) -> None:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            _flatten(value, (*way, key), root, rows)
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            _flatten(value, (*way, index), root, rows)
    elif isinstance(node, str):
        rows.append((_dotted(way), _text_of(node, way, root, 0)))
    elif way:
        rows.append((_dotted(way), "{}" if isinstance(node, dict) else "[]"))


def _dotted(way: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")


def _text_of(text: str, way: tuple[str | int, ...], root: Tree, hops: int) -> str:
    """The leaf at `way` as shown. What it refers to is masked by the name of the place it came from as
    well."""
    if "${" in text and not _RESOLVER.search(text) and hops < MAX_HOPS:
        resolved = _resolve(text, way, root, hops)
        text = text if resolved is None else resolved
    if len(text) > MAX_VALUE:
        text = text[:MAX_VALUE] + "…"
    return mask_secrets(_dotted(way), text)


def _resolve(text: str, way: tuple[str | int, ...], root: Tree, hops: int) -> str | None:
    """`text` with its references replaced, innermost first; None (as written) if one leads nowhere or to no
    scalar."""
    for _ in range(MAX_HOPS):
        match = _REFERENCE.search(text)
        if match is None:
            return text
        target = _target(match[1], way)
        leaf = _at(root, target) if target is not None else None
        if not isinstance(leaf, str) or target is None:
            return None
        value = _text_of(leaf, target, root, hops + 1)
        if "${" in value:
            return None
        text = f"{text[: match.start()]}{value}{text[match.end() :]}"
        if len(text) > MAX_VALUE:
            return text
    return None


def _target(reference: str, way: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """The absolute way that a reference means: leading dots climb, as in OmegaConf (one dot = the same
    mapping)."""
    name = reference.lstrip(".")
    climbs = len(reference) - len(name)
    if climbs > len(way):
        return None
    base = way[:-climbs] if climbs else ()
    return (*base, *_STEP.findall(name))


def _at(root: Tree, way: tuple[str | int, ...]) -> Tree | None:
    node: Tree | None = root
    for step in way:
        if isinstance(node, dict):
            node = node.get(str(step))
        elif isinstance(node, list) and str(step).isdecimal():
            node = node[int(step)] if int(step) < len(node) else None
        else:
            return None
    return node
