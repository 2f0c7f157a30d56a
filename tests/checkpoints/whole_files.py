"""Small whole checkpoint files for tests, made without the libraries that usually write them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np


def safetensors(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    """A safetensors file of single-precision tensors."""
    header: dict[str, object] = {}
    at = 0
    for name, values in tensors.items():
        size = values.size * 4
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + b"".join(v.astype("<f4").tobytes() for v in tensors.values()))
    return path
