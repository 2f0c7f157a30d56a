"""What a job's wrapper keeps beside a run: heartbeat, restarts, run time, the reason of the end."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lptui.demo.options import Layout


class JobFiles:
    """Writes `.job_metadata/RUN/*`, each as plain text, as the wrapper's shell does."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._earlier = float(self._read("accumulated_runtime") or 0.0)
        self._written_at = float("-inf")

    def begin(self, restart_count: int) -> None:
        """A new attempt starts: the last one's reason no longer holds."""
        Path(self._path("termination_reason")).unlink(missing_ok=True)
        self._write("restart_count", str(restart_count))
        self._write("accumulated_runtime", str(int(self._earlier)))

    def restart_count(self) -> int | None:
        """How often the run was restarted before, or None if it never ran."""
        text = self._read("restart_count")
        return int(text) if text and text.isdigit() else None

    def beat(self, now: float, running_for: float) -> None:
        """A sign of life: unix time as text. The run time is brought up to date once a minute."""
        self._write("heartbeat_file", str(now))
        if now - self._written_at >= 60:
            self._write("accumulated_runtime", str(int(self._earlier + running_for)))
            self._written_at = now

    def finish(self, reason: str, running_for: float) -> None:
        """Say why the run ended: `completed` or `exit_code_N`."""
        self._write("accumulated_runtime", str(int(self._earlier + running_for)))
        self._write("termination_reason", reason)

    def name_wandb_run(self, project: str, entity: str) -> None:
        """Tell the wrapper which W&B run this is."""
        facts = {"run_id": self._layout.run, "project": project, "entity": entity, "name": self._layout.run}
        self._write("wandb_ipc.json", json.dumps(facts))

    def _path(self, name: str) -> str:
        return os.path.join(self._layout.job_dir, name)

    def _write(self, name: str, text: str) -> None:
        with open(self._path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _read(self, name: str) -> str | None:
        try:
            with open(self._path(name), encoding="utf-8") as file:
                return file.read().strip()
        except FileNotFoundError:
            return None
