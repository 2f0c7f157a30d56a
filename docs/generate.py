"""Write the pages that are made from the code: python docs/generate.py [keys] [failures] [expectations] [--check].

keys.md comes from the bindings of the screen and its panes, failures.md from the failure catalogue and
expectations.md from the profiles. --check writes nothing and ends with 1 if a page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

MADE_BY = "<!-- made by `python docs/generate.py {}`; change the code, not this page -->"

KEYS_INTRO = """# Keys

Every binding has an id. To give it other keys, set `keys` in `~/.config/lptui/config.yaml`, in `lptui.yaml` of the
project, or on the command line; several keys are joined by a comma, and keys are spelt as Textual spells them
(`question_mark`, `ctrl+f`, `f2`):

    keys:
      theme: T
      finding.next: n,f8

    lptui attach RUN --set keys.theme=T

`?` shows the keys as they are bound now. A pane's own keys work while the pane has the focus, and come before
those that work in every pane: after a search, `n` in the log goes to the next match, not to the next finding.
Numbers jump to panes, and to a pane that the layout has no place for as well."""

FAILURES_INTRO = """# Failures that lptui knows

Each class is an entry in `lptui/knowledge/failures/*.yaml`, with examples and counter-examples that the tests run.
[writing-a-rule.md](writing-a-rule.md) says how to add one; `lptui explain ID` prints one in a terminal.

- **error**, **warning**, **info**: how bad it is. `lptui check` ends with 1 on an active error.
- **root**: a cause. **symptom**: something is wrong, its cause lies elsewhere. **follow-up**: the consequence of
  another failure, listed below it.
- **ends the run**: taken for the end of the run unless training goes on after it.
- Of the fixes the first is shown of which everything in `{{braces}}` is known: a name is what the line itself said,
  `{{config:key}}` a value of the run's configuration, `{{half:key}}` and `{{double:key}}` half and twice of it. What
  comes from a run enters a command only quoted.

Most are read from log lines. Those that no line tells are [at the end](#seen-by-watching): metrics, checkpoints,
attempts. *Seen by* says so where a class is found in both ways.

{count} classes:

{contents}"""

EXPECTATIONS_INTRO = """# What is expected of metrics

A profile says what the metrics of one kind of training should do. It applies when the run has a metric that matches one
of its globs; of several rules that match a metric the first one counts, your own before those that ship.

Every metric with an expectation is **ok**, **watch** (look at it), **violated**, **no data** (too few values) or
**no signal** (it reads the same in a healthy and in a dead run). The metrics pane marks what is violated and shows it
first; `e` lists all with evidence and what to do; `lptui check --json` has them under `expectations`. Only findings
make the exit code: an expectation is a hint, and a finding of one of its classes violates it. A finding counts for
the metrics it was seen in, and for another kind of metric whose rule names its class; never for another one of the same kind,
and NaN for nothing but what is NaN.

Judged are medians: ten windows over the whole series for a course, the newest {newest} values for a bound; so a spike
decides nothing. Fewer than {least} values give no course.

## Your own

A file `profiles/NAME.yaml` in the config folder (`~/.config/lptui`, or `$LPTUI_HOME`):

```yaml
id: my-lab
title: 'Our robot arm'
applies: ['arm/*']
expectations:
  - keys: ['arm/success']
    should: increase          # increase, decrease, stable, around, between, above, below, finite, schedule, no-signal
    findings: [reward-collapse]
    means: 'Share of grasps that held.'
    todo: 'Look at the camera calibration first.'
  - keys: ['arm/force']
    should: between           # around needs target (and within, a share), above low, below high
    low: 0
    high: 40
    means: 'Newton.'
    todo: 'Stop the arm.'
```

`magnitude: true` judges the absolute value; `excused_by` names a metric which, while above `excused_above`, makes a
wrong course no fault. A broken entry is told in the sources with file, entry and reason, and the rest is used.

{profiles}"""


def keys_page() -> str:
    """docs/keys.md: all bindings, pane by pane."""
    from textual.binding import Binding

    from lptui.tui.app import LptuiApp
    from lptui.tui.panes import PANES, load_pane
    from lptui.tui.screens.checkpoint import CheckpointScreen
    from lptui.tui.screens.detail import DetailScreen
    from lptui.tui.screens.differences import DifferencesScreen
    from lptui.tui.screens.help import HelpScreen
    from lptui.tui.screens.run import RunScreen
    from lptui.tui.screens.runs import RunsScreen
    from lptui.tui.screens.snooze import SnoozeScreen
    from lptui.tui.widgets.rows import RowsView

    def own(node: type) -> list[Binding]:
        return [b for b in Binding.make_bindings(vars(node).get("BINDINGS", ())) if b.id]

    parts = [MADE_BY.format("keys"), KEYS_INTRO]
    parts.append(_keys_table("Everywhere", own(LptuiApp)))
    parts.append(_keys_table("In every pane", own(RunScreen)))
    for pane_id, _, _ in PANES:
        pane = load_pane(pane_id)
        parts_of = (*vars(pane).values(), getattr(pane, "view", None))
        views = {type(part): None for part in parts_of if type(part).__module__.startswith("lptui.")}
        mine = [b for node in (type(pane), *views) if node is not RowsView for b in own(node)]
        lists = RowsView in views
        parts.append(_keys_table(pane.title, mine, "The keys of [lists](#lists)." if lists else ""))
    parts.append(_keys_table("Runs", own(RunsScreen), "`R`, or `lptui runs`; the keys of [lists](#lists) move."))
    parts.append(_keys_table("Configurations compared", own(DifferencesScreen), "The keys of [lists](#lists) scroll."))
    parts.append(_keys_table("Lists", own(RowsView)))
    parts.append(_keys_table("Checkpoint browser", own(CheckpointScreen), "The keys of [lists](#lists) move."))
    parts.append(_keys_table("Detail window", own(DetailScreen), "The keys of [lists](#lists) scroll."))
    parts.append(_keys_table("Menu of silence", own(SnoozeScreen), "`s` opens it; the keys of [lists](#lists) move."))
    parts.append(_keys_table("Help window", own(HelpScreen), "The keys of [lists](#lists) scroll."))
    parts.append(
        "## Search and filter lines\n\n`enter` takes the text and goes back to the pane, `esc` closes the line and "
        "forgets the text. While such a line has the focus, letters and digits are typed into it."
    )
    return "\n\n".join(parts) + "\n"


def _keys_table(title: str, bindings: Iterable[object], note: str = "") -> str:
    from lptui.tui.bindings import grouped

    rows = grouped(bindings)  # type: ignore[arg-type]  they are Bindings; the import waits for Textual
    lines = [f"## {title}", ""]
    lines += [note, ""] if note else []
    if rows:
        lines += ["| keys | what | id |", "|---|---|---|"]
        for keys, binding in rows:
            shown = " ".join(f"`{key}`" for key in keys.split(" ")).replace("|", "\\|")  # else it ends the cell
            lines.append(f"| {shown} | {_text(binding.tooltip)} | `{binding.id}` |")
    return "\n".join(lines).rstrip()


def failures_page() -> str:
    """docs/failures.md: the catalogue, one class after the other, grouped by its files."""
    from lptui.cli.explanation import GROUPS, group_of
    from lptui.detect.catalogue import load_catalogue

    catalogue = load_catalogue()
    entries = [*catalogue.entries.values(), *catalogue.observed.values()]
    groups: dict[str, list[object]] = {}
    for entry in entries:
        groups.setdefault(group_of(entry), []).append(entry)
    order = [group for group in GROUPS.values() if group in groups]
    contents = "\n".join(f"- [{group}](#{_anchor(group)}): {len(groups[group])}" for group in order)
    parts = [MADE_BY.format("failures"), FAILURES_INTRO.format(count=len(entries), contents=contents)]
    for group in order:
        parts.append(f"## {group}")
        parts += [_failure(entry) for entry in sorted(groups[group], key=lambda e: e.id)]  # type: ignore[attr-defined]
    return "\n\n".join(parts) + "\n"


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _failure(entry: object) -> str:
    from lptui.detect.catalogue import Entry

    assert isinstance(entry, Entry)
    facts = [entry.severity, entry.role, *(["ends the run"] if entry.fatal else [])]
    lines = [f"### {entry.id}", "", f"**{_text(entry.title)}** ({', '.join(facts)})", "", _text(entry.meaning), ""]
    lines += [f"*Seen by* {_text(entry.seen_by)}.", ""] if entry.seen_by else []
    shown: set[str] = set()
    for fix in entry.fixes:
        lines.append(f"- {_text(fix.what)}")
        for word, text in (("Why:", fix.why), ("It worked when:", fix.verify)):
            if text and text not in shown:  # variants of one fix share the rest
                lines.append(f"  *{word}* {_text(text)}")
        if fix.command and fix.command not in shown:
            lines += ["", *(f"      {line}" for line in fix.command.strip().splitlines()), ""]
        shown |= {fix.why, fix.verify, fix.command}
    related = [
        (word, ", ".join(f"[{i}](#{i})" if i != "*" else "any other failure" for i in sorted(ids)))
        for word, ids in (("Follows", entry.follows), ("Gives way to", entry.yields_to))
        if ids
    ]
    lines += ["", *(f"{word}: {ids}." for word, ids in related)] if related else []
    if entry.links:
        lines += ["", "See " + ", ".join(f"<{link}>" for link in entry.links)]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip()


def _text(text: str) -> str:
    """One line of Markdown that shows `text` as it is, but for what stands in `backticks`."""
    pieces = " ".join(text.split()).split("`")
    if len(pieces) % 2 == 0:
        return re.sub(r"([\\`*<>\[\]|]|\b_|_\b)", r"\\\1", "`".join(pieces))
    return "`".join(re.sub(r"([\\*<>\[\]|]|\b_|_\b)", r"\\\1", p) if not i % 2 else p for i, p in enumerate(pieces))


def expectations_page() -> str:
    """docs/expectations.md: the profiles, rule by rule, with what the users' guide said."""
    from lptui.config.profiles import find_profile_files, read_profile_files
    from lptui.expectations.behaviour import LEAST
    from lptui.expectations.judgement import NEWEST, describe
    from lptui.expectations.reading import read_profile

    files, _ = read_profile_files(find_profile_files({"LPTUI_HOME": "/nonexistent"}))
    parts: list[str] = []
    for path, data in files:
        profile, _ = read_profile(data, path)
        assert profile is not None
        where = ", ".join(f"`{glob}`" for glob in profile.applies)
        lines = [f"## {profile.title}", "", f"`{profile.id}`: runs with a metric like {where}", ""]
        if profile.unless:
            lines[-2] += "; not with " + ", ".join(f"`{glob}`" for glob in profile.unless)
        lines += ["| metric | should | what it is | if not |", "|---|---|---|---|"]
        for rule in profile.expectations:
            keys = " ".join(f"`{key}`" for key in rule.keys)
            guide = f" *The guide: {_text(rule.guide)}*" if rule.guide else ""
            lines.append(f"| {keys} | {describe(rule)} | {_text(rule.means)}{guide} | {_text(rule.todo)} |")
        parts.append("\n".join(lines))
    intro = EXPECTATIONS_INTRO.format(newest=NEWEST, least=LEAST, profiles="\n\n".join(parts))
    return MADE_BY.format("expectations") + "\n\n" + intro + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "keys": keys_page,
    "failures": failures_page,
    "expectations": expectations_page,
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pages", nargs="*", choices=[*PAGES, []], help="all of them if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a page is out of date")
    args = parser.parse_args(argv)
    stale = []
    for name in args.pages or PAGES:
        path = HERE / f"{name}.md"
        text = PAGES[name]()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not args.check:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"docs/{name}: {'out of date' if args.check else 'written'}\n")
    return 1 if args.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
