"""What a checkpoint holds beside its tensors: counters, learning rates, scalars, what its pickle imports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lptui.checkpoints.contents import Contents, Measured
from lptui.checkpoints.info import CheckpointInfo, Reading
from lptui.model.readings import CheckpointReading
from lptui.run.readiness import Readiness
from lptui.text import format_value, plural, short_bytes, short_duration
from lptui.text.secrets import mask_text
from lptui.text.units import date
from lptui.tui.glyphs import level_glyph
from lptui.tui.verdicts import verdict_word
from lptui.tui.widgets.spans import Row, clean, wrap

MOST_NAMES = 400
_KINDS = {
    "dangerous": ("bad", "dangerous", "loading the file with weights_only=False would run it"),
    "unknown": (
        "watch",
        "unknown",
        "a class of the training's own code, or worse: look before you load the file",
    ),
    "known": ("watch", "known", "harmless as far as is known; needs weights_only=False or add_safe_globals"),
    "plain": ("ok", "plain", "what weights_only=True takes"),
}


def content_rows(
    reading: CheckpointReading | None,
    contents: Contents | None,
    measured: Measured | None,
    width: int,
    *,
    plain: bool,
    ready: Readiness | None = None,
) -> list[Row]:
    """All that is known but the tensors, in sections; `ready`: what the run would go on from."""
    rows: list[Row] = []
    if reading is not None:
        rows += _section("Checkpoint", _listed(reading), width)
    if ready is not None:
        rows += _section("Resuming the run", _resuming(ready), width)
    if contents is None:
        return [*rows, (), (("looking inside …", "dim"),)]
    several = len(contents.infos) > 1
    for info in contents.infos:
        name = clean(info.path.rpartition("/")[2])
        rows += _section(f"File {name}" if several else "File", _of_file(info), width)
        rows += _section("How far the training was", _progress(info), width)
        rows += _section("Numbers in it", [(clean(s.name), _amount(s)) for s in info.scalars], width)
        rows += global_rows(info, width, plain=plain)
    if measured is not None:
        deep = [(clean(r.path.rpartition("/")[2]), clean(r.checked)) for r in measured.reports]
        rows += _section("The deep pass", deep, width)
    return rows


def _section(title: str, facts: Iterable[tuple[str, str]], width: int) -> list[Row]:
    told = [(name, value) for name, value in facts if value]
    if not told:
        return []
    column = min(26, max(len(name) for name, _ in told) + 2)
    rows: list[Row] = [(), ((title, "accent bold"),)]
    for name, value in told:
        for i, line in enumerate(wrap(value, max(10, width - column), 20)):
            rows.append(((f"{name if not i else '':<{column}}"[:column], "key"), (line, "value")))
    return rows


def _listed(reading: CheckpointReading) -> Iterator[tuple[str, str]]:
    yield "name", clean(reading.name)
    yield "path", clean(reading.path)
    yield "role", clean(reading.role)
    yield "written", date(reading.modified_at)
    yield "took", "" if reading.save_seconds is None else f"{short_duration(reading.save_seconds)} to save"
    yield "size", f"{short_bytes(reading.size)} in {plural(reading.files, 'file')}"
    yield "verdict", f"{verdict_word(reading.verdict, complete=reading.complete)[1]} ({clean(reading.verdict)})"
    yield "policy file", dict(reading.facts).get("policy file", "")


def _resuming(ready: Readiness) -> Iterator[tuple[str, str]]:
    but = "but " if ready.answer == "no" else ""
    yield "answer", ready.answer + (f", {but}from {clean(ready.loaded.name)}" if ready.loaded is not None else "")
    yield "because", mask_text(clean(ready.reason))
    yield "rule", clean(ready.rule)
    yield "next", clean(ready.next_step)
    yield "command", clean(ready.command)
    yield "note", clean(ready.note)


def _of_file(info: CheckpointInfo) -> list[tuple[str, str]]:
    kept = info.allocated is not None and info.size is not None and info.allocated + 4096 < info.size
    missing = info.expected_size is not None and info.size is not None and info.expected_size != info.size
    return [
        ("format", clean(info.format)),
        ("framework", clean(info.framework or "")),
        ("size", "" if info.size is None else f"{info.size:,} B"),
        ("on disk", f"{info.allocated:,} B: a part was never written" if kept else ""),
        ("should be", f"{info.expected_size:,} B" if missing else ""),
        ("checksums", {True: "one a tensor", False: "none in this format", None: ""}[info.has_crc]),
        ("content id", clean(info.serialization_id or "")),
        ("parameters", "" if info.n_params is None else f"{info.n_params:,}"),
        ("tensors", "" if info.n_tensors is None else f"{info.n_tensors:,}"),
        ("dtypes", ", ".join(f"{clean(name)} {count:,}" for name, count in info.dtypes)),
        ("bytes", ", ".join(f"{clean(name)} {short_bytes(n)}" for name, n in info.bytes_by_group)),
        ("keys", ", ".join(clean(key) for key in info.keys[:60]) + (" …" if len(info.keys) > 60 else "")),
        *(("note", mask_text(clean(note))) for note in info.notes),
    ]


def _progress(info: CheckpointInfo) -> Iterator[tuple[str, str]]:
    counters = (info.epoch, info.agent_step, info.global_step, info.step)
    for reading in (*counters, info.optimizer_step, info.schedule_step):
        if reading is not None:
            yield clean(reading.name), f"{_amount(reading)}   ({clean(reading.source)})"
    rates = [format_value(rate) for rate in info.learning_rates]
    yield "learning rate", ", ".join(rates[:12]) + (" …" if len(rates) > 12 else "")
    optimizer = dict(info.bytes_by_group).get("optimizer", 0)
    if info.n_tensors:
        yield "optimizer state", short_bytes(optimizer) if optimizer else "none in this file"
    yield "policy path", mask_text(clean(info.policy_path or ""))


def _amount(reading: Reading) -> str:
    value = reading.value
    return f"{value:,.0f}" if float(value).is_integer() else format_value(value)


def global_rows(info: CheckpointInfo, width: int, *, plain: bool) -> list[Row]:
    """What the pickle imports, worst first, with what that means."""
    if not info.globals:
        return []
    rows: list[Row] = [(), (("What its pickle imports (nothing of it was run)", "accent bold"),)]
    for kind, (level, word, meaning) in _KINDS.items():
        names = [clean(g.name) for g in info.globals if g.kind == kind]
        if not names:
            continue
        glyph, style = level_glyph(level, plain=plain)
        rows += [
            ((line, style if not i else "dim"),) for i, line in enumerate(wrap(f"{glyph} {word}: {meaning}", width))
        ]
        rows += [(("  ", ""), (line, "value")) for line in wrap(", ".join(names[:MOST_NAMES]), width - 2, 40)]
        if len(names) > MOST_NAMES:
            rows.append(((f"  and {plural(len(names) - MOST_NAMES, 'more', 'more')}", "dim"),))
    return rows
