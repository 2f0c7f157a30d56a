# ruff: noqa: E501
"""A monitor without an engine, and run states built by hand."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from lptui.config.settings import Settings
from lptui.curriculum.signals import Signals
from lptui.model.events import Points
from lptui.model.finding import Evidence, Finding, Fix
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.readings import (
    CheckpointReading,
    GpuDevice,
    GpuProcess,
    GpuSweep,
    HostReading,
    ProcessReading,
    SourceStatus,
)
from lptui.model.request import Answer, Request
from lptui.model.run import Looked, RunInfo
from lptui.state.run_state import Curriculum, Life, Milestone, Progress, RunState, Seen, TaskRow, Witness
from lptui.stores.series import Series, extend
from lptui.tui.app import LptuiApp

NOW = 1_790_000_000.0
GIB = 1 << 30
THEMES = Path(__file__).parents[2] / "themes"


@dataclass
class FakeMonitor:
    """Hands out the states that a test gives it; keeps the requests."""

    first: RunState | None = None
    asked: list[Request] = field(default_factory=list)
    stopped: int = 0
    close: bool = False
    answer: Callable[[Request], Answer | None] = lambda _request: None
    fail: Callable[[Exception], None] = lambda _error: None
    _on_state: Callable[[RunState], None] | None = None

    def start(self, on_state: Callable[[RunState], None], on_failure: Callable[[Exception], None]) -> None:
        self._on_state, self.fail = on_state, on_failure
        if self.first is not None:
            on_state(self.first)

    def follow(self, *, closely: bool) -> None:
        self.close = closely

    def ask(self, request: Request, on_answer: Callable[[Answer], None]) -> None:
        self.asked.append(request)
        answer = self.answer(request)
        if answer is not None:
            on_answer(answer)

    def stop(self) -> None:
        self.stopped += 1

    def publish(self, state: RunState) -> None:
        assert self._on_state is not None
        self._on_state(state)


class Shelf:
    """The project's own theme files."""

    def names(self) -> Sequence[str]:
        return sorted(path.stem for path in THEMES.glob("*.yaml"))

    def read(self, name: str) -> Mapping[str, object]:
        return yaml.safe_load((THEMES / f"{name}.yaml").read_text())


def make_app(state: RunState | None, settings: Settings | None = None) -> tuple[LptuiApp, FakeMonitor]:
    monitor = FakeMonitor(state)
    return LptuiApp(monitor, settings or Settings(), themes=Shelf()), monitor


LOG = b"""[12:01:02] INFO starting attempt 1 of arena_lp
[12:01:09] INFO devices: 1 x NVIDIA H100 80GB HBM3
[12:04:11] INFO epoch 100 step 6553600 sps 41234 reward 0.412
[12:04:21] INFO epoch 101 step 6619136 sps 41007 reward 0.415
[12:04:31] WARNING slow env reset 4.2 s
[12:04:41] INFO epoch 102 step 6684672 sps 41190 reward 0.417
"""


def log_view(data: bytes = LOG, file: str = "logs/script.log") -> LogView:
    return LogView(file, (LogSegment(0, 0, len(data)),), data, 0, NOW - 3, NOW - 3)


def series(key: str, values: Sequence[float], start: float = NOW - 3600, every: float = 36.0) -> Series:
    steps = array("d", [65536.0 * i for i in range(len(values))])
    times = array("d", [start + every * i for i in range(len(values))])
    return extend(Series(key, "wandb"), Points(key, steps, times, array("d", values)), 0.0)


def curve(count: int, low: float, high: float, wave: int = 7) -> list[float]:
    return [low + (high - low) * (i / count) + 0.02 * (high - low) * ((i * 37) % wave - wave / 2) for i in range(count)]


def device(index: int = 0, **changes: object) -> GpuDevice:
    plain = GpuDevice(
        index, f"GPU-{index}", "NVIDIA H100 80GB HBM3", NOW - 1, 80 * GIB, 61 * GIB, 0, 93.0, 71.0, 612.0, 700.0,
        (), (GpuProcess(812, 52 * GIB, True, "python"), GpuProcess(4411, 6 * GIB, False, "python3")),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def host(**changes: object) -> HostReading:
    plain = HostReading(
        "gpu-box-7", NOW - 1, "boot", 31.0, 64, (12.1, 11.8, 9.0), 512 * GIB, 300 * GIB, 64 * GIB, 45 * GIB,
        8 * GIB, GIB, "/data", 2000 * GIB, 120 * GIB, 32 * GIB, 20 * GIB,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


TASKS = ("arena/basic_easy", "arena/basic_hard", "arena/combat", "nav/corridors", "nav/cylinder", "nav/radial", "mem/sequence", "mem/keys")  # fmt: skip


def curriculum() -> Curriculum:
    chances = (0.31, 0.22, 0.18, 0.12, 0.1, 0.07, 0.0, 0.0)
    rows = tuple(
        TaskRow(f"/env/{name}", name, p, 0.9 - i * 0.1, None, 0.02 * (i % 4) + 0.001, 1200.0 - 100 * i)
        for i, (name, p) in enumerate(zip(TASKS, chances, strict=True))
    )
    zero = ("/env/mem/sequence", "/env/mem/keys")
    signals = Signals(8, 1.0, zero, 0.31, "/env/arena/basic_easy", 1.68, 5.4, False, False, (), ())
    return Curriculum(rows, signals, (("lp/num_active_tasks", 16.0), ("lp/mean_sample_prob", 0.125)))


def checkpoints(count: int = 9, damaged: bool = False) -> tuple[CheckpointReading, ...]:
    made = [
        CheckpointReading(
            f"arena_lp_{i:04d}.pt", f"/data/arena_lp/checkpoints/arena_lp_{i:04d}.pt", "policy", 48 << 20,
            NOW - 700 * (count - i), step=i * 655360, epoch=i * 10, verdict="ok", format="torch zip",
            facts=(("parameters", "12.4M"), ("tensors", "62")),
        )
        for i in range(1, count + 1)
    ]  # fmt: skip
    if damaged:
        made[-1] = replace(made[-1], verdict="truncated", reason="the archive ends 3.1 MiB early", next_step="resume from arena_lp_0008.pt")  # fmt: skip
    return tuple(made)


CONFIG = (
    ("run", "arena_lp"),
    ("seed", "42"),
    ("trainer.batch_size", "524288"),
    ("trainer.minibatch_size", "16384"),
    ("trainer.optimizer.learning_rate", "0.000457"),
    ("trainer.optimizer.type", "muon"),
    ("trainer.total_timesteps", "150000000"),
    ("trainer.curriculum", "/env/mettagrid/curriculum/arena/learning_progress"),
    ("wandb.api_key", "***"),
    ("wandb.entity", "metta-research"),
)


def statuses(**conditions: SourceStatus) -> dict[str, SourceStatus]:
    plain = {name: SourceStatus(name, "ok", path=path) for name, path in (
        ("log", "logs/script.log"), ("wandb", "wandb/run-1.wandb"), ("checkpoints", "checkpoints"),
        ("gpu", ""), ("host", ""), ("config", "config.yaml"), ("heartbeat", "heartbeat.txt"),
    )}  # fmt: skip
    return {**plain, **conditions}


def healthy() -> RunState:
    """A run that is well, every source read."""
    view = log_view()
    names = ("overview/reward", "losses/value_loss", "losses/policy_loss", "losses/entropy", "performance/sps", "experience/explained_variance")  # fmt: skip
    made = [series(name, curve(200, 0.1 * i, 1.0 + i)) for i, name in enumerate(names)]
    return RunState(
        run=RunInfo(
            "arena_lp", "/data/arena_lp", "metta-s2", (view.file,), ("wandb/run-1.wandb",),
            checkpoint_dirs=("/data/arena_lp/checkpoints",), configs=("config.yaml",), heartbeat="heartbeat.txt", modified_at=NOW - 3,
            looked=(Looked("log", ("logs/script.log",)), Looked("W&B", ("wandb/run-1.wandb",)),
                    Looked("TensorBoard", (), "no events.out.tfevents.* below the run"), Looked("checkpoints", ("checkpoints",))),
        ),
        now=NOW,
        logs={view.file: view},
        series={s.key: s for s in made},
        curriculum=curriculum(),
        checkpoints=checkpoints(),
        gpu=GpuSweep((device(),), driver="550.54"),
        host=host(),
        processes=(
            ProcessReading(812, 1, "python", "python tools/train.py run=arena_lp trainer=simple", cpu_percent=104.0, rss_bytes=9 * GIB, status="running"),
            ProcessReading(830, 812, "python", "python -c from multiprocessing.spawn import spawn_main", cpu_percent=38.0, rss_bytes=2 * GIB, status="sleeping"),
        ),
        config=CONFIG,
        config_path="/data/arena_lp/config.yaml",
        progress=Progress(62_914_560, 150_000_000, 960, 41_234.0, NOW - 3, eta=2112.0),
        milestones=(Milestone(view.file, 0, "started", "attempt 1", NOW - 3600), Milestone(view.file, 0, "saved", "arena_lp_0009.pt", NOW - 700)),
        seen={"wandb_run": Seen("wandb_run", "arena_lp.2026", "wandb", NOW - 3600)},
        life=Life("running", "3 of 3 witnesses say that it lives", (
            Witness("process", "alive", "pid 812 runs", NOW - 1), Witness("log", "alive", "grew 3 s ago", NOW - 3),
            Witness("heartbeat", "alive", "touched 5 s ago", NOW - 5)), NOW - 3, "log", 1, 0),
        statuses=statuses(),
    )  # fmt: skip


def finding(number: int = 1, **changes: object) -> Finding:
    at = Anchor("logs/script.log", 0, LOG.index(b"[12:04:31]"))
    plain = Finding(
        f"oom:{number}", "cuda-oom", "error", "CUDA out of memory on rank 0: asked for 2.0 GiB, 1.1 GiB free of 80 GiB",
        incident="i1", evidence=(
            Evidence("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "log", "logs/script.log", 5, at, 6_684_672),
            Evidence("VRAM rose by 310 MiB/h for 6 h", "gpu"),
        ),
        fix=Fix(
            "Halve the batch: the peak was 78.9 GiB of 80 GiB at batch_size 524288.",
            "activations grow with the batch; 262144 leaves about 24 GiB free",
            "./devops/run.sh run=arena_lp trainer.batch_size=262144",
            "the GPU pane shows less than 60 GiB after ten epochs",
        ),
        first_seen=NOW - 600, last_seen=NOW - 590, step=6_684_672, ranks=(0,),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def failing() -> RunState:
    """A run that crashed: a root, its follow-up, a warning, a note, one that is past."""
    found = (
        finding(1),
        finding(2, id="nccl:1", cls="nccl-abort", role="follow-up", title="NCCL watchdog ended rank 3", fix=None),
        finding(3, id="ckpt:1", severity="warning", incident="", title="The newest checkpoint is cut off", fix=None, step=None),
        finding(4, id="note:1", severity="info", incident="", title="swap is in use: 1.0 GiB", fix=None, evidence=()),
        finding(5, id="nan:1", severity="error", incident="", title="value_loss was NaN", past=True, past_reason="finite again since step 1.2M", fix=None),
    )  # fmt: skip
    return replace(
        healthy(),
        findings=found,
        checkpoints=checkpoints(damaged=True),
        leftovers=("arena_lp_0010.pt.tmp",),
        gpu=GpuSweep((device(), device(1, lost="GPU is lost (Xid 79)"), device(2, throttle=("power cap",), read_at=NOW - 40))),
        life=Life("crashed", "the process is gone and the log ends in a traceback", (
            Witness("process", "dead", "pid 812 is gone", NOW - 580), Witness("log", "ended", "ends in a traceback", NOW - 590),
            Witness("heartbeat", "alive", "touched 5 s ago", NOW - 5)), NOW - 590, "log", 2, 1, 1),
    )  # fmt: skip


def empty() -> RunState:
    """Attached a moment ago: nothing is known yet."""
    return RunState(
        RunInfo("fresh", "/data/fresh", looked=(Looked("log", (), "no *.log below /data/fresh"),)),
        now=NOW,
        life=Life("waiting", "no file of the run has appeared yet"),
        statuses={
            "log": SourceStatus("log", "waiting", "no log yet"),
            "wandb": SourceStatus("wandb", "partial", "2 of 9 files", read=2, of=9, backfilling=True),
        },
    )


def huge() -> RunState:
    """Many of everything."""
    rows = tuple(
        TaskRow(f"/t/{i}", f"world_{i % 7}/task_{i:04d}", 1 / 2000, 0.5, None, 0.01, i * 1.0) for i in range(2000)
    )
    found = tuple(finding(i, id=f"f:{i}", incident="", title=f"finding number {i} " + "x" * 300) for i in range(300))
    return replace(
        healthy(),
        findings=found,
        curriculum=Curriculum(rows),
        checkpoints=checkpoints(3000),
        gpu=GpuSweep(tuple(device(i) for i in range(64))),
        config=tuple((f"section_{i % 40}.key_{i}", "v" * (i % 300)) for i in range(5000)),
        processes=tuple(ProcessReading(i, 1, "python", "python " + "y" * 500, rank=i) for i in range(200)),
    )


HOSTILE = "[red]x[/red]\x1b[31m\x1b]0;pwned\x07\x9b2J\u202eevil\n[@click=app.quit]go[/]"


def hostile() -> RunState:
    """Every name that a run may choose holds markup and escapes."""
    base = healthy()
    bad = finding(
        title=HOSTILE,
        evidence=(Evidence(HOSTILE, "log", HOSTILE, 3),),
        fix=Fix(HOSTILE, HOSTILE, "true", HOSTILE),
    )
    return replace(
        base,
        run=replace(base.run, name=HOSTILE, path=HOSTILE, looked=(Looked(HOSTILE, (HOSTILE,), HOSTILE),)),
        findings=(bad,),
        curriculum=Curriculum((TaskRow(HOSTILE, HOSTILE, 1.0),)),
        checkpoints=(replace(checkpoints(1)[0], name=HOSTILE, path=HOSTILE, facts=((HOSTILE, HOSTILE),)),),
        leftovers=(HOSTILE,),
        gpu=GpuSweep((device(name=HOSTILE, throttle=(HOSTILE,)),)),
        host=host(name=HOSTILE, disk_path=HOSTILE),
        processes=(ProcessReading(1, 0, HOSTILE, HOSTILE, status=HOSTILE),),
        config=((HOSTILE, HOSTILE),),
        config_path=HOSTILE,
        life=replace(base.life, reason=HOSTILE, last_sign_from=HOSTILE, witnesses=(Witness(HOSTILE, "alive", HOSTILE),)),
        statuses={"log": SourceStatus("log", "failed", HOSTILE), "config": SourceStatus("config", "failed", HOSTILE)},
        milestones=(Milestone("x", 0, HOSTILE, HOSTILE, NOW),),
        seen={"a": Seen(HOSTILE, HOSTILE, HOSTILE)},
    )  # fmt: skip
