"""The safetensors format, float32 only: through the package if it is there, else by hand (it is a JSON header
and raw bytes). Specification: https://github.com/huggingface/safetensors#format"""

from __future__ import annotations

import json
import math

import numpy as np

from lptui.demo.policy import Weights


def write_safetensors(weights: Weights, facts: dict[str, str]) -> bytes:
    """The whole file as bytes, `facts` as its metadata."""
    try:
        from safetensors.numpy import save
    except ImportError:
        return encode(weights, facts)
    return save({name: np.ascontiguousarray(array) for name, array in weights.items()}, metadata=facts)


def encode(weights: Weights, facts: dict[str, str]) -> bytes:
    """The file written by hand."""
    header: dict[str, object] = {"__metadata__": facts}
    body = bytearray()
    for name, array in weights.items():
        raw = np.ascontiguousarray(array, dtype="<f4").tobytes()
        end = len(body) + len(raw)
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), end]}
        body += raw
    text = json.dumps(header).encode()
    # readers map the tensors in place, so the body begins at a multiple of 8
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(body)


def read_safetensors(data: bytes) -> Weights:
    """Tensors by name. ValueError if the bytes do not cover what the header promises."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 + size:
        raise ValueError(f"safetensors header of {size} bytes is cut at {len(data)}")
    header = json.loads(data[8 : 8 + size])
    body = data[8 + size :]
    weights: Weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if end > len(body) or entry["dtype"] != "F32" or end - begin != 4 * math.prod(entry["shape"]):
            raise ValueError(f"tensor {name}: bytes {begin}..{end} do not fit a body of {len(body)}")
        flat = np.frombuffer(body[begin:end], dtype="<f4").astype(np.float32)
        weights[name] = flat.reshape(entry["shape"])
    return weights
