"""A folder that is one checkpoint, looked at as a whole: Hugging Face, Metta's `:vN`, torch.distributed.checkpoint,
DeepSpeed, orbax. Its parts are looked at one by one; then it is asked whether they belong together.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace

from lptui.checkpoints import orbax
from lptui.checkpoints.assembly import Folder, Part, is_weights, merge
from lptui.checkpoints.groups import group, missing_rank
from lptui.checkpoints.info import CheckpointInfo, RefusalError
from lptui.checkpoints.inspection import look
from lptui.checkpoints.pairs import find_shape_mismatch
from lptui.checkpoints.probe import FileBytes, escape, file_key, open_regular
from lptui.checkpoints.weight_map import compare_map

MAX_FILES = 4_096
_DEPTH = 4
_PAYLOADS = (".pt", ".pth", ".bin", ".safetensors", ".ckpt", ".mpt")
_JSON = ("trainer_state.json", "policy_spec.json")


def inspect_path(path: str) -> CheckpointInfo:
    """The first safe look at a file, or at a folder that is one checkpoint. Never raises for what it holds."""
    return look_at(path)[0]


def is_checkpoint(path: str) -> bool:
    """Whether a folder is one checkpoint by what is in it, and not a folder of several or of anything else."""
    folder = _open(path)
    kind = _kind(folder)  # final weights at the top of a run do not make the run a checkpoint
    return bool(kind) and (kind != "hf" or "trainer_state.json" in folder.sizes)


def is_known(path: str) -> bool:
    """Whether a folder whose name says that it is one checkpoint can be looked at as a whole, finished or not."""
    return bool(_kind(_open(path)))


def _open(path: str) -> Folder:
    """With the names in it; without any if it cannot be listed."""
    folder = Folder(_resolve_tag(path))
    with contextlib.suppress(OSError):
        _list(folder)
    return folder


def look_at(path: str, *, within: bool = False) -> tuple[CheckpointInfo, list[Part]]:
    """The same, with what each file that was looked into was found to be. `within`: it is a part of
    another folder, and no further one is looked for inside of it."""
    if os.path.islink(path) or not os.path.isdir(path):
        info, draft = look(path)
        return info, [Part("", path, info, draft)]
    folder = Folder(path if within else _resolve_tag(path), within=within)
    try:
        _list(folder)
        return _look_into(folder, path)
    except OSError as error:
        verdict = "no-permission" if isinstance(error, PermissionError) else "not-read"
        folder.problems.append((verdict, f"the folder cannot be listed: {error.strerror or 'input/output error'}"))
    except RefusalError as refusal:
        folder.problems.append((refusal.verdict, refusal.reason))
    return merge(folder, path), []


def _look_into(folder: Folder, path: str) -> tuple[CheckpointInfo, list[Part]]:
    folder.kind = _kind(folder)
    if not folder.kind:
        text = "the folder is no checkpoint that is known here; name one that is in it"
        raise RefusalError("not-regular", text)
    folder.problems += _missing(folder)
    for name in _payloads(folder):
        inner = os.path.join(folder.path, name)
        folder.parts.append(Part(name, inner, *look(inner)))
    tensors = [t for part in folder.parts for t in part.info.tensors]
    text = find_shape_mismatch(tensors, tensors)
    if text:
        folder.problems.append(("mismatch", text))
    check = _CHECKS.get(folder.kind)
    if check is not None:
        check(folder)
    if not folder.parts and not folder.problems:
        folder.problems.append(("incomplete", "no file in it holds weights or state"))
    return merge(folder, path), folder.parts


def _list(folder: Folder) -> None:
    """Names and sizes, symbolic links left out: they lead anywhere."""
    links = 0
    with os.scandir(folder.path) as entries:
        for entry in entries:
            if len(folder.names) >= MAX_FILES:
                folder.notes.append(f"only {MAX_FILES:,} of its files were looked at")
                break
            if entry.is_symlink():
                links += 1
                continue
            folder.names.append(entry.name)
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                folder.sizes[entry.name] = status.st_size
                folder.newest = max(folder.newest, (status.st_mtime_ns, status.st_ctime_ns))
    folder.names.sort()
    if links:
        folder.notes.append(f"{links:,} symbolic links in it were not followed")


def _resolve_tag(path: str) -> str:
    """DeepSpeed's save folder names its newest tag in a file called `latest`. Inside of a Hugging Face one it is a
    part of that."""
    if os.path.exists(os.path.join(path, "trainer_state.json")):
        return path
    tag = read_tag(path)
    inner = os.path.join(path, tag) if tag else ""
    return inner if inner and os.path.isdir(inner) and not os.path.islink(inner) else path


def read_tag(path: str) -> str | None:
    """The text of `latest` in this folder, if it is a plain name; None otherwise."""
    try:
        fd = open_regular(os.path.join(path, "latest"))
    except RefusalError:
        return None
    try:
        tag = os.pread(fd, 256, 0).decode("utf-8", "backslashreplace").strip()
    finally:
        os.close(fd)
    return tag if tag and "/" not in tag and "\0" not in tag and tag not in (".", "..") and tag.isprintable() else None


def _kind(folder: Folder) -> str:
    names = set(folder.sizes)  # regular files only
    if "trainer_state.json" in names:
        return "hf"
    if ".metadata" in names or any(n.endswith(".distcp") for n in names):
        return "dcp"
    if any(n.endswith(("_model_states.pt", "_optim_states.pt")) for n in names):
        return "deepspeed"
    if "latest" in names and read_tag(folder.path) is not None:
        return "deepspeed"
    if names & {orbax.MARK, orbax.TREE} or orbax.TEMPORARY in os.path.basename(folder.path):
        return "orbax"
    if "policy_spec.json" in names or (":v" in os.path.basename(folder.path) and "weights.safetensors" in names):
        return "metta-bundle"
    return "hf" if any(is_weights(n) for n in names) else ""


def _missing(folder: Folder) -> list[tuple[str, str]]:
    """What the names and sizes alone tell, by the same rules as a run's list."""
    base = {"hf": "checkpoint-0", "metta-bundle": "x:v0"}.get(folder.kind, os.path.basename(folder.path) or "x")
    rows = group([(f"{base}/{name}", size, 0.0) for name, size in folder.sizes.items()])
    reason = next((row.reason for row in rows if row.reason), "")
    if not reason:
        return []
    if folder.kind == "orbax":
        return []
    if folder.kind == "deepspeed" or "is missing" not in reason or ".safetensors" in reason or ".bin" in reason:
        return [("mismatch", reason)] if "is empty" not in reason else []
    return [("incomplete", reason)]


def _payloads(folder: Folder) -> list[str]:
    """The files to look into, those with the weights first."""
    if folder.kind == "dcp":
        return [".metadata"] if ".metadata" in folder.sizes else []
    if folder.kind == "orbax":
        return orbax.find_trees(folder.path, folder.names)
    found = [n for n in folder.sizes if n.endswith(_PAYLOADS)] + [n for n in _JSON if n in folder.sizes]
    return sorted(found, key=lambda n: (not (is_weights(n) or n.endswith("_model_states.pt")), n))


# -- do the parts belong together? ---------------------------------------------------------------------------
def _check_hf(folder: Folder) -> None:
    for index in (n for n in folder.sizes if n.endswith(".index.json")):
        fd = open_regular(os.path.join(folder.path, index))
        try:
            table = orbax.parse_json(FileBytes(fd, os.fstat(fd).st_size))
        except RefusalError as refusal:
            folder.problems.append((refusal.verdict, f"{escape(index)}: {refusal.reason}"))
            continue
        finally:
            os.close(fd)
        listed = {part.name: part.info.tensors for part in folder.parts}
        problems, notes = compare_map(table, listed, folder.sizes)
        folder.problems += [("mismatch", text) for text in problems]
        folder.notes += notes

    tag = None if folder.within else read_tag(folder.path)
    if tag is not None:
        _take_tag(folder, tag)


def _take_tag(folder: Folder, tag: str) -> None:
    """The DeepSpeed part of a Hugging Face folder."""
    info, parts = look_at(os.path.join(folder.path, tag), within=True)
    if info.damaged:
        folder.problems.append((info.verdict, f"{escape(tag)}: {info.reason}"))
    elif info.verdict in ("vanished", "not-regular"):
        folder.problems.append(("incomplete", f"its `latest` names {escape(tag)}, which is not there"))
    folder.parts += [replace(part, name=f"{tag}/{part.name}") for part in parts]
    folder.sizes.update((f"{tag}/{name}", size) for name, size in info.files)


def _check_deepspeed(folder: Folder) -> None:
    tag = read_tag(folder.path)
    if tag is not None and not any(n.endswith("_states.pt") for n in folder.names):
        text = f"its `latest` names {escape(tag)}, which is not there"
        folder.problems.append(("incomplete", text))
        return
    numbers = {r.name: int(r.value) for part in folder.parts for r in part.info.scalars}
    data, model = numbers.get("dp_world_size", 0), numbers.get("mp_world_size", 0)
    zero = any("zero_pp_rank" in n for n in folder.names)
    reason = missing_rank(folder.names, min(data, 1024) if zero else 0, min(model, 1024))
    if reason and all(text != reason for _, text in folder.problems):
        folder.problems.append(("mismatch", reason))
    _compare_tag(folder)


def _compare_tag(folder: Folder) -> None:
    """`latest` beside the folders is written last: a folder with a higher step was not finished."""
    tag = read_tag(os.path.dirname(folder.path))
    own = os.path.basename(folder.path)
    if tag is None or tag == own:
        return
    named, mine = _number(tag), _number(own)
    if named is not None and mine is not None and mine > named:
        text = f"`latest`, which is written last, still names {escape(tag)}: this save did not end"
        folder.problems.append(("incomplete", text))


def _number(tag: str) -> int | None:
    digits = tag[len(tag.rstrip("0123456789")) :]
    return int(digits) if 0 < len(digits) <= 18 else None


def _check_orbax(folder: Folder) -> None:
    for base, folders, names in os.walk(folder.path):
        folders[:] = [name for name in folders if base.count("/") - folder.path.count("/") < _DEPTH]
        for name in names:
            path = os.path.join(base, name)
            if len(folder.sizes) < MAX_FILES and not os.path.islink(path):
                folder.sizes[os.path.relpath(path, folder.path)] = os.stat(path, follow_symlinks=False).st_size
    if orbax.TEMPORARY in os.path.basename(folder.path):
        folder.problems.append(("incomplete", "its folder still has the temporary name of a save that did not end"))
    elif not folder.parts:
        folder.problems.append(("incomplete", "its tree (_METADATA) is missing"))


_CHECKS: dict[str, Callable[[Folder], None]] = {
    "hf": _check_hf,
    "deepspeed": _check_deepspeed,
    "orbax": _check_orbax,
}


def key_of(path: str) -> tuple[int, ...]:
    """What `CheckpointInfo.key` was made of, now; () if it is gone."""
    try:
        if not os.path.isdir(path) or os.path.islink(path):
            return file_key(os.stat(path, follow_symlinks=False))
        folder = Folder(_resolve_tag(path))
        _list(folder)
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, sum(folder.sizes.values()), *folder.newest)
