"""A remedy in the user's own numbers: the placeholders of a catalogue's fix, filled from the line and the config.

`{name}` is a group of the pattern; `{config:a.b}` a value of the run's configuration, `{half:a.b}` and `{double:a.b}`
what its name says of a whole number; `{half_minibatch}`, `{needed_batch}`, `{memory_note}` and `{path_dir}` are worked
out here. The first fix of which everything is known is taken. What comes from a run enters a command only quoted.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Mapping

from lptui.detect.catalogue import Entry, FixRule
from lptui.model.finding import Fix
from lptui.text import sanitise
from lptui.text.regex import Regex
from lptui.text.secrets import mask_text

_PLACE = Regex(r"\{([A-Za-z_][\w:.-]*)\}")
_PLAIN_NUMBER = Regex(r"[0-9]{1,15}\Z")
_SIZE = Regex(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) (bytes|[KMGT]iB)\Z")
_LONGEST = 200
_MOST_TRIES = 20_000


def choose_fix(entry: Entry, groups: Mapping[str, str], config: Mapping[str, str]) -> Fix | None:
    """The first fix whose placeholders can all be filled; None when there is none."""
    for rule in entry.fixes:
        fix = fill_fix(rule, groups, config)
        if fix is not None:
            return fix
    return None


def fill_fix(rule: FixRule, groups: Mapping[str, str], config: Mapping[str, str]) -> Fix | None:
    """`rule` with its values, or None if one is missing. A command that cannot be written safely is left out."""
    texts: list[str] = []
    for template in (rule.what, rule.why, rule.verify):
        filled = _fill(template, groups, config, _show)
        if filled is None:
            return None
        texts.append(filled)
    command = _fill(rule.command, groups, config, _quote)
    return Fix(texts[0], texts[1], command or "", texts[2], rule.confidence)


def fill_title(title: str, groups: Mapping[str, str]) -> str:
    """A title with the groups of the hit; what is unknown leaves its place empty."""
    return " ".join(_PLACE.sub(lambda m: _show(groups.get(m[1], "")) or "an error", title).split())


def _fill(
    template: str, groups: Mapping[str, str], config: Mapping[str, str], write: Callable[[str], str | None]
) -> str | None:
    parts: list[str] = []
    at = 0
    for match in _PLACE.finditer(template):
        value = _look_up(match[1], groups, config)
        written = None if value is None else write(value)
        if written is None:
            return None
        parts += (template[at : match.start()], written)
        at = match.end()
    return "".join(parts) + template[at:]


def _look_up(name: str, groups: Mapping[str, str], config: Mapping[str, str]) -> str | None:
    kind, _, key = name.partition(":")
    if kind == "config":
        return config.get(key)
    if kind in ("half", "double"):
        number = _to_int(config.get(key))
        if number is None or number < 2:
            return None
        return str(number // 2 if kind == "half" else number * 2)
    work = _WORKED_OUT.get(name)
    return work(groups, config) if work else groups.get(name)


def halve_minibatch(batch: int, minibatch: int, horizon: int) -> int | None:
    """The largest minibatch of at most half that divides `batch` and is a multiple of `horizon`; None: none is."""
    horizon = max(1, horizon)
    size = minibatch // 2 // horizon * horizon
    for _ in range(_MOST_TRIES):
        if size <= 0:
            return None
        if batch % size == 0:
            return size
        size -= horizon
    return None


def _half_minibatch(groups: Mapping[str, str], config: Mapping[str, str]) -> str | None:
    batch, minibatch = _to_int(config.get("trainer.batch_size")), _to_int(config.get("trainer.minibatch_size"))
    horizon = _to_int(config.get("trainer.bptt_horizon"))
    if batch is None or minibatch is None or horizon is None:
        return None
    size = halve_minibatch(batch, minibatch, horizon)
    return None if size is None else str(size)


def _needed_batch(groups: Mapping[str, str], config: Mapping[str, str]) -> str | None:
    """The smallest batch that holds a segment for each agent and is a multiple of the minibatch."""
    agents, horizon = _to_int(groups.get("agents")), _to_int(config.get("trainer.bptt_horizon"))
    if agents is None or horizon is None:
        return None
    minibatch = _to_int(config.get("trainer.minibatch_size")) or horizon
    return str(-(-agents * horizon // minibatch) * minibatch)


def _memory_note(groups: Mapping[str, str], config: Mapping[str, str]) -> str:
    """' (asked for 2.50 GiB, 1.21 GiB of 79.11 GiB free; pid 81 holds 3.02 GiB)', as far as the line says it."""
    asked, free, total = groups.get("asked"), groups.get("free"), groups.get("total")
    parts = [f"asked for {asked}"] if asked else []
    if free:
        parts.append(f"{free} of {total} free" if total else f"{free} free")
    notes = [", ".join(parts)] if parts else []
    if "holder" in groups and "held" in groups:
        notes.append(f"pid {groups['holder']} holds {groups['held']}")
    if _to_bytes(groups.get("unused")) >= max(1, _to_bytes(asked)):
        notes.append(
            f"{groups['unused']} is reserved and unused: try PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True first"
        )
    return f" ({'; '.join(notes)})" if notes else ""


def _to_bytes(text: str | None) -> float:
    """'3.20 GiB' -> bytes; 0 for what is no such size."""
    found = _SIZE.match(text or "")
    return float(found[1]) * 1024 ** "bKMGT".index(found[2][0]) if found else 0.0


def _path_dir(groups: Mapping[str, str], config: Mapping[str, str]) -> str | None:
    path = groups.get("path")
    return None if not path else posixpath.dirname(path) or "."


_WORKED_OUT: dict[str, Callable[[Mapping[str, str], Mapping[str, str]], str | None]] = {
    "half_minibatch": _half_minibatch,
    "needed_batch": _needed_batch,
    "memory_note": _memory_note,
    "path_dir": _path_dir,
}


def _to_int(text: str | None) -> int | None:
    """'524_288' -> 524288; None for anything but a whole number."""
    plain = (text or "").replace("_", "").strip()
    return int(plain) if _PLAIN_NUMBER.match(plain) else None


def _show(value: str) -> str:
    return mask_text(sanitise(value[:_LONGEST]))


def _quote(value: str) -> str | None:
    """A value as one shell word; None when it holds what no command should hold, or a secret."""
    if not value.isprintable() or len(value) > 4096 or mask_text(value) != value:
        return None
    word = shlex.quote(value)
    return f"./{word}" if value.startswith("-") else word
