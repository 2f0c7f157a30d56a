"""A checkpoint info while it is being made: what is known so far, and the worst thing said of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lptui.checkpoints.globals import classify_all
from lptui.checkpoints.info import NEXT_STEPS, VERDICTS, CheckpointInfo, GlobalName, Reading, TensorEntry
from lptui.checkpoints.pickles import PickleReading
from lptui.checkpoints.probe import Probe
from lptui.checkpoints.stubs import Label
from lptui.checkpoints.walk import MAX_TENSORS, Contents, add_number, walk


@dataclass(slots=True)
class Draft:
    """Mutable only inside one inspection."""

    path: str
    probe: Probe | None = None
    format: str = "unknown"
    contents: Contents = field(default_factory=Contents)
    globals: tuple[GlobalName, ...] = ()
    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    expected_size: int | None = None
    has_crc: bool | None = None
    serialization_id: str | None = None
    listed: bool = False
    inner: dict[str, Draft] = field(default_factory=dict[str, "Draft"])
    """Of an archive that holds archives: each by the name of its record."""
    starts: list[int] = field(default_factory=list[int])
    """Where each tensor begins, for formats that do not lay them end to end."""

    def blame(self, verdict: str, reason: str) -> None:
        """Something is wrong; the worst by the order of VERDICTS wins in the end."""
        self.problems.append((verdict, reason))

    def take_pickle(self, reading: PickleReading, checksums: Mapping[str, int] | None = None) -> None:
        """Tensors, scalars and names of one pickle; `checksums` of the storages, by key, where the file has them."""
        self.take_labels(reading.labels, reading.reaches_out)
        self.take_tree(reading.value, "scalar", checksums)

    def take_labels(self, labels: Iterable[Label], reaches_out: bool) -> None:
        """Names that a pickle imports, also of one that breaks off behind them."""
        self.globals = classify_all(labels, reaches_out)
        dangerous = [g.name for g in self.globals if g.kind == "dangerous"]
        if dangerous:
            self.blame("unsafe-pickle", f"loading it would run {_some(dangerous)}")

    def take_tree(self, tree: object, source: str, checksums: Mapping[str, int] | None = None) -> None:
        """All that is in one tree of plain values and stubs."""
        self.contents = walk(tree, source, checksums or {})
        self.listed = True
        if self.contents.outside is not None:
            self.blame("mismatch", f"tensor {self.contents.outside} needs more bytes than its storage has")

    def take_tensor(self, tensor: TensorEntry, count: int) -> None:
        """One tensor of `count` numbers that the file lists by itself."""
        found = self.contents
        found.n_tensors += 1
        found.n_params += count if tensor.group == "model" else 0
        found.dtypes[tensor.dtype] = found.dtypes.get(tensor.dtype, 0) + 1
        found.groups[tensor.group] = found.groups.get(tensor.group, 0) + tensor.nbytes
        if len(found.tensors) < MAX_TENSORS:
            found.tensors.append(tensor)

    def take_number(self, key: str, value: float) -> None:
        """A plain number at the root of the file."""
        add_number(self.contents, key, value)

    def note_custom(self) -> None:
        """A pickle with classes beyond weights_only: honest in many trainers, and worth a word."""
        custom = [g.name for g in self.globals if g.kind in ("unknown", "known")]
        if custom:
            self.blame("custom-pickle", f"it also holds objects of {_some(custom)}")

    def finish(self, framework: str | None) -> CheckpointInfo:
        """The frozen value."""
        verdict, reason = self._verdict()
        probe, found = self.probe, self.contents
        counters = dict(found.counters)
        for name, text in self.metadata.items():
            if name in ("epoch", "agent_step", "global_step", "step") and text.isdecimal() and len(text) < 19:
                counters.setdefault(name, Reading(name, int(text), f"json: __metadata__.{name}"))
        return CheckpointInfo(
            path=self.path,
            verdict=verdict,
            reason=reason,
            next_step=NEXT_STEPS[verdict],
            format=self.format,
            framework=framework,
            key=probe.key if probe else (),
            size=probe.size if probe else None,
            allocated=probe.allocated if probe else None,
            expected_size=self.expected_size,
            epoch=counters.get("epoch"),
            agent_step=counters.get("agent_step"),
            global_step=counters.get("global_step"),
            step=counters.get("step"),
            optimizer_step=counters.get("optimizer_step"),
            schedule_step=counters.get("schedule_step"),
            learning_rates=tuple(found.learning_rates),
            policy_path=found.policy_path,
            keys=found.keys,
            n_tensors=found.n_tensors if self.listed else None,
            n_params=found.n_params if "model" in found.groups else None,
            dtypes=tuple(sorted(found.dtypes.items())),
            bytes_by_group=tuple(sorted(found.groups.items())),
            tensors=tuple(found.tensors),
            globals=self.globals,
            scalars=tuple(found.scalars),
            has_crc=self.has_crc,
            serialization_id=self.serialization_id,
            notes=tuple(self.notes),
        )

    def _verdict(self) -> tuple[str, str]:
        if self.problems:
            return min(self.problems, key=lambda problem: VERDICTS.index(problem[0]))
        if self.has_crc:
            return (
                "ok-unverified",
                "the index and all sizes agree; the tensor bytes were not compared with their checksums",
            )
        return (
            "ok-unverified",
            "the index and all sizes agree; this format has no checksum of the tensor bytes",
        )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
