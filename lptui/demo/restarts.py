"""A job wrapper that restarts a training which dies at the same line each time, as a cluster's would."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

from lptui.demo.launch import training_command, training_environment
from lptui.demo.options import EPOCH_SECONDS, Options

ATTEMPTS = 5
# epochs before each attempt dies: after some progress lines, before the first checkpoint
LIFE_EPOCHS = 3
WAIT_EPOCHS = 3


def supervise(options: Options) -> int:
    """Run the training up to five times; returns the exit code of the last."""
    life = options.fail_at if options.fail_at is not None else LIFE_EPOCHS
    child = replace(options, fail="crash", fail_at=life)
    code = 1
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(WAIT_EPOCHS * EPOCH_SECONDS / options.speed)
        _say("============= RESTART INFO =============")
        _say(f"  RESTART_COUNT: {attempt}")
        _say("========================================")
        code = subprocess.run(training_command(child), env=training_environment(), check=False).returncode
        if code in (0, 130):
            return code
        _say(f"[ERROR] Training failed with exit code {code}")
    _say(f"[INFO] Termination reason: exit_code_{code}")
    _say(f"[SUMMARY] Exit code: {code}")
    return code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
