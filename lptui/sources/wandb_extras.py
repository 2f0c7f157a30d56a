"""What a `.wandb` file says beside its rows: settings as they change, a summary of values that no row has, alerts."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from lptui.formats.latest import Latest
from lptui.formats.wandb import Alert, ConfigUpdate, HistoryRow, Record, RunStart, decode, decode_summary
from lptui.model.events import AlertSeen, ConfigSeen, Event, Points
from lptui.model.place import Place
from lptui.text.secrets import mask_rows

_HIDDEN = ("_wandb", "_step", "_runtime", "_timestamp")
_SHORT = 4096
"""A summary of at most so many bytes is read: with each row the SDK repeats the whole row as one."""


class Extras:
    """Collects them over the pieces of one file, which are read in any order."""

    def __init__(self, path: str, *, use_config: bool) -> None:
        self.path, self.place = path, Place(file=path)
        self._use_config = use_config
        self._settings: Latest[str] = Latest()
        self._summary: Latest[float] = Latest()
        self._rows: set[str] = set()
        self._told: dict[str, float] = {}
        self._ended = False

    def note_rows(self, keys: Iterable[str]) -> None:
        """Names that rows have: what a summary says of them is their last value again."""
        self._rows.update(keys)

    def note_summary(self, payload: bytes, order: float) -> None:
        """A summary record; whatever else it is is left alone."""
        if len(payload) <= _SHORT and b"_step" not in payload and b"_runtime" not in payload:
            self._summary.put(order, decode_summary(payload) or ())

    def note_end(self, summary: bytes, order: float, *, ended: bool) -> None:
        """The last summary of a run that has `ended`, even if it repeats a row: SDKs up to 0.18 write no other one."""
        self._ended = self._ended or ended
        if self._ended and summary:
            self._summary.put(order, decode_summary(summary) or ())

    def tell_settings(self, records: Iterable[Record], order: float, now: float) -> Iterator[Event]:
        """All settings, if the records of one piece change any."""
        changed = False
        for record in records:
            if isinstance(record, RunStart):
                changed |= self._settings.put(order, record.config)
            elif isinstance(record, ConfigUpdate):
                changed |= self._settings.put(order, record.items)
                changed |= self._settings.put(order, ((name, None) for name in record.removed))
        if changed and self._use_config:
            rows = mask_rows(self._settings.items())
            yield ConfigSeen(place=self.place, seen_at=now, path=self.path, rows=rows)

    def tell_alert(self, alert: Alert, row: bytes, now: float) -> AlertSeen:
        """An alert, which has no time of its own: it has that of the row before it."""
        before = decode(row) if row else None
        step, at = (before.step, before.timestamp) if isinstance(before, HistoryRow) else (None, None)
        return AlertSeen(
            place=self.place,
            seen_at=now,
            source="W&B",
            step=step,
            title=alert.title,
            text=alert.text,
            level=alert.level,
            at=at,
        )

    def summary(self, at: float | None) -> list[Points]:
        """Values that only the summary has and that are new, as one point each; `at` is the newest time (unix s)."""
        fresh: list[Points] = []
        for name, value in self._summary.items():
            hidden = name in self._rows or name.startswith(_HIDDEN) or _strip(name) in self._rows
            if hidden or self._told.get(name) == value:
                continue
            self._told[name] = value
            when = float("nan") if at is None else at
            fresh.append(Points(f"summary/{name}", array("d", [float("nan")]), array("d", [when]), array("d", [value])))
        return fresh


def _strip(name: str) -> str:
    """A metric that `define_metric` summarises is in the summary as NAME.max or the like: its own chart says more."""
    return name.rpartition(".")[0] if name.endswith((".max", ".min", ".mean", ".last", ".best")) else name
