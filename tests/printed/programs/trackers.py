"""What MLflow and trackio print of a run that they keep: one that ends, raises, is killed, or is refused a store."""

from __future__ import annotations

import os
import signal
import sys


def trackio_run(how: str) -> None:
    import trackio

    trackio.init(project="toy", name="run-1", config={"lr": 1e-3, "epochs": 3})
    for step in range(300):
        trackio.log({"train/loss": 1 / (1 + step)})
        if step == 150 and how == "crash":
            raise RuntimeError("boom")
        if step == 150 and how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    trackio.finish()


def mlflow_run() -> None:
    import mlflow

    mlflow.set_tracking_uri("file:./mlruns")
    mlflow.set_experiment("cifar")  # MLflow 3 raises here, unless MLFLOW_ALLOW_FILE_STORE is set


if __name__ == "__main__":
    mlflow_run() if sys.argv[1] == "mlflow" else trackio_run(sys.argv[2])
