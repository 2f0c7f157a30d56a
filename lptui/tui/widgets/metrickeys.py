"""The keys of the metrics pane beside those of its grid."""

from __future__ import annotations

from textual.binding import Binding


def _key(key: str, action: str, word: str, name: str, tooltip: str, *, show: bool = False) -> Binding:
    return Binding(key, action, word, show=show, id=f"metrics.{name}", tooltip=tooltip)


METRIC_KEYS = [
    _key("e", "expectations", "Expected", "expectations", "What each metric should do, and does", show=True),
    _key("v", "table", "Table", "table", "The chosen family, or all metrics, as a table; or charts", show=True),
    _key("V", "families", "Families", "families", "Families of many metrics as one table each, or chart by chart"),
    _key("F", "favourite", "Favourite", "favourite", "Keep this metric near the front, or let it go"),
    _key("b", "together", "Together", "together", "Train and validation in one chart, or apart"),
    _key("u", "sections", "Sections", "sections", "Group the charts by the prefix of their names; enter folds one"),
    _key("U", "system", "System", "system", "Only metrics of the machine (GPU, CPU, memory, disk, network); or all"),
]
