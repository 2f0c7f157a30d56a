"""Configuration that its trainer will refuse, or accept and regret: Metta's own arithmetic (metta.md 6.4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lptui.detect import Detector
from lptui.model.events import ConfigSeen, Event
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.value import frozen
from lptui.state.run_state import RunState


@frozen
class Memory:
    raised: tuple[str, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Every rule that the configuration breaks."""
    findings = check_config(dict(state.config), state.config_path)
    raised = tuple(f.id for f in findings)
    gone = [Change.cleared(i) for i in memory.raised if i not in raised]
    return Memory(raised), [*gone, *(Change.raised(f) for f in findings)]


def check_config(rows: Mapping[str, str], path: str) -> list[Finding]:
    """What is wrong in dotted `rows`; only keys that are there are judged."""
    number = {k: v for k, text in rows.items() if (v := _to_number(text)) is not None}
    found: list[Finding] = []

    def tell(key: str, title: str, what: str, command: str = "", severity: str = "warning") -> None:
        found.append(
            Finding(
                id=f"config-error:{key}",
                cls="config-error",
                severity="error" if severity == "error" else "warning",
                title=title,
                evidence=(Evidence(f"{key} = {rows.get(key, '?')}", kind="file", file=path),),
                fix=Fix(what, "its trainer checks this at start", command),
            )
        )

    _check_batch(number, tell)
    _check_intervals(number, tell)
    _check_curriculum(number, tell)
    return found


def _check_batch(number: Mapping[str, float], tell: _Tell) -> None:
    batch, mini = number.get("trainer.batch_size"), number.get("trainer.minibatch_size")
    horizon = number.get("trainer.bptt_horizon")
    if batch and mini and mini > batch:
        fix = f"trainer.minibatch_size={batch:.0f}"
        tell("trainer.minibatch_size", "minibatch_size must be <= batch_size", f"set {fix}", fix)
    elif batch and mini and batch % mini:
        fix = f"trainer.minibatch_size={_largest_divisor(int(batch), int(mini), int(horizon or 1))}"
        tell("trainer.minibatch_size", "batch_size must be divisible by minibatch_size", f"set {fix}", fix)
    if mini and horizon and mini % horizon:
        tell(
            "trainer.bptt_horizon",
            f"minibatch_size {mini:.0f} must be divisible by bptt_horizon {horizon:.0f}",
            "choose a horizon that divides minibatch_size",
        )


def _largest_divisor(batch: int, below: int, multiple: int) -> int:
    """The largest divisor of `batch` up to `below` that is a multiple of `multiple`; `batch` if there is none."""
    divisors = {d for i in range(1, int(batch**0.5) + 1) if batch % i == 0 for d in (i, batch // i)}
    return max((d for d in divisors if d <= below and d % max(1, multiple) == 0), default=batch)


def _check_intervals(number: Mapping[str, float], tell: _Tell) -> None:
    saved = number.get("trainer.checkpoint.checkpoint_interval")
    evaluated = number.get("trainer.simulation.evaluate_interval")
    uploaded = number.get("trainer.checkpoint.wandb_checkpoint_interval")
    if saved and evaluated and 0 < evaluated < saved:
        tell(
            "trainer.simulation.evaluate_interval",
            "evaluate_interval must be at least as large as checkpoint_interval",
            f"set it to {saved:.0f} or more, or to 0",
            f"trainer.simulation.evaluate_interval={saved:.0f}",
        )
    if saved and uploaded and 0 < uploaded < saved:
        tell(
            "trainer.checkpoint.wandb_checkpoint_interval",
            "wandb_checkpoint_interval must be at least as large as checkpoint_interval",
            f"set it to {saved:.0f} or more, or to 0",
            f"trainer.checkpoint.wandb_checkpoint_interval={saved:.0f}",
        )
    total, batch = number.get("trainer.total_timesteps"), number.get("trainer.batch_size")
    if total and batch and saved and total < batch * saved:
        epochs = total / batch
        tell(
            "trainer.checkpoint.checkpoint_interval",
            f"the run ends after {epochs:.0f} epochs, before its first checkpoint (every {saved:.0f})",
            f"set it to {max(1, int(epochs // 4))}, or a crash loses everything",
            f"trainer.checkpoint.checkpoint_interval={max(1, int(epochs // 4))}",
        )


def _check_curriculum(number: Mapping[str, float], tell: _Tell) -> None:
    for key, value in number.items():
        if key.endswith("ema_timescale") and not 0 < value < 1:
            tell(key, f"ema_timescale {value:g} must lie between 0 and 1", "0.001 is the default; 0.01 adapts faster")
        elif key.endswith("progress_smoothing") and not 0 < value < 0.5:
            tell(key, f"progress_smoothing {value:g} must lie between 0 and 0.5", "0.05 is the default")
    memory = next((v for k, v in number.items() if k.endswith("curriculum.memory")), None)
    threshold = next((v for k, v in number.items() if k.endswith("curriculum.sample_threshold")), None)
    if memory and threshold and memory < threshold:
        tell(
            "curriculum.memory",
            f"memory {memory:.0f} is below sample_threshold {threshold:.0f}: outcomes are forgotten unused",
            "set memory to sample_threshold or more (default 25 and 10)",
        )


class _Tell(Protocol):
    """The signature of `tell` above."""

    def __call__(self, key: str, title: str, what: str, command: str = "", severity: str = "warning") -> None: ...


def _to_number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None


CONFIGURATION = Detector("configuration", Memory(), step, (ConfigSeen,))
