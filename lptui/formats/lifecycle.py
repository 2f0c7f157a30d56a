"""What a run says of its own life: started, resumed, saved, evaluated, ended.

The lines of Metta's trainer in three eras (July 2025, August 2025, 2026), of its shell wrapper, and the few
that transformers, Lightning and trackio always print.
"""

from __future__ import annotations

import re
from typing import Literal

from lptui.model.value import frozen
from lptui.text.regex import Regex

Kind = Literal[
    "started",
    "resumed",
    "from_scratch",
    "saved",
    "evaluating",
    "evaluated",
    "completed",
    "opened",
    "closed",
    "failed",
    "interrupted",
    "exit_code",
    "termination_reason",
    "restart_count",
    "heartbeat_timeout",
    "curriculum_task",
]
_LONGEST_TEXT = 200
_BETWEEN = ("saved", "evaluating", "evaluated", "curriculum_task")


@frozen
class Lifecycle:
    """One event of a run's life.

    `opened` and `closed` is what a tracker says when it begins and when the program leaves, after an exception as well.
    `value`: of `started` the marker (one start prints several; the *same* marker again is a restart), of
    `resumed` the step, of `saved` the epoch, of `exit_code` and `restart_count` a number, of `failed` an exit
    code or the error, of `heartbeat_timeout` seconds, else text; None when the line does not say.
    """

    kind: Kind
    value: int | float | str | None = None


# How the message begins, what follows (at most one group: the value), kind.
_RULES: tuple[tuple[bytes, bytes, Kind], ...] = (
    (b"Train job config:", b"", "started"),
    (b"run_dir = ", b"", "started"),
    (b"Starting main from ", b"", "started"),
    (b"Trainer config after overrides:", b"", "started"),
    (b"Training environment: ", b"", "started"),
    (b"***** Running training *****", b"", "started"),
    (b"Restoring from checkpoint at ", rb"(\d+) steps", "resumed"),
    (b"Restored from checkpoint at ", rb"(\d+) steps", "resumed"),
    (b"Restoring trainer state from epoch=", rb"\d+ agent_step=(\d+)", "resumed"),
    (b"Loaded policy from ", b"", "resumed"),
    (b"Restored all states from the checkpoint at ", b"", "resumed"),
    (b"Restoring states from the checkpoint path at ", b"", "resumed"),
    (b"Resuming ", rb"(?:training |run |the run )?(?:from|checkpoint|training)\b", "resumed"),
    (b"Resumed ", rb"(?:training |run )?(?:from|training|checkpoint|epoch)\b", "resumed"),
    (b"Continuing training from ", rb"(?:checkpoint|epoch|global step)\b", "resumed"),
    (b"[TrainerCheckpoint] No trainer state found", b"", "from_scratch"),
    (b"Creating new policy for training run", b"", "from_scratch"),
    (b"Successfully saved policy at epoch ", rb"(\d+)", "saved"),
    (b"Saved training state at epoch ", rb"(\d+)", "saved"),
    (b"Saving checkpoint at epoch ", rb"(\d+)", "saved"),
    (b"[TrainerCheckpoint] Saved trainer state to ", b"", "saved"),
    (b"Logged checkpoint URI to wandb: ", rb"(?:\S{1,400}?:v(\d+)\b)?", "saved"),
    (b"Saving model checkpoint to ", b"", "saved"),
    (b"Simulating policy: ", rb"(.*)", "evaluating"),
    (b"Evaluating policy locally from ", rb"(.*)", "evaluating"),
    (b"Created remote evaluation task", b"", "evaluating"),
    (b"***** Running Evaluation *****", b"", "evaluating"),
    (b"Simulation complete", b"", "evaluated"),
    (b"Training complete!", b"", "completed"),
    (b"[SUCCESS] Training completed successfully", b"", "completed"),
    (b"Training completed. Do not forget", b"", "completed"),
    (b"`Trainer.fit` stopped: ", rb"(.*)", "completed"),
    (b"{'train_runtime': ", b"", "completed"),
    (b"Training complete", rb"(?:d?[.!]?$|d successfully)", "completed"),
    (b"Training finished", rb"\b", "completed"),
    (b"Finished training", rb"\b", "completed"),
    (b"* Trackio metrics logged to: ", b"", "opened"),
    (b"* Run finished. Uploading logs to Trackio", b"", "closed"),
    (b"Training failed with exit code ", rb"(\d+)", "failed"),
    (b"Training failed with error: ", rb"(.*)", "failed"),
    (b"Training failed with exception: ", rb"(.*)", "failed"),
    (b"NCCL tests failed with exit code: ", rb"(\d+)", "failed"),
    (b"Training interrupted by user", b"", "interrupted"),
    (b"[SHUTDOWN] Caught ", rb"([A-Z/]+)", "interrupted"),
    (b"Abort tag detected", b"", "interrupted"),
    (b"Timeout limit reached", b"", "interrupted"),
    (b"Maximum runtime limit reached", b"", "interrupted"),
    (b"Cluster stop flag detected", rb" \((.*?)\)", "interrupted"),
    (b"[SUMMARY] Exit code: ", rb"(-?\d+)", "exit_code"),
    (b"[SUMMARY] Termination reason: ", rb"(.*)", "termination_reason"),
    (b"Termination reason: ", rb"(.*)", "termination_reason"),
    (b"RESTART_COUNT: ", rb"(\d+)", "restart_count"),
    (b"[SUMMARY] Restart Count: ", rb"(\d+)", "restart_count"),
    (b"No heartbeat detected for ", rb"([\d.]+) seconds", "heartbeat_timeout"),
    (b"Heartbeat timeout! No heartbeat for ", rb"([\d.]+) seconds", "heartbeat_timeout"),
    (b"Heartbeat file never appeared in ", rb"([\d.]+) seconds", "heartbeat_timeout"),
    (b"Curriculum Task: ", rb"(.*)", "curriculum_task"),
)
# No fixed beginning: what the gate looks for, the whole message, kind.
_SCORE = Regex(rb"([\w./-]{1,120} score: -?\d[\d.]{0,30}(?:e[-+]?\d{1,4})?)\s*")
_TRAINING = Regex(rb"Training \S{1,200} on \S{1,20}(?:: \S{1,20}| \()")

GATE: tuple[bytes, ...] = (
    *(re.escape(literal) for literal, _, _ in _RULES),
    rb" score: (?:\x1b\[[0-9;]*m)*-?[0-9]",  # Rich colours numbers and names
    rb"Training [!-~\x1b]+ on [a-z0-9]",
)
"""Patterns in RE2 syntax, one of which occurs in every line that `read_lifecycle` knows."""
BOUNDS: tuple[bytes, ...] = (
    *(re.escape(literal) for literal, _, kind in _RULES if kind not in _BETWEEN),
    GATE[-1],
)
"""Those of GATE that tell how an attempt began or ended."""
GATE_WORDS: tuple[bytes, ...] = (*(literal for literal, _, _ in _RULES), b" score: ", b"Training ")
"""Literals, one of which is in whatever a pattern of GATE matches."""

_BEGINNING = 4
_BEGINNINGS = frozenset(literal[:_BEGINNING] for literal, _, _ in _RULES) | {b"[INF", b"[ERR"}
"""How all of those messages begin: hardly a line needs the pattern."""
_PATTERN = Regex(
    rb"(?:\[(?:INFO|ERROR)\] )?(?:"
    + b"|".join(re.escape(literal) + rest + b"()" for literal, rest, _ in _RULES)
    + b")",
    re.DOTALL,
)
_RULE_AT: dict[int, tuple[bytes, bytes, Kind]] = {}  # the empty group that ends a rule tells which one matched
for _rule in _RULES:
    _RULE_AT[max(_RULE_AT, default=0) + (2 if b"(" in _rule[1].replace(b"(?:", b"").replace(rb"\(", b"") else 1)] = (
        _rule
    )


def read_lifecycle(message: bytes) -> Lifecycle | None:
    """The event that a message reports: a line without its prefix and a trailing source location."""
    message = message.strip()[: 2 * _LONGEST_TEXT]
    if message[:_BEGINNING] in _BEGINNINGS and (match := _PATTERN.match(message)):
        place = match.lastindex or 0
        literal, _, kind = _RULE_AT[place]
        if kind == "started":
            return Lifecycle(kind, literal.rstrip(b" :=").decode())
        text = match[place - 1] if place - 1 not in _RULE_AT and place > 1 else None
        return Lifecycle(kind, None if text is None else _to_value(text))
    if b" score: " in message and (match := _SCORE.fullmatch(message)):
        return Lifecycle("evaluated", _to_value(match[1]))
    if message.startswith(b"Training ") and _TRAINING.match(message):
        return Lifecycle("started", "Training")
    return None


def _to_value(text: bytes) -> int | float | str:
    if text.isdigit() or (text[:1] == b"-" and text[1:].isdigit()):
        return int(text[:20])
    try:
        return float(text) if text[:1].isdigit() else text[:_LONGEST_TEXT].decode(errors="replace")
    except ValueError:
        return text[:_LONGEST_TEXT].decode(errors="replace")
