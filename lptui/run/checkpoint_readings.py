"""A group of files and what was found in them -> the one row that a reader sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lptui.checkpoints.groups import CheckpointGroup
from lptui.checkpoints.info import DAMAGED, VERDICTS, CheckpointInfo, Reading
from lptui.files import FileFailure, stat_file
from lptui.model.readings import CheckpointReading
from lptui.text import format_value, plural, sanitise
from lptui.text.secrets import mask_text

_NOT_NOW = ("changed", "vanished")


def read_group(
    one: CheckpointGroup,
    infos: Sequence[CheckpointInfo],
    absolute: Callable[[str], str],
    *,
    being_written: bool,
) -> CheckpointReading:
    """`infos`: the files that were looked into, the one to load first. The worst of them gives the verdict; a
    number in a file goes before the one in its name."""
    main = infos[0] if infos else None
    verdict, reason, next_step = _judge(one, infos, being_written)
    step = _first(main.agent_step, main.global_step, main.step) if main else None
    epoch = _first(main.epoch) if main else None
    name = one.name
    named = name.agent_step if name.agent_step is not None else name.global_step
    return CheckpointReading(
        name=sanitise(one.path.rpartition("/")[2]),
        path=absolute(one.path),
        role=name.role,
        size=one.size,
        modified_at=one.mtime,
        files=len(one.files),
        step=step if step is not None else named,
        epoch=epoch if epoch is not None else name.epoch,
        complete=one.complete and not being_written,
        verdict=verdict,
        reason=mask_text(reason),
        next_step=next_step,
        format=main.format if main else "",
        facts=tuple(_facts(main, absolute)) if main else (),
    )


def _first(*readings: Reading | None) -> int | None:
    return next((int(r.value) for r in readings if r is not None and abs(r.value) < 1e18), None)


def _judge(one: CheckpointGroup, infos: Sequence[CheckpointInfo], being_written: bool) -> tuple[str, str, str]:
    """(verdict, reason, next step): damage first, then what is missing, then what was found."""
    if being_written:
        return "being-written", "it is being written, or was a moment ago", "wait for the save to finish"
    worst = min(infos, key=lambda info: VERDICTS.index(info.verdict), default=None)
    if worst is not None and worst.verdict in DAMAGED:
        return worst.verdict, worst.reason, worst.next_step
    if not one.complete:
        return "incomplete", one.reason, "do not resume from it; take the one before it"
    if worst is None or worst.verdict in _NOT_NOW:
        return "unread", "", ""
    if worst.verdict == "ok-unverified":
        return "ok", worst.reason, ""
    if worst.verdict == "ok-verified":
        return "ok-verified", worst.reason, ""
    return worst.verdict, worst.reason, worst.next_step


def _facts(info: CheckpointInfo, absolute: Callable[[str], str]) -> list[tuple[str, str]]:
    """(name, value) rows for the detail view; texts are escaped by the reader, and masked here."""
    rows = [("format", info.format), ("framework", info.framework or "")]
    readings = (
        ("epoch", info.epoch),
        ("agent_step", info.agent_step),
        ("global_step", info.global_step),
        ("step", info.step),
    )
    rows += [(name, f"{r.value:,.0f} ({r.source})") for name, r in readings if r is not None]
    rows += [
        ("learning rate", ", ".join(format_value(rate) for rate in info.learning_rates[:8])),
        ("keys", _list(info.keys, 16)),
        ("tensors", "" if info.n_tensors is None else f"{info.n_tensors:,}"),
        ("parameters", "" if info.n_params is None else f"{info.n_params:,}"),
        ("dtypes", ", ".join(f"{name} {count:,}" for name, count in info.dtypes)),
        ("imports", _list([f"{g.name} ({g.kind})" for g in info.globals if g.kind != "plain"], 8)),
        ("checksums", {True: "yes", False: "none"}.get(info.has_crc, "") if info.has_crc is not None else ""),
    ]
    if info.policy_path:
        rows += [("policy_path", info.policy_path), ("policy file", tell_policy(info.policy_path, absolute))]
    rows += [("note", note) for note in info.notes[:4]]
    return [(name, mask_text(value)) for name, value in rows if value]


def _list(values: Sequence[str], limit: int) -> str:
    more = len(values) - limit
    return ", ".join(values[:limit]) + (f" and {plural(more, 'more', 'more')}" if more > 0 else "")


def tell_policy(uri: str, absolute: Callable[[str], str]) -> str:
    """Whether the policy that a trainer state names is there: without it the run cannot resume (Metta,
    2025)."""
    scheme, separator, rest = uri.partition("://")
    if separator and scheme != "file":
        return "not on this disk: cannot be told"
    path = rest if separator else uri
    if _is_there(path if path.startswith("/") else absolute(path)):
        return "exists"
    moved = f"checkpoints/{path.rstrip('/').rpartition('/')[2]}"
    if _is_there(absolute(moved)):
        return f"not where it says, but {moved} is there"
    return "missing: a resume from this state fails or starts a new policy"


def _is_there(path: str) -> bool:
    try:
        stat_file(path)
    except FileFailure:
        return False
    return True
