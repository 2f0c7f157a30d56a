"""A run that talks to services: W&B, a model hub, a data base of results. All of them on this machine, or dead."""

import argparse
import sqlite3
import time

import torch


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wandb", choices=["", "online", "offline", "disabled"], default="")
    parser.add_argument("--init-timeout", type=float, default=6.0)
    parser.add_argument("--fetch", default="")
    parser.add_argument("--retries", type=int, default=0)
    parser.add_argument("--results", default="")
    parser.add_argument("--steps", type=int, default=40)
    return parser.parse_args()


def fetch(url, retries):
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(retries, backoff_factor=0.1)))
    answer = session.get(url, timeout=3)
    answer.raise_for_status()
    print(f"fetched {len(answer.content)} bytes of weights")


def main():
    args = parse()
    run = None
    if args.fetch:
        fetch(args.fetch, args.retries)
    if args.wandb:
        import wandb

        settings = wandb.Settings(init_timeout=args.init_timeout, x_disable_stats=True)
        run = wandb.init(project="lab", mode=args.wandb, settings=settings, config={"lr": 0.1})
    weights = torch.zeros(16, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.1)
    base = sqlite3.connect(args.results, timeout=1) if args.results else None
    for step in range(args.steps):
        loss = (weights - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if run is not None:
            run.log({"loss": loss.item()})
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}", flush=True)
            if base is not None:
                base.execute("insert into results values (?, ?)", (step, loss.item()))
                base.commit()
            time.sleep(0.05)
    if run is not None:
        run.finish()
    print("Training complete!")


if __name__ == "__main__":
    main()
