"""All there is about a finding: what to do, the chain of evidence, what follows from it, its life, what it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lptui.model.finding import Evidence, Finding, Fix
from lptui.state.attempts import attempt_starts
from lptui.state.run_state import RunState
from lptui.text import plural, short_number
from lptui.text.care import history_rows, quiet_words
from lptui.text.incident import find_followers, rank_words
from lptui.text.units import date, moment
from lptui.tui.glyphs import severity_glyph
from lptui.tui.widgets.spans import Row, clean, wrap

MOST_FOLLOWERS = 12
MOST_MOMENTS = 16


def finding_rows(state: RunState, finding: Finding, width: int, *, plain: bool) -> list[Row]:
    """The whole of a finding, what the reader came for first."""
    glyph, style = severity_glyph(finding.severity, plain=plain)
    rows: list[Row] = [((f"{glyph} {finding.severity}", f"{style} bold"), ("  ", ""), (_about(finding), "dim"))]
    rows += paragraph(clean(finding.title), width, "title")
    rows += paragraph(_when(finding), width, "dim")
    if finding.past:
        rows += paragraph(f"over: {clean(finding.past_reason) or 'the run recovered'}", width, "ok")
    elif finding.acknowledged:
        words = quiet_words(state.care.get(finding.id)) or "acknowledged with the finding that it follows from"
        rows += paragraph(clean(words), width, "ok")
    if finding.fix is not None:
        rows += fix_rows(finding.fix, width)
    followers = find_followers(state.findings).get(finding.id, [])
    rows += [(), (("What was seen", "accent bold"),)]
    rows += chain_rows(finding, width, state.run.path)
    rows += _cause_rows(state, finding, width)
    rows += _follower_rows(followers, width)
    if finding.fix is not None:
        for name, text in (("Why", finding.fix.why), ("How to see that it worked", finding.fix.verify)):
            rows += [(), ((name, "accent bold"),), *paragraph(clean(text), width, "value")] if text else []
    rows += timeline_rows(state, finding, width)
    return [*rows, *class_rows(state, finding.cls, width)]


def fix_rows(fix: Fix, width: int) -> list[Row]:
    """What to do, the command that `y` copies, and how sure it is to help."""
    rows: list[Row] = [(), (("What to do", "accent bold"),), *paragraph(clean(fix.what), width, "value")]
    if fix.command:
        rows += [(), *((("  ", ""), (line, "key bold")) for line in wrap(clean(fix.command), width - 2))]
    if fix.confidence < 1:
        rows += paragraph(f"{100 * fix.confidence:.0f} % sure to help", width, "dim")
    return rows


def _when(finding: Finding) -> str:
    parts: list[str] = []
    if finding.step is not None:
        parts.append(f"at step {finding.step:,}")
    if finding.ranks:
        parts.append(rank_words(finding.ranks))
    if finding.first_seen is not None:
        parts.append(f"first seen {date(finding.first_seen)}")
    if finding.last_seen is not None and finding.last_seen != finding.first_seen:
        parts.append(f"last seen {date(finding.last_seen)}")
    if finding.count > 1:
        parts.append(f"{finding.count:,} times")
    return ", ".join(parts)


def _about(finding: Finding) -> str:
    parts = [finding.role, clean(finding.cls), f"attempt {finding.attempt}"]
    if finding.confidence < 1:
        parts.append(f"{100 * finding.confidence:.0f} % sure")
    return " · ".join(parts)


def chain_rows(finding: Finding, width: int, run: str = "") -> list[Row]:
    """The evidence, in the order in which it happened if all of it is dated. `run`: where the run lies."""
    chain = list(finding.evidence)
    if all(evidence.at is not None for evidence in chain):
        chain.sort(key=lambda evidence: evidence.at or 0.0)
    rows = [row for evidence in chain for row in evidence_rows(evidence, width, run)]
    return rows or [(("no evidence was kept", "dim"),)]


def evidence_rows(evidence: Evidence, width: int, run: str = "") -> list[Row]:
    """When and where it was seen, then the text itself."""
    place = clean(evidence.file.removeprefix(f"{run}/") if run else evidence.file)
    if evidence.line is not None:
        place += f":{evidence.line}"
    elif evidence.anchor is not None:
        place += f" at byte {evidence.anchor.offset:,}"
    parts = [moment(evidence.at) if evidence.at is not None else "", evidence.kind, place]
    parts += [f"step {short_number(evidence.step)}"] if evidence.step is not None else []
    return [
        *paragraph("  ".join(part for part in parts if part), width, "dim", 3),
        *((("  ", ""), (line, "value")) for line in wrap(clean(evidence.text), width - 2, 12)),
    ]


def _cause_rows(state: RunState, finding: Finding, width: int) -> list[Row]:
    """Of a follower: what it follows from."""
    followers = find_followers(state.findings)
    root = next((i for i, rows in followers.items() if any(f.id == finding.id for f in rows)), None)
    cause = next((f for f in state.findings if f.id == root), None)
    if cause is None:
        return []
    return [(), (("Follows from", "accent bold"),), *paragraph(clean(cause.title), width, "value")]


def _follower_rows(followers: Sequence[Finding], width: int) -> list[Row]:
    if not followers:
        return []
    rows: list[Row] = [(), (("What follows from it", "accent bold"),)]
    for follower in followers[:MOST_FOLLOWERS]:
        when = moment(follower.first_seen) if follower.first_seen is not None else ""
        lead = "  ".join(part for part in (when, follower.cls, rank_words(follower.ranks)) if part)
        rows += [*paragraph(clean(lead), width, "dim", 2)]
        rows += [(("  ", ""), (line, "value")) for line in wrap(clean(follower.title), width - 2, 3)]
        seen = follower.evidence[0].text if follower.evidence else ""
        rows += [(("    ", ""), (line, "dim")) for line in wrap(clean(seen), width - 4, 3)] if seen else []
    if len(followers) > MOST_FOLLOWERS:
        rows.append(((f"and {plural(len(followers) - MOST_FOLLOWERS, 'more')}", "dim"),))
    return rows


def timeline_rows(state: RunState, finding: Finding, width: int) -> list[Row]:
    """Attempts, when it began, what happened to it since, in the order of time."""
    moments = [(at, f"attempt {number} began") for number, at in _attempts(state)]
    if finding.first_seen is not None:
        moments.append((finding.first_seen, "it began"))
    if finding.last_seen is not None and finding.last_seen != finding.first_seen:
        moments.append((finding.last_seen, "seen last"))
    moments += [row for row in history_rows(state.care.get(finding.id)) if row != (finding.first_seen, "lptui saw it")]
    if len(moments) < 2:
        return []
    rows: list[Row] = [(), (("Timeline", "accent bold"),)]
    for at, words in sorted(moments)[-MOST_MOMENTS:]:
        rows += paragraph(f"{moment(at)}  {clean(words)}", width, "value", 2)
    return rows


def _attempts(state: RunState) -> Iterable[tuple[int, float]]:
    starts = attempt_starts(state)
    if len(starts) < 2:
        return []
    return [(number, start.at) for number, start in enumerate(starts, 1) if start.at is not None]


def class_rows(state: RunState, cls: str, width: int) -> list[Row]:
    """What the class means in general, and where its framework's documentation speaks of it."""
    from lptui.detect.catalogue import load_catalogue  # the engine has loaded it by now

    entry = load_catalogue(state.rules).find(cls)
    if entry is None:
        return []
    rows: list[Row] = [(), (("What it means", "accent bold"),), *paragraph(clean(entry.meaning), width, "value")]
    if entry.links:
        rows += [(), (("Read more", "accent bold"),)]
        rows += [((line, "key"),) for link in entry.links for line in wrap(clean(link), width, 3)]
    return [*rows, *paragraph(f"lptui explain {clean(cls)}", width, "dim")]


def paragraph(text: str, width: int, style: str, limit: int = 40) -> list[Row]:
    """`text` wrapped, in one style."""
    return [((line, style),) for line in wrap(text, width, limit)] if text else []
