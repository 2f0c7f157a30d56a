"""Where a run leaves signs of life besides its own files: heartbeat, `.job_metadata/RUN/`, `wandb_ipc.json`
(Metta)."""

from __future__ import annotations

from typing import NamedTuple

from lptui.files import FileFailure, stat_file
from lptui.model.run import Looked
from lptui.run.listing import Listing, is_folder
from lptui.run.wandb_beside import Ipc, parents_of, read_ipc

HEARTBEAT_NAMES = ("heartbeat_file", "heartbeat.txt", "heartbeat")


class LifeSigns(NamedTuple):
    """Paths ('' where there is none), the W&B run id if wandb_ipc.json tells it, and where was looked."""

    heartbeat: str = ""
    job_metadata: str = ""
    wandb_ipc: str = ""
    run_id: str = ""
    looked: tuple[Looked, ...] = ()


def find_life_signs(listing: Listing, run_path: str, name: str) -> LifeSigns:
    """What lies in the run, in its `.job_metadata` sibling and in `wandb/` of the folders above."""
    metadata = _find_job_metadata(listing, run_path, name)
    own = [folder for folder in (metadata, run_path, f"{run_path}/wandb") if folder]
    shared = [f"{parent}/wandb" for parent in parents_of(run_path)]
    ipc = _find_ipc(listing, own, shared, name)
    heartbeat = next((p for folder in own if (p := _heartbeat_in(listing, folder))), "")
    note = "" if heartbeat else "no heartbeat file in the run, in .job_metadata or in wandb/ above it"
    if not heartbeat:
        heartbeat, doubt = _shared_heartbeat(listing, shared, run_path, ipc)
        note = "" if heartbeat else doubt or note
    looked = (
        Looked("heartbeat", (heartbeat,) if heartbeat else (), note),
        Looked(
            "job metadata",
            (metadata,) if metadata else (),
            "" if metadata else f"no .job_metadata/{name} beside the run (SkyPilot writes it)",
        ),
        Looked("wandb_ipc", (ipc.path,) if ipc else (), "" if ipc else "no wandb_ipc.json of this run"),
    )
    return LifeSigns(heartbeat, metadata, ipc.path if ipc else "", ipc.run_id if ipc else "", looked)


def _find_job_metadata(listing: Listing, run_path: str, name: str) -> str:
    """`DATA_DIR/.job_metadata/RUN`; a run's name may hold slashes (sweeps), so up to four folders above
    count."""
    for parent in parents_of(run_path):
        if not listing.entries(f"{parent.rstrip('/')}/.job_metadata") and not listing.spent:  # listed once for all runs
            continue
        for below in dict.fromkeys((run_path[len(parent.rstrip("/")) + 1 :], name)):
            path = f"{parent.rstrip('/')}/.job_metadata/{below}"
            if is_folder(path):
                return path
    return ""


def _heartbeat_in(listing: Listing, folder: str) -> str:
    return next((f"{folder}/{name}" for name in HEARTBEAT_NAMES if _is_file(listing, folder, name)), "")


def _is_file(listing: Listing, folder: str, name: str) -> bool:
    if listing.lacks(folder, name):
        return False
    path = f"{folder}/{name}"
    try:
        return stat_file(path).is_file
    except FileFailure:
        return False


def _find_ipc(listing: Listing, own: list[str], shared: list[str], name: str) -> Ipc | None:
    for folder in (*own, *shared):
        if listing.lacks(folder, "wandb_ipc.json"):
            continue
        found = read_ipc(f"{folder}/wandb_ipc.json")
        if found and (folder in own or name in (found.run_id, found.name)):
            return found
    return None


def _shared_heartbeat(listing: Listing, shared: list[str], run_path: str, ipc: Ipc | None) -> tuple[str, str]:
    """`./wandb/heartbeat.txt` serves every run of a repository in turn: it is this run's only if
    wandb_ipc.json beside it says so, or if there is no other run that it could be of."""
    for folder in shared:
        if not _is_file(listing, folder, "heartbeat.txt"):
            continue
        path, beside = f"{folder}/heartbeat.txt", f"{folder}/wandb_ipc.json"
        if ipc is not None and ipc.path == beside:
            return path, ""
        alone = sum(e.stat.is_folder and e.name[:1] != "." for e in listing.entries(run_path.rpartition("/")[0])) == 1
        if alone and not _is_file(listing, folder, "wandb_ipc.json"):
            return path, ""
        return "", f"{path} may be another run's: no wandb_ipc.json beside it names this one"
    return "", ""
