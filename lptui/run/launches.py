"""How a run was started: from its processes, or from what W&B and Hydra wrote down. Pure; what files claim is not
trusted: only a Python interpreter and a script by their plain names come from there."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.config.yaml_tree import Tree, TreeError, parse_tree
from lptui.formats.command_line import classify, is_launcher
from lptui.model.launch import Launch
from lptui.model.readings import ProcessReading
from lptui.text.regex import Regex
from lptui.text.secrets import mask_arguments

MOST = 500
"""Arguments of a recorded command that are taken."""
_LAUNCHER = Regex(r"(?:.*/)?(?:torchrun|accelerate|deepspeed|mpirun|mpiexec|srun|orterun)\Z")
_SCRIPT = Regex(r"[\w./+-]+\.py\Z")
_MODULE = Regex(r"[A-Za-z_][\w.]*\Z")


def find_launch(processes: Sequence[ProcessReading]) -> Launch | None:
    """The command of the topmost process of the run that can be a trainer or its launcher."""
    pids = {p.pid for p in processes}
    tops = [p for p in processes if p.arguments and p.parent not in pids and classify(p.arguments) == "trainer"]
    if not tops:
        return None
    best = min(tops, key=lambda p: (not _LAUNCHER.match(p.arguments[0]), not is_launcher(p.arguments), p.pid))
    source = f"the command of pid {best.pid}"
    if best.rank is not None and len(tops) > 1:
        source += ", one of its ranks: its launcher (torchrun, srun) is not known"
    return Launch(best.arguments, best.folder, source, seen=True, secrets=best.masked)


def from_wandb(data: bytes) -> Launch | None:
    """`wandb-metadata.json`: program, args, root."""
    tree = _read(data, "wandb-metadata.json")
    program, arguments, root = tree.get("program"), tree.get("args"), tree.get("root")
    start = _start(program)
    if start is None or not isinstance(arguments, list) or len(arguments) > MOST:
        return None
    given = [a for a in arguments if isinstance(a, str)]
    folder = root if isinstance(root, str) and root.startswith("/") else ""
    return _make((*start, *given), folder, "wandb-metadata.json") if len(given) == len(arguments) else None


def from_hydra(overrides: bytes, hydra: bytes) -> Launch | None:
    """`.hydra/overrides.yaml` (the launch's arguments) and `hydra.yaml` (the script's name, where it was started)."""
    try:
        listed = parse_tree(overrides, "overrides.yaml")
    except TreeError:
        return None
    if not isinstance(listed, list) or len(listed) > MOST:
        return None
    given = [o for o in listed if isinstance(o, str)]
    settings = _read(hydra, "hydra.yaml").get("hydra")
    job = settings.get("job") if isinstance(settings, dict) else None
    runtime = settings.get("runtime") if isinstance(settings, dict) else None
    name = job.get("name") if isinstance(job, dict) else None
    start = _start(f"{name}.py" if isinstance(name, str) else None)
    if start is None:
        return None
    folder = runtime.get("cwd") if isinstance(runtime, dict) else None
    told = folder if isinstance(folder, str) and folder.startswith("/") else ""
    return _make((*start, *given), told, ".hydra/overrides.yaml (where its script lies is not recorded)")


def _start(program: Tree | None) -> tuple[str, ...] | None:
    if not isinstance(program, str):
        return None
    module = program.removeprefix("-m ")
    if module != program:
        return ("python", "-m", module) if _MODULE.match(module) else None
    return ("python", program) if _SCRIPT.match(program) and not program.startswith("-") else None


def _make(arguments: tuple[str, ...], folder: str, source: str) -> Launch:
    masked = mask_arguments(arguments)
    return Launch(masked, folder, source, secrets=masked != arguments)


def _read(data: bytes, name: str) -> dict[str, Tree]:
    try:
        tree = parse_tree(data, name)
    except TreeError:
        return {}
    return tree if isinstance(tree, dict) else {}
