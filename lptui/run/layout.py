"""Names that tell what a file in a run directory is, and which framework wrote the whole.

Metta's three eras: git history of Metta-AI/metta (6ee6b6f9de, 724cde8fc2, a8d1ecee19); Lightning and Hugging
Face: the directories that their trainers write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lptui.model.run import Layout
from lptui.text.regex import Regex

CHECKPOINT_FOLDERS = frozenset({"checkpoints", "checkpoint", "ckpt", "ckpts", "weights", "saved_models"})
CHECKPOINT_FILES = (".pt", ".pth", ".ckpt", ".safetensors", ".mpt")
CONFIG_NAMES = (
    "config.yaml",
    "config.yml",
    "config.json",
    "hparams.yaml",
    "args.yaml",
    "args.json",
    "train_config.yaml",
)
LOG_FOLDERS = frozenset({"logs", "log"})

# a folder that is one checkpoint: checkpoint-500 (HF), RUN:v12 (Metta 2026), global_step10 (DeepSpeed),
# step_5, epoch=3
_CHECKPOINT_ITSELF = Regex(r"(?:checkpoint|ckpt|global_step|step|epoch|iter)[-_=]?\d+(?:[-_.=].*)?\Z|.+:v\d+\Z")
_LOG = Regex(r".+\.(?:log|out|err|txt)\Z|(?:.+\.[eo]\d+|stdout|stderr|nohup)\Z", re.IGNORECASE)
_NOT_A_LOG = Regex(
    r"(?:.*requirements.*|readme.*|licen[cs]e.*|notice.*|copying.*|cmakelists|vocab.*|merges|modelarchitecture|classes"
    r"|labels|.*_list|pip[-_]?freeze.*|environment|packages|progress_bar|robots|top_level|sources|entry_points"
    r"|commit|git.*|diff.*|version)\.txt\Z",
    re.IGNORECASE,
)
SPLITS = frozenset({"train", "validation", "val", "valid", "eval", "test"})
METRIC_FILES = frozenset(
    {"progress.csv", "progress.json", "result.json", "results.csv", "monitor.csv", "trainer_state.json"}
)
"""Files of a framework's own loggers that make a folder a run."""
_TABLE = Regex(
    r".+\.(?:csv|tsv|jsonl|ndjson|log\.json)\Z|trainer_state\.json\Z|progress\.(?:json|txt)\Z|log\.txt\Z"
    r"|(?:results?|scalars|history|metrics|stats|train(?:ing)?_log)\.json\Z",
    re.IGNORECASE,
)
_MODEL = Regex(r"model_\d{4,}\.pt\Z")
_SCRIPT_LOG = Regex(r"script(?:_\d+)?\.log\Z")


def is_log(name: str) -> bool:
    """`*.log *.out *.err *.txt`, a batch system's `.o123`; not requirements.txt, README.txt and their
    like."""
    return bool(_LOG.match(name)) and not _NOT_A_LOG.match(name)


def is_event_file(name: str) -> bool:
    """A TensorBoard event file."""
    return "events.out.tfevents." in name


def may_be_table(name: str) -> bool:
    """Whether a file of this name may hold metrics; what it holds tells (lptui.formats.table_names)."""
    return bool(_TABLE.match(name))


def is_checkpoint_folder(name: str) -> bool:
    """A folder that is itself one checkpoint."""
    return bool(_CHECKPOINT_ITSELF.match(name))


def is_checkpoint_file(name: str) -> bool:
    """A file whose name ends like a checkpoint's."""
    return name.endswith(CHECKPOINT_FILES)


def is_config(name: str, folder: str) -> bool:
    """A run's own configuration: by its name, or Hydra's in `.hydra`."""
    return name in CONFIG_NAMES and (folder != ".hydra" or name == "config.yaml")


def log_order(path: str, size: int, modified_at: float) -> tuple[bool, bool, bool, float, int]:
    """Sort key: logs/script.log first, then logs of a training rather than notes, then the newest, then the
    largest."""
    name = path.rpartition("/")[2]
    return (
        not path.endswith("/logs/script.log"),
        bool(name.endswith(".txt")),
        size == 0,
        -modified_at,
        -size,
    )


def recognise_layout(relative: Iterable[str], has_job_metadata: bool) -> Layout:
    """Which framework wrote a directory with these relative paths."""
    paths = set(relative)
    names = {path.rpartition("/")[2] for path in paths}
    return _recognise_metta(paths, names, has_job_metadata) or _recognise_other(paths, names)


def _recognise_metta(paths: set[str], names: set[str], has_job_metadata: bool) -> Layout | None:
    scripts = any(path.startswith("logs/") and _SCRIPT_LOG.match(path[5:]) for path in paths)
    below = {path[len("checkpoints/") :] for path in paths if path.startswith("checkpoints/")}
    versions = any(re.match(r".+:v\d+(?:\.m?pt)?\Z", name) for name in below)
    if "config.yaml" in paths:
        if scripts or (has_job_metadata and (below or "trainer_state.pt" in paths)):
            return "metta-s2"
        if any(_MODEL.match(name) for name in below) or ("trainer_state.pt" in paths and "checkpoints" in paths):
            return "metta-s1"
        return None
    if "config.json" in paths and (scripts or versions or has_job_metadata or "trainer_state.pt" in below):
        return "metta-head"
    return "metta-head" if versions and (scripts or has_job_metadata) else None


def _recognise_other(paths: set[str], names: set[str]) -> Layout:
    if "lightning_logs" in paths or ("hparams.yaml" in names and any(n.endswith(".ckpt") for n in names)):
        return "lightning"
    if any(re.match(r"checkpoint-\d+\Z", path) for path in paths) or "training_args.bin" in paths:
        return "huggingface"
    return "generic"
