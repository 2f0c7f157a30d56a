"""A small transformer that learns the text of Python's own documentation strings, nanoGPT's way of printing.

    python transformer.py --lines 20000

Every 400 steps it prints what it generates: text that talks about errors, NaN and signals, as its data does.
"""

from __future__ import annotations

import argparse
import builtins
import math
import signal
import time

import torch
from torch import nn

CONTEXT = 48


def read_text() -> str:
    return "\n".join(
        f"{name}: {doc}"
        for where in (builtins, signal, math)
        for name in dir(where)
        if (doc := getattr(where, name).__doc__)
    )


class Net(nn.Module):
    def __init__(self, vocabulary: int, width: int = 48) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(CONTEXT, width)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.body(self.token(x) + self.place(torch.arange(x.shape[1])), mask=mask, is_causal=True))


def generate(net: Net, start: torch.Tensor, letters: list[str], count: int = 120) -> str:
    x = start[None, :]
    with torch.no_grad():
        for _ in range(count):
            chances = net(x[:, -CONTEXT:])[0, -1].softmax(0)
            x = torch.cat([x, torch.multinomial(chances, 1)[None, :]], 1)
    return "".join(letters[i] for i in x[0].tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=20_000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    text = read_text()
    letters = sorted(set(text))
    data = torch.tensor([letters.index(c) for c in text])
    net = Net(len(letters))
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    print(f"number of parameters: {sum(p.numel() for p in net.parameters()) / 1e6:.2f}M, {len(text):,} characters")
    for step in range(args.lines):
        begun = time.perf_counter()
        at = torch.randint(len(data) - CONTEXT - 1, (8,))
        x, y = (torch.stack([data[i + d : i + d + CONTEXT] for i in at.tolist()]) for d in (0, 1))
        loss = nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        cost = 1000 * (time.perf_counter() - begun)
        print(f"step {step} | loss {loss.item():.4f} | gnorm {norm:.3f} | {cost:.1f} ms/step")
        if step % 400 == 399:
            print(f"--- sample ---\n{generate(net, data[at[0] : at[0] + CONTEXT], letters)}\n--------------")


if __name__ == "__main__":
    main()
