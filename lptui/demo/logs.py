"""Logging as a Metta run of August 2025 sets it up: a file without dates, and the plain console."""

from __future__ import annotations

import logging
import sys

FILE_FORMAT = "%(asctime)s [%(levelname)s] %(name)s: %(message)s"


class _ConsoleFormatter(logging.Formatter):
    """`[06:32:27.132] INFO     message [trainer.py:390]`."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = f"[{self.formatTime(record, '%H:%M:%S')}.{int(record.msecs):03d}]"
        text = f"{stamp} {record.levelname:<8} {record.getMessage()} [{record.filename}:{record.lineno}]"
        return text + "\n" + self.formatException(record.exc_info) if record.exc_info else text


def open_logs(path: str) -> logging.Logger:
    """Append to the file at `path` and write to standard output; numpy's warnings go to both."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    to_file = logging.FileHandler(path, mode="a", encoding="utf-8")
    to_file.setFormatter(logging.Formatter(FILE_FORMAT, "%H:%M:%S"))
    to_console = logging.StreamHandler(sys.stdout)
    to_console.setFormatter(_ConsoleFormatter())
    root.addHandler(to_file)
    root.addHandler(to_console)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    return logging.getLogger("trainer-0-0")


def close_logs() -> None:
    """Flush and close what `open_logs` opened."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        handler.close()
        root.removeHandler(handler)


def progress_line(run: str, epoch: int, step: int, total: int, speed: float, shares: tuple[int, int, int]) -> str:
    """Metta's progress line; speed in steps/s, shares in percent of train, rollout, stats."""
    train, rollout, stats = shares
    return (
        f"Epoch {epoch} [{run}] / {scaled(speed, 'sps')} / {step / total:.2%} of {scaled(total, 'steps')} / "
        f"({train}% train / {rollout}% rollout / {stats}% stats)"
    )


def scaled(value: float, unit: str) -> str:
    """`41234` -> `41.23 ksps`; below 1000 a whole number, as upstream writes it."""
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.2f} {prefix}{unit}"
    return f"{value:.0f} {unit}"
