"""NVML through pynvml's ctypes path: one gate for every query, which turns each error into a reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lptui.files import FileFailure, open_file, stat_file
from lptui.formats.nvml_values import FUNCTION_NOT_FOUND, NO_LIBRARY, Refusal, refusal_of

_BINDING_FAULTS = (TypeError, ValueError, AttributeError, OSError)

LIBRARY = "libnvidia-ml.so.1"
LINKER_CACHE = "/etc/ld.so.cache"
MOST_CACHE = 16 << 20

Answer = tuple[Any, Refusal | None]


class Nvml:
    """The library of this process. Its methods block as long as the driver does: for threads that may."""

    def __init__(self) -> None:
        self._pynvml: Any = None
        self.driver = ""

    def start(self) -> tuple[int, Refusal | None]:
        """Load and initialise NVML: the number of devices, or why there are none."""
        if self._pynvml is None:
            if not has_library():
                return 0, replace(refusal_of(NO_LIBRARY), kind="down")
            try:
                import pynvml
            except ImportError:
                return 0, Refusal("down", "nvidia-ml-py is not installed: pip install nvidia-ml-py")
            self._pynvml = pynvml
        _, refusal = self.query("nvmlInit")
        if refusal is not None:
            return 0, replace(refusal, kind="down")  # whatever the code: there is no device then
        self.driver = str(self.query("nvmlSystemGetDriverVersion")[0] or "")
        count, refusal = self.query("nvmlDeviceGetCount")
        if refusal is not None:
            self.stop()
            return 0, replace(refusal, kind="down")
        return int(count), None

    def stop(self) -> None:
        """Shut NVML down. Only when no other thread is inside a query (nvitop#222: a crash)."""
        self.query("nvmlShutdown")

    def query(self, call: str, *args: Any) -> Answer:
        """The one gate: what pynvml's `call` returns, or why it returned nothing."""
        function: Callable[..., Any] | None = getattr(self._pynvml, call, None)
        if function is None:
            return None, refusal_of(FUNCTION_NOT_FOUND)
        try:
            return function(*args), None
        except self._pynvml.NVMLError as error:
            return None, refusal_of(int(error.value))
        except _BINDING_FAULTS as error:  # e.g. nvidia-ml-py 13.615 raises TypeError for memory that is not available
            return None, Refusal("later", f"nvidia-ml-py failed: {type(error).__name__}")


def has_library() -> bool:
    """Whether the dynamic linker would find NVML, where that can be told without loading anything (glibc); else True.
    Most machines without a device have none, and importing pynvml to hear so is a tenth of a start-up."""
    if os.environ.get("LD_LIBRARY_PATH") or not sys.platform.startswith("linux"):
        return True
    try:
        cache = open_file(LINKER_CACHE)
        known = LIBRARY.encode() in cache.pread(0, MOST_CACHE)
        cache.close()
    except FileFailure:
        return True
    return known or any(_is_there(f"{folder}/{LIBRARY}") for folder in ("/lib64", "/usr/lib64", "/lib", "/usr/lib"))


def _is_there(path: str) -> bool:
    try:
        return stat_file(path).is_file
    except FileFailure:
        return False
