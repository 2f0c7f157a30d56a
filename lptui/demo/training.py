"""The demo's training process: `python -m lptui.demo.training --run NAME --out DIR`.

Learns for real and writes what a Metta run of August 2025 writes. Exit code 0: trained to the end; 1: an
exception, its traceback in the log; 130: interrupted; a signal where the failure is to be killed.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence

import numpy as np

from lptui.demo.checkpoints import choose_saver
from lptui.demo.failures import Trouble, make_hyperparameters
from lptui.demo.job import JobFiles
from lptui.demo.learner import EpochReport, Learner, evaluate
from lptui.demo.logs import close_logs, open_logs, progress_line
from lptui.demo.options import EPOCH_SECONDS, Layout, Options, parse_options
from lptui.demo.pace import ROLLOUT_SHARE, TRAIN_SHARE, Pacer
from lptui.demo.settings import dump_yaml, make_config, trainer_section, write_config
from lptui.demo.tasks import TASKS
from lptui.demo.tracking import (
    Timing,
    Tracker,
    curriculum_metrics,
    epoch_metrics,
    host_metrics,
    score_metrics,
)


class Training:
    """One attempt at a run, from the first log line to the last."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._layout = layout = Layout(options.out, options.run)
        layout.make_folders()
        self._log = open_logs(layout.log)
        self._begun = time.monotonic()
        self._job = JobFiles(layout)
        self._hyper = hyper = make_hyperparameters(options)
        self._config = make_config(options, hyper)
        self._announce()
        self._learner = Learner(hyper)
        self._saver = choose_saver(layout, options.torch)
        self._trouble = Trouble(options, self._learner, self._log)
        self._pacer = Pacer(EPOCH_SECONDS / options.speed)
        self._timers = {"_rollout": 0.0, "_train": 0.0, "_process_stats": 0.0}
        self._saved_epoch = -1
        self._tracker = Tracker(layout, self._config, options.wandb, self._log)
        if self._tracker.live:
            self._job.name_wandb_run(self._config["wandb"]["project"], self._config["wandb"]["entity"])

    def run(self) -> int:
        """Train; returns the exit code."""
        code = 1
        try:
            self._start()
            while self._learner.epoch < self._hyper.total_epochs:
                self._run_epoch()
            self._end()
            code = 0
        except KeyboardInterrupt:
            self._log.info("Training interrupted by user")
            code = 130
        except Exception as error:  # noqa: BLE001 - whatever ends a training ends up in its log
            self._log.error("Training failed with error: %s", error, exc_info=True)
        finally:
            self._trouble.release()
            self._job.finish("completed" if code == 0 else f"exit_code_{code}", self._running_for())
            self._tracker.finish(code)
            close_logs()
        return code

    def _announce(self) -> None:
        log, layout = self._log, self._layout
        log.info("run_dir = %s", layout.run_dir)
        log.info("Starting main from %s", __file__)
        section = trainer_section(self._options, self._hyper)
        log.info("Trainer config after overrides:\n%s", dump_yaml(section).rstrip())
        write_config(layout, self._config)
        earlier = self._job.restart_count()
        self._job.begin(0 if earlier is None else earlier + 1)
        self._beat()
        for task in TASKS:
            log.info("Curriculum Task: %s", task.id)
        log.info("LearningProgressCurriculum initialized with %d tasks", len(TASKS))

    def _start(self) -> None:
        if self._saver.restore(self._learner):
            self._log.info("Restored from checkpoint at %d steps", self._learner.agent_step)
            return
        self._log.info("%s", self._saver.absent)
        self._save()

    def _run_epoch(self) -> None:
        learner, started = self._learner, time.monotonic()
        self._trouble.before_rollout()
        batch, experience, episodes = learner.collect(self._pacer.phase(ROLLOUT_SHARE))
        rolled = time.monotonic()
        self._trouble.before_training()
        report = learner.learn(batch, experience, episodes, self._pacer.phase(TRAIN_SHARE))
        trained = time.monotonic()
        metrics = {**curriculum_metrics(learner.curriculum), **host_metrics()}
        self._timers["_rollout"] += rolled - started
        self._timers["_train"] += trained - rolled
        self._timers["_process_stats"] += time.monotonic() - trained
        timing = Timing(
            total=self._running_for(),
            train_total=self._timers["_train"],
            rollout=rolled - started,
            train=trained - rolled,
            stats=time.monotonic() - trained,
        )
        self._report(report, timing, metrics)
        self._beat()

    def _report(self, report: EpochReport, timing: Timing, metrics: dict[str, float]) -> None:
        metrics = {**epoch_metrics(report, timing, self._hyper, self._saved_epoch), **metrics}
        total = self._hyper.total_epochs * self._hyper.batch_size
        speed = self._hyper.batch_size / timing.epoch
        line = progress_line(self._options.run, report.epoch, report.agent_step, total, speed, timing.shares)
        self._log.info("%s", line)
        if report.epoch % self._options.checkpoint_interval == 0:
            self._save()
        if report.epoch % (2 * self._options.checkpoint_interval) == 0:
            metrics |= self._evaluate()
        self._tracker.log(metrics, report.agent_step)

    def _save(self) -> None:
        epoch = self._learner.epoch
        self._log.info("Saving checkpoint at epoch %d", epoch)
        uri = self._saver.save_policy(self._learner, self._trouble.writer)
        self._log.info("Creating a checkpoint at %s", uri)
        state = self._saver.save_state(self._learner, uri, self._timers)
        if state is not None:
            self._log.info("[TrainerCheckpoint] Saved trainer state to %s", state)
        self._saved_epoch = epoch
        self._beat()

    def _evaluate(self) -> dict[str, float]:
        self._log.info("Simulating policy: epoch %d", self._learner.epoch)
        # its own stream, so that an evaluation does not change the training
        rng = np.random.default_rng((self._hyper.seed, self._learner.epoch))
        metrics = score_metrics(evaluate(self._learner, 4, rng))
        self._log.info("arena score: %.4f", metrics["eval_arena/score"])
        self._log.info("Simulation complete")
        return metrics

    def _end(self) -> None:
        if self._saved_epoch != self._learner.epoch:
            self._save()
        self._log.info("Training complete!")
        for name, seconds in self._timers.items():
            self._log.info("  TIMER: %s: %.2fs", name, seconds)

    def _running_for(self) -> float:
        return time.monotonic() - self._begun

    def _beat(self) -> None:
        self._job.beat(time.time(), self._running_for())


def main(argv: Sequence[str] | None = None) -> int:
    """Train once, or under a supervisor that restarts, as the options say."""
    # a shell starts background jobs with interrupts ignored; a training is ended by one
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = parse_options(argv)
    if options.fail == "restart-loop":
        from lptui.demo.restarts import supervise

        return supervise(options)
    return Training(options).run()


if __name__ == "__main__":
    sys.exit(main())
