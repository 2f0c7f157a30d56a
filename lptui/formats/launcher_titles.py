"""What happened, in one row, from the lines of a launcher."""

from __future__ import annotations

from signal import Signals

from lptui.formats.fold import Kind
from lptui.formats.log_prefix import strip_prefix
from lptui.text import plural
from lptui.text.regex import Regex

_FAILED = Regex(rb"failed \(exitcode: (-?\d{1,4})\) local_rank: (\d{1,6})")
_LEFT = Regex(rb"Worker group [A-Z]{4,12}\. (\d{1,6})/(\d{1,6}) attempts left; will restart")
_NODES = Regex(rb"Detected (\d{1,6}) new nodes")
_COUNT = Regex(rb"restart_count=(\d{1,6})")
_DEATH = Regex(rb"Received (?:Signals\.)?(SIG[A-Z]{2,8}|\d{1,3}) death signal")
_ENTRY = Regex(rb"entrypoint {0,20}: ([^\n]{1,200})")
_PROCESSES = Regex(rb"nproc_per_node {0,20}: (\d{1,6})")
_MOST = Regex(rb"max_restarts {0,20}: (\d{1,6})")
_THREADS = Regex(rb"OMP_NUM_THREADS environment variable for each process to be (\d{1,4})")
_CANCELLED = Regex(
    rb"\*\*\* (?:JOB|STEP|StepId=)? ?([\d_.+]{1,40})\S{0,20} ON (\S{1,80}) CANCELLED AT (\S{1,40})"
    rb"(?: DUE TO ([A-Z ]{1,40}))?"
)
_TASKS = Regex(rb"srun: error: (\S{1,80}): tasks? ([\d,-]{1,80}): ([^\n]{1,80})")
_GRANTED = Regex(rb"(?:Granted|Pending) job allocation (\d{1,12})")
_REASONS = {
    "JOB REQUEUE": "requeued job {job}",
    "PREEMPTION": "preempted job {job}",
    "TIME LIMIT": "ended job {job} at its time limit",
    "NODE": "ended job {job}: a node failed",
}


def _text(found: bytes | None) -> str:
    return "" if found is None else found.decode("utf-8", "replace").strip()


def tell_torchrun(block: bytes) -> tuple[Kind, str]:
    """torchrun's agents."""
    failed = [
        f"local rank {int(rank)} ended with exit code {_tell_code(int(code))}" for code, rank in _FAILED.findall(block)
    ]
    left, nodes, counts = _LEFT.search(block), _NODES.search(block), _COUNT.findall(block)
    restart = int(counts[-1]) if counts else 0
    if left is not None or nodes is not None or restart:
        most = f" of {int(left[2])}" if left is not None else ""
        number = int(left[2]) - int(left[1]) + 1 if left is not None else restart
        words = [*failed[:2], plural(int(nodes[1]), "new node") if nodes is not None else ""]
        return "restart", _join(f"torchrun restarts the workers ({number}{most})", words)
    entry, processes, most = _ENTRY.search(block), _PROCESSES.search(block), _MOST.search(block)
    if entry is not None:
        words = [f"{plural(int(processes[1]), 'process', 'processes')} a node" if processes is not None else ""]
        words.append(f"up to {plural(int(most[1]), 'restart')}" if most is not None and int(most[1]) else "")
        return "banner", _join(f"torchrun starts {_text(entry[1])}", words)
    death = _DEATH.search(block)
    if death is not None:
        return "restart", f"torchrun takes the workers down: it got {_tell_signal(_text(death[1]))}"
    stopped = block.count(b"closing signal")
    if failed:
        return "restart", _join("torchrun", [*failed[:2], f"{plural(stopped, 'worker')} stopped" if stopped else ""])
    if b"successfully finished" in block:
        return "banner", "torchrun: the workers ended well"
    threads = _THREADS.search(block)
    if threads is not None:
        return "banner", f"torchrun: OMP_NUM_THREADS is {int(threads[1])} in each process"
    return "banner", f"torchrun: {_first_message(block)}"


def tell_slurm(block: bytes) -> tuple[Kind, str]:
    """slurmstepd, srun, salloc."""
    cancelled = _CANCELLED.search(block)
    if cancelled is not None:
        job, node, at = _text(cancelled[1]), _text(cancelled[2]), _text(cancelled[3])
        reason = _text(cancelled[4])
        words = next((words for name, words in _REASONS.items() if reason.startswith(name)), "cancelled job {job}")
        return "restart", f"Slurm {words.format(job=job.partition('.')[0])}: {node}, {at}"
    tasks = _TASKS.search(block)
    if tasks is not None:
        which = "tasks" if b"-" in tasks[2] or b"," in tasks[2] else "task"
        return "restart", f"srun: {which} {_text(tasks[2])} of {_text(tasks[1])}: {_text(tasks[3])}"
    granted = _GRANTED.search(block)
    if granted is not None:
        return "banner", f"Slurm gave the allocation {_text(granted[1])}"
    return "banner", _first_message(block)


def tell_environment(block: bytes) -> tuple[Kind, str]:
    """What a batch script printed of Slurm's variables."""

    def value(*names: str) -> str:
        for name in names:
            found = Regex(rb"\b%s ?[=:] ?\"?([^\"\n]{1,120})" % name.encode()).search(block)
            if found is not None and (text := _text(found[1])):
                return text
        return ""

    restarts = value("SLURM_RESTART_COUNT")
    again = restarts.isdigit() and int(restarts) > 0
    nodes = value("SLURM_JOB_NODELIST", "SLURM_NODELIST", "SLURMD_NODENAME")
    words = [f"requeued {plural(int(restarts), 'time')}" if again else "", f"on {nodes}" if nodes else ""]
    return "restart" if again else "banner", _join(f"Slurm job {value('SLURM_JOB_ID', 'SLURM_JOBID')}".strip(), words)


def tell_accelerate(block: bytes) -> tuple[Kind, str]:
    """What `accelerate launch` was not told."""
    return (
        "config",
        f"accelerate launch: {plural(block.count(b'was set to a value'), 'value')} not passed, defaults used",
    )


def tell_ray(block: bytes) -> tuple[Kind, str]:
    """Ray Train's controller."""
    policy = Regex(rb"\[FailurePolicy\] ([A-Z]{3,12})").search(block)
    if policy is not None:
        source = Regex(rb"Source: ([^\n]{1,80})").search(block)
        count = Regex(rb"Error count: ([^\n]{1,80})").search(block)
        words = [
            _text(source[1]) if source is not None else "",
            f"error {_text(count[1])}" if count is not None else "",
        ]
        what = "restarts the workers" if policy[1] == b"RETRY" else f"gives up ({_text(policy[1]).lower()})"
        return "restart", _join(f"Ray {what}", words)
    size = Regex(rb"worker group of size (\d{1,6})").search(block)
    return "banner", f"Ray started {plural(int(size[1]), 'worker')}" if size is not None else _first_message(block)


def tell_lightning(block: bytes) -> tuple[Kind, str]:
    """Lightning's Trainer."""
    restored = Regex(rb"Restor(?:ing|ed) (?:all )?states from the checkpoint (?:path )?at ([^\n]{1,400})").search(block)
    members = Regex(rb"Initializing distributed: GLOBAL_RANK: \d{1,6}, MEMBER: \d{1,6}/(\d{1,6})").search(block)
    total = Regex(rb"Total params: ([\d.,]{1,16} ?[KMB]?)|([\d.,]{1,16} {1,4}[KMB]?) +Total params").search(block)
    words = [f"{int(members[1])} ranks" if members is not None else ""]
    words.append(f"{_text(total[1] or total[2])} parameters" if total is not None else "")
    if restored is not None:
        return "restart", _join(f"Lightning goes on from {_text(restored[1])}", words)
    return "banner", _join("Lightning starts", words)


def _tell_code(code: int) -> str:
    """'1', '-9 (SIGKILL)'."""
    return f"{code} ({_tell_signal(str(-code))})" if code < 0 else str(code)


def _tell_signal(name: str) -> str:
    """The name of a signal that is told by its number."""
    try:
        return Signals(int(name)).name if name.isdigit() else name
    except ValueError:
        return f"signal {name}"


def _join(head: str, words: list[str]) -> str:
    said = ", ".join(word for word in words if word)
    return f"{head}: {said}" if said else head


def _first_message(block: bytes) -> str:
    return _text(strip_prefix(block.partition(b"\n")[0]))
