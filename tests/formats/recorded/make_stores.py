"""Writes the trackers' stores beside it with the real trackers, databases compressed (they are mostly empty pages).

python3 -m venv VENV && VENV/bin/pip install mlflow trackio
VENV/bin/python tests/formats/recorded/make_stores.py mlflow trackio
python3 -m venv VENV2 && VENV2/bin/pip install mlflow-skinny==2.22.0     # the last that writes files by default
VENV2/bin/python tests/formats/recorded/make_stores.py mlflow_files
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "stores"


def _log(mlflow: object, name: str, base: float) -> None:
    with mlflow.start_run(run_name=name):  # type: ignore[attr-defined]
        mlflow.log_params({"lr": base, "api_key": "sk-not-for-your-eyes-1234567890"})  # type: ignore[attr-defined]
        for step in range(5):
            value = float("nan") if step == 1 else base / (step + 1)
            mlflow.log_metric("train/loss", value, step=step * 10)  # type: ignore[attr-defined]
        mlflow.log_metric("peak", float("inf"), step=1)  # type: ignore[attr-defined]


def make_mlflow(work: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{work}/mlflow.db")
    mlflow.set_experiment("demo")
    for name, base in (("other", 5.0), ("arena_lp", 1.0), ("newest", 9.0)):
        _log(mlflow, name, base)


def make_mlflow_files(work: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"file:{work}/mlruns")
    for name, base in (("other", 5.0), ("arena_lp", 1.0)):
        _log(mlflow, name, base)


def make_trackio(work: Path) -> None:
    os.environ["TRACKIO_DIR"] = str(work)
    import trackio

    for name, base in (("other", 5.0), ("arena_lp", 1.0)):
        trackio.init(project="demo", name=name, config={"lr": base})
        for step in range(5):
            trackio.log({"train": {"loss": base / (step + 1)}, "reward": float("nan") if step == 2 else float(step)})
        trackio.alert("Loss is high", text="above 3", level=trackio.AlertLevel.WARN)
        trackio.finish()


MAKERS = {"mlflow": make_mlflow, "mlflow_files": make_mlflow_files, "trackio": make_trackio}

if __name__ == "__main__":
    for name in sys.argv[1:]:
        shutil.rmtree(HERE / name, ignore_errors=True)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            MAKERS[name](work)
            if name == "mlflow_files":
                shutil.copytree(
                    work / "mlruns", HERE / name / "mlruns", ignore=shutil.ignore_patterns("mlflow.source.*")
                )
                for meta in (HERE / name).rglob("meta.yaml"):
                    meta.write_text(meta.read_text().replace(folder, "/srv/training"))
            for path in work.glob("*.db"):
                (HERE / name).mkdir(parents=True, exist_ok=True)
                (HERE / name / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
