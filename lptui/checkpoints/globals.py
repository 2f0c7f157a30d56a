"""Which names a pickle may import without a second thought: an allow-list decides "plain".

The plain names are those that torch's own weights_only reader takes with nothing added to it
(torch/_weights_only_unpickler.py, 2.13). Deny-lists of pickle scanners are bypassed again and again, so
"dangerous" only makes the message louder; whatever is not plain is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lptui.checkpoints.info import GlobalName
from lptui.checkpoints.probe import escape
from lptui.checkpoints.stubs import ITEM_BITS, Label


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN = _words(
    """
    collections.OrderedDict collections.Counter _codecs.encode
    builtins.bytearray builtins.set builtins.complex __builtin__.bytearray __builtin__.set __builtin__.complex
    torch.Size torch.Tensor torch.device torch.nn.parameter.Parameter torch.serialization._get_layout
    torch.storage.TypedStorage torch.storage.UntypedStorage torch._tensor._rebuild_from_type_v2
    torch._utils._rebuild_parameter torch._utils._rebuild_parameter_with_state
    torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2 torch._utils._rebuild_tensor_v3
    torch._utils._rebuild_qtensor torch._utils._rebuild_sparse_tensor torch._utils._rebuild_nested_tensor
    torch._utils._rebuild_meta_tensor_no_storage torch._utils._rebuild_device_tensor_from_numpy
    torch._utils._rebuild_device_tensor_from_cpu_tensor torch._utils._rebuild_wrapper_subclass
    torch.per_tensor_affine torch.per_channel_affine torch.per_tensor_symmetric torch.per_channel_symmetric
    torch.per_channel_affine_float_qparams
    """
)
_TORCH_TYPE = re.compile(
    r"torch(?:\.cuda)?(?:\.sparse)?\.(?:Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Tensor"
    r"|torch(?:\.cuda)?\.[A-Z][A-Za-z0-9]*Storage"
    r"|torch\.(?:u?int[1-7]|bits\dx\d)"
)
_KNOWN = (
    "torch.", "torch_", "torchvision.", "numpy.", "omegaconf.", "transformers.", "tokenizers.", "accelerate.",
    "peft.", "lightning.", "pytorch_lightning.", "lightning_fabric.", "stable_baselines3.", "gymnasium.",
    "gym.", "tensordict.", "torchrl.", "pufferlib.", "metta.", "mettagrid.", "pathlib.", "argparse.Namespace",
    "collections.defaultdict", "collections.deque", "datetime.", "enum.", "uuid.UUID", "decimal.Decimal",
    "fractions.Fraction", "typing.", "copyreg._reconstructor", "copy_reg._reconstructor", "random.Random",
    "safetensors.", "sklearn.",
)  # fmt: skip
_DANGEROUS_MODULES = _words(
    """
    os posix nt posixpath ntpath sys subprocess _posixsubprocess pty runpy importlib imp pkgutil zipimport
    _frozen_importlib _frozen_importlib_external socket _socket ssl socketserver ctypes _ctypes cffi shutil
    pickle _pickle cPickle dill cloudpickle joblib marshal shelve code codeop types timeit pdb bdb cProfile
    doctest unittest webbrowser threading _thread multiprocessing asyncio urllib urllib2 http httplib requests
    aiohttp httpx ftplib smtplib telnetlib xmlrpc pip setuptools distutils ensurepip venv idlelib lib2to3
    commands popen2 thread SocketServer BaseHTTPServer SimpleHTTPServer CGIHTTPServer xmlrpclib
    """
)
_DANGEROUS_CALLS = _words(
    """
    eval exec execfile open __import__ setattr delattr breakpoint system popen popen2 popen3 popen4 spawn
    spawnl spawnlp spawnv spawnvp execv execve execvp execl execlp fork forkpty posix_spawn Popen run_module
    run_path runcode runsource runstring check_output check_call getoutput getstatusoutput attrgetter
    methodcaller __globals__ __builtins__ __subclasses__ __getattribute__
    """
)
_DANGEROUS = _words(
    """
    builtins.compile builtins.input builtins.vars builtins.globals builtins.locals
    builtins.map builtins.filter
    __builtin__.compile __builtin__.input __builtin__.vars __builtin__.globals __builtin__.locals
    __builtin__.file __builtin__.map __builtin__.filter __builtin__.apply __builtin__.reduce
    torch.load torch.hub.load torch.hub.load_state_dict_from_url torch.serialization.load torch.jit.load
    torch.package.PackageImporter torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline
    torch.storage._load_from_bytes torch.ops.load_library torch.classes.load_library
    torch.utils._config_module.load_config torch.distributed.rpc.rpc_sync
    numpy.load numpy.f2py.compile functools.reduce
    transformers.dynamic_module_utils.get_class_from_dynamic_module
    """
)
_HARMLESS = frozenset(("types.SimpleNamespace",))


_BUILTIN_TYPES = frozenset(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in _words("list dict tuple int float str bytes bool object range slice frozenset unicode long")
)


def classify(label: Label) -> str:
    """plain, known (a library of the trade), unknown, or dangerous (reaches the system or runs code)."""
    full = label.full
    if full in _PLAIN or _is_torch_type(label):
        return "plain"
    if full in _BUILTIN_TYPES or full in _HARMLESS:
        return "known"
    parts = full.split(".")
    if parts[0] in _DANGEROUS_MODULES or full in _DANGEROUS:
        return "dangerous"
    own = label.name.split(".")
    # protocol 4 resolves dotted names: torch.serialization "os.system" is os.system
    if not _DANGEROUS_CALLS.isdisjoint(own) or not _DANGEROUS_MODULES.isdisjoint(own[:-1]):
        return "dangerous"
    if not full.isprintable() or "" in parts:
        return "unknown"
    return "known" if full.startswith(_KNOWN) else "unknown"


def classify_all(labels: Iterable[Label], reaches_out: bool) -> tuple[GlobalName, ...]:
    """Each name once with its class, worst first; getattr is dangerous where it is used to reach out."""
    found: dict[str, str] = {}
    for label in labels:
        kind = classify(label)
        if label.name == "getattr" and label.module in ("builtins", "__builtin__"):
            kind = "dangerous" if reaches_out else "unknown"
        found[escape(label.full)] = kind
    order = {"dangerous": 0, "unknown": 1, "known": 2, "plain": 3}
    return tuple(GlobalName(n, k) for n, k in sorted(found.items(), key=lambda i: (order[i[1]], i[0])))


def _is_torch_type(label: Label) -> bool:
    if label.module == "torch" and label.name in ITEM_BITS:
        return True
    return _TORCH_TYPE.fullmatch(label.full) is not None
