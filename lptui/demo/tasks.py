"""The twelve arena tasks of the demo: one gridworld family, from easy and shaped to sparse and hostile."""

from __future__ import annotations

from dataclasses import dataclass

GRID = 7
ID_PREFIX = "/env/mettagrid/arena/"


@dataclass(frozen=True, slots=True)
class Task:
    """Visit `stations` (row, column) in order and use each, within `horizon` steps.

    shaping: share of the episode's reward (at most 1 in all) given for coming nearer; the rest is for the
    end. raid: chance a step that a raider shows up, who takes one stage of cargo unless struck at once.
    slip: chance a step that the action is replaced by a random one.
    """

    name: str
    stations: tuple[tuple[int, int], ...]
    horizon: int
    shaping: float
    raid: float = 0.0
    slip: float = 0.0

    @property
    def id(self) -> str:
        """The id as a Metta config path."""
        return ID_PREFIX + self.name


_MINE, _FORGE, _ALTAR, _LAB = (3, 5), (1, 1), (5, 2), (0, 6)

TASKS: tuple[Task, ...] = (
    Task("basic_easy_shaped", (_MINE, _ALTAR), 24, 0.8),
    Task("basic_easy", (_MINE, _ALTAR), 24, 0.4),
    Task("basic", (_MINE, _FORGE, _ALTAR), 28, 0.25, slip=0.05),
    Task("basic_poor", (_MINE, _FORGE, _ALTAR), 22, 0.1, slip=0.1),
    Task("combat_easy_shaped", (_MINE, _ALTAR), 28, 0.8, raid=0.15),
    Task("combat_easy", (_MINE, _ALTAR), 28, 0.4, raid=0.15),
    Task("combat", (_MINE, _FORGE, _ALTAR), 34, 0.25, raid=0.2, slip=0.05),
    Task("combat_poor", (_MINE, _FORGE, _ALTAR), 26, 0.1, raid=0.25, slip=0.1),
    Task("advanced_easy_shaped", (_MINE, _FORGE, _LAB, _ALTAR), 40, 0.8),
    Task("advanced_easy", (_MINE, _FORGE, _LAB, _ALTAR), 40, 0.4),
    Task("advanced", (_MINE, _FORGE, _LAB, _ALTAR), 40, 0.25, raid=0.1, slip=0.05),
    Task("advanced_poor", (_MINE, _FORGE, _LAB, _ALTAR), 34, 0.1, raid=0.15, slip=0.1),
)


def short_label(task_id: str) -> str:
    """A task's name in per-task metric keys: `basic_easy:sample(0)`."""
    return task_id.rpartition("/")[2] + ":sample(0)"
