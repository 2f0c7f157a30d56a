"""A character model, as transformer or recurrent net; the slips of an afternoon can be switched on."""

import argparse
import time

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm

TEXT = "the quick brown fox jumps over the lazy dog. errors: none, nan: none. " * 60


class Attention(nn.Module):
    """A transformer of one layer."""

    def __init__(self, vocabulary, width, heads):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.block = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, ids):
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        return self.head(self.block(self.embed(ids), src_mask=mask, is_causal=True))


class Recurrent(nn.Module):
    """A GRU whose state is carried from batch to batch."""

    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.core = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)
        self.state = None

    def forward(self, ids):
        out, self.state = self.core(self.embed(ids), self.state)
        return self.head(out)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["attention", "recurrent"], default="attention")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=0, help="0: as many as there are characters")
    parser.add_argument("--detach", action="store_true", help="cut the recurrent state from the graph each step")
    parser.add_argument("--inplace", action="store_true", help="mask logits in place")
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--amp", choices=["", "fp16", "bf16"], default="")
    parser.add_argument("--init-scale", type=float, default=65536.0)
    parser.add_argument("--loss-scale", type=float, default=1.0)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--slow-from", type=int, default=0)
    parser.add_argument("--log", choices=["bar", "lines"], default="bar")
    return parser.parse_args()


def compute_loss(model, ids, args):
    logits = model(ids[:, :-1])
    if args.inplace:
        weights = torch.sigmoid(logits)
        weights *= 0.5
        logits = weights * logits
    return F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten()) * args.loss_scale


def train(model, data, args):
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    scaler = torch.amp.GradScaler("cpu", init_scale=args.init_scale, enabled=args.amp == "fp16")
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(args.amp)
    bar = tqdm(range(args.steps), desc="train", mininterval=0) if args.log == "bar" else range(args.steps)
    begun = time.perf_counter()
    for step in bar:
        at = torch.randint(0, len(data) - 33, (8,))
        ids = torch.stack([data[i : i + 33] for i in at])
        with torch.autocast("cpu", dtype=kind, enabled=kind is not None):
            loss = compute_loss(model, ids, args)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        if args.detach and model.state is not None:
            model.state = model.state.detach()
        if args.amp == "fp16" and scaler.get_scale() < scale:
            print(f"Gradient overflow. Skipping step, reducing loss scale to {scaler.get_scale()}", flush=True)
        if args.slow_from and step >= args.slow_from:
            time.sleep(0.4)
        if args.log == "bar":
            bar.set_postfix(loss=f"{loss.item():.3f}")
        else:
            speed = 1 / max(1e-9, time.perf_counter() - begun)
            begun = time.perf_counter()
            print(f"step {step} loss {loss.item():.4f} steps_per_second {speed:.2f}", flush=True)


def main():
    args = parse()
    torch.manual_seed(0)
    characters = sorted(set(TEXT))
    data = torch.tensor([characters.index(c) for c in TEXT])
    vocabulary = args.vocabulary or len(characters)
    make = {"attention": lambda: Attention(vocabulary, args.width, args.heads)}
    make["recurrent"] = lambda: Recurrent(vocabulary, args.width)
    model = make[args.model]()
    if args.frozen:
        model.requires_grad_(False)
    if args.compile:
        model = torch.compile(model)
    print(f"vocabulary {vocabulary}, {sum(p.numel() for p in model.parameters()):,} parameters, {len(data)} tokens")
    train(model, data, args)
    print("Training complete!")


if __name__ == "__main__":
    main()
