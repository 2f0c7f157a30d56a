"""A group of files and what was found in them -> the one row that a reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lptui.checkpoints.groups import CheckpointGroup, GroupFile
from lptui.checkpoints.info import DAMAGED, VERDICTS, CheckpointInfo, Reading
from lptui.checkpoints.names import SUFFIXES
from lptui.checkpoints.report import DeepReport
from lptui.files import FileFailure, stat_file
from lptui.model.readings import CheckpointReading, PolicyFile
from lptui.run.checkpoint_series import stem
from lptui.text import format_value, plural, sanitise
from lptui.text.secrets import mask_text

MOST_PARTS = 64
_NOT_NOW = ("changed", "vanished")
_NO_WORD = ("reader-failed", "changed", "not-read")
"""What a deep pass says that could not be made."""


def read_group(
    one: CheckpointGroup,
    main: CheckpointInfo | None,
    absolute: Callable[[str], str],
    *,
    being_written: str = "",
    usual_size: int | None = None,
    save_seconds: float | None = None,
) -> CheckpointReading:
    """`main` is what was found inside, None if nobody looked yet; a number in a file goes before the one in its name.
    `being_written` says why it counts as such, '' if it does not."""
    verdict, reason, next_step = _judge(one, main, being_written)
    step = main.step_count if main else None
    epoch, name = _count(main.epoch) if main else None, one.name
    policy = (main.policy_path if main else "") or ""
    policy_file = find_policy(policy, one.path, absolute) if policy else ""
    named = name.agent_step if name.agent_step is not None else name.global_step
    return CheckpointReading(
        name=sanitise(absolute(one.path).rpartition("/")[2]),
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
        facts=tuple(_facts(main, policy_file)) if main else (),
        framework=_framework(one, main),
        optimizer_step=_count(main.optimizer_step) if main else None,
        policy_path=mask_text(policy),
        policy_file=policy_file,
        parts=tuple(sanitise(f.path.rpartition("/")[2]) for f in one.files[:MOST_PARTS]) if name.bundle else (),
        usual_size=usual_size if being_written else None,
        save_seconds=save_seconds,
    )


def find_step_stems(looked: Iterable[tuple[CheckpointGroup, CheckpointInfo | None]]) -> frozenset[str]:
    """Series whose names look like Metta's (model_0050.pt, an epoch) and count steps, as those that were looked into
    tell: what is known of a part of a series holds for all of it, or it would seem to fall back."""
    return frozenset(
        stem(one.path)
        for one, info in looked
        if info is not None
        and one.name.epoch is not None
        and one.name.epoch == info.step_count
        and _count(info.epoch) != one.name.epoch
    )


def name_by_step(one: CheckpointGroup) -> CheckpointGroup:
    """The same with the number in its name as a step."""
    return replace(one, name=replace(one.name, epoch=None, global_step=one.name.epoch))


def _framework(one: CheckpointGroup, main: CheckpointInfo | None) -> str:
    """By what is in it, or by its name: torch alone is nobody's."""
    inside = main.framework if main is not None and main.framework != "torch" else None
    layout = one.name.layout
    return inside or ("" if layout in ("generic", "any") else layout.removesuffix("-bundle"))


def _count(reading: Reading | None) -> int | None:
    return int(reading.value) if reading is not None and abs(reading.value) < 1e18 else None


def _judge(one: CheckpointGroup, info: CheckpointInfo | None, being_written: str) -> tuple[str, str, str]:
    """(verdict, reason, next step): damage first, then what is missing, then what was found."""
    if being_written:
        return "being-written", being_written, "wait for the save to finish"
    if info is not None and info.verdict in DAMAGED:
        return info.verdict, info.reason, info.next_step
    if not one.complete:
        return "incomplete", one.reason, "do not resume from it; take the one before it"
    if info is None or info.verdict in _NOT_NOW:
        return "unread", "", ""
    if info.verdict == "ok-unverified":
        return "ok", info.reason, ""
    if info.verdict == "ok-verified":
        return "ok-verified", info.reason, ""
    return info.verdict, info.reason, info.next_step


def deepen(
    info: CheckpointInfo, files: Sequence[GroupFile], reports: Mapping[str, DeepReport | None]
) -> CheckpointInfo:
    """A deep pass over its `files` says more than the first look, unless it could not look or a file is another by
    now. One bad file is enough; good it is when all were read."""
    found = [r for f in files if (r := reports.get(f.path)) is not None and _is_of(r, f) and r.verdict not in _NO_WORD]
    bad = [r for r in found if not r.good and r.verdict != "custom-pickle"]
    if bad:
        worst = min(bad, key=lambda r: VERDICTS.index(r.verdict))
        name = f"{sanitise(worst.path.rpartition('/')[2])}: " if len(files) > 1 else ""
        read = f" ({worst.checked})" if worst.read else ""
        return replace(info, verdict=worst.verdict, reason=name + worst.reason + read, next_step=worst.next_step)
    if not found or len(found) < len(files) or info.verdict != "ok-unverified":
        return info
    verified = all(r.verdict == "ok-verified" for r in found)  # no checksum: read, not verified
    reason = f"{found[0].reason} ({found[0].checked})"
    return replace(info, verdict="ok-verified" if verified else "ok-unverified", reason=reason)


def _is_of(report: DeepReport, file: GroupFile) -> bool:
    """Whether it speaks of the file as it is now: its key holds size and mtime in ns."""
    return len(report.key) > 3 and report.key[2] == file.size and abs(report.key[3] / 1e9 - file.mtime) < 1e-3


def _facts(info: CheckpointInfo, policy_file: str) -> list[tuple[str, str]]:
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
        rows += [("policy_path", info.policy_path), ("policy file", _POLICY_FILE[policy_file])]
    rows += [("note", note) for note in info.notes[:4]]
    return [(name, mask_text(value)) for name, value in rows if value]


def _list(values: Sequence[str], limit: int) -> str:
    more = len(values) - limit
    return ", ".join(values[:limit]) + (f" and {plural(more, 'more', 'more')}" if more > 0 else "")


_POLICY_FILE: dict[str, str] = {
    "": "",
    "exists": "exists",
    "moved": "not where it says, but a file of this name is in checkpoints/",
    "elsewhere": "not on this disk: cannot be told",
    "missing": "missing: a resume from this state fails or starts a new policy",
}


def find_policy(uri: str, state: str, absolute: Callable[[str], str]) -> PolicyFile:
    """Whether the policy that a trainer state at `state` names is there: without it the run cannot resume (Metta,
    2025). PufferLib names a file beside the state."""
    scheme, separator, rest = uri.partition("://")
    if separator and scheme != "file":
        return "elsewhere"
    path = rest if separator else uri
    folder = state.rpartition("/")[0]
    beside = f"{folder}/{path}" if folder else path
    if _is_there(path if path.startswith("/") else absolute(path)) or _is_there(absolute(beside)):
        return "exists"
    moved = f"checkpoints/{path.rstrip('/').rpartition('/')[2]}"
    return "moved" if _is_there(absolute(moved)) else "missing"


def _is_there(path: str) -> bool:
    try:
        stat_file(path)
    except FileFailure:
        return False
    return True


def targets(one: CheckpointGroup) -> list[GroupFile]:
    """The files of a checkpoint that hold weights or state, first the one to load."""
    files = [f for f in one.files if f.role not in ("side", "temporary") and not f.path.endswith(".json")]
    if one.name.bundle is None:  # scheduler.pt by itself is torch's; what SB3 leaves beside a model is a bare pickle
        files += [f for f in one.files if f.role == "side" and f.path.endswith(SUFFIXES)]
    return sorted(files, key=lambda f: f.path != one.payload)


def deep_paths(one: CheckpointGroup) -> list[str]:
    """What a deep pass reads of it, relative to the run: its files; of orbax, whose chunks mean nothing alone, the
    folder."""
    return [one.path] if one.name.layout == "orbax" else [file.path for file in targets(one)]
