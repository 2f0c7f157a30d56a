"""Where rules of the user's own lie: `failures/*.yaml` in the config folder, and the key `failures` of settings files.

A project file may come with a cloned repository. Its rules may say what a line means, but not what to type: the
commands of their fixes are left out. What the user wrote has the last word.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from lptui.config.folders import config_folder
from lptui.config.settings import MAX_BYTES, RULES, project_file, user_file
from lptui.files import FileFailure, list_folder, open_file
from lptui.model.value import frozen

FOLDER = "failures"
MOST_FILES = 64


@frozen
class RuleFile:
    """A YAML file with entries of the failure catalogue: a list, or the list under `key` of a mapping."""

    path: str
    key: str = ""
    trusted: bool = True
    """Whether it is the user's own: only then are the commands of its fixes offered."""


def find_rule_files(env: Mapping[str, str], here: str, run: str = "") -> tuple[RuleFile, ...]:
    """All of them; of two rules with one id the later counts. Nothing is parsed yet."""
    project = project_file(os.path.abspath(here), run)
    own = user_file(env)
    found = [RuleFile(project, RULES, trusted=False)] if project and _speaks_of_rules(project) else []
    found += [RuleFile(own, RULES)] if _speaks_of_rules(own) else []
    return (*found, *(RuleFile(path) for path in rules_in(os.path.join(config_folder(env), FOLDER))))


def rules_in(folder: str) -> list[str]:
    """The YAML files of a folder, by name."""
    try:
        entries = list_folder(folder)
    except FileFailure:
        return []
    return sorted(e.path for e in entries if e.stat.is_file and e.name.endswith((".yaml", ".yml")))[:MOST_FILES]


def _speaks_of_rules(path: str) -> bool:
    """Whether it is worth the import of YAML."""
    try:
        handle = open_file(path)
    except FileFailure:
        return False
    try:
        return RULES.encode() in handle.pread(0, MAX_BYTES + 1)
    except FileFailure:
        return False
    finally:
        handle.close()
