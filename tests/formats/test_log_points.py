from __future__ import annotations

import pytest

from lptui.formats.log_points import UNITS, collect_points
from lptui.formats.progress import scan
from lptui.model.events import DatedFact

Series = dict[str, dict[str, list[tuple[float, float]]]]


def read(text: str) -> Series:
    """unit -> name -> (count, value), of a whole log."""
    facts = tuple(DatedFact(fact.offset, fact.fact) for fact in scan(text.encode()))
    return {
        unit: {p.key: list(zip(p.steps, p.values, strict=True)) for p in columns}
        for unit in UNITS
        if (columns := collect_points(facts, unit))
    }


SB3 = """\
------------------------------------------
| rollout/                |              |
|    ep_rew_mean          | 23           |
| time/                   |              |
|    fps                  | 647          |
|    total_timesteps      | 1024         |
| train/                  |              |
|    approx_kl            | 9.406358e-08 |
|    loss                 | 36.6         |
------------------------------------------
"""
# print_dashboard of pufferlib.pufferl 3.0, at 80 columns: tables side by side, names cut short
PUFFER = """\
╭──────────────────────────────────────────────────────────────────────────────╮
│  PufferLib 3.0    🐡          CPU:       GPU: 0.0%  DRAM: 1.0%   VRAM: 0.0%  │
│                               50.0%                                          │
│                                                                              │
│  Summary          Value    Evaluate     12s  40%    Losses            Value  │
│  Env        puffer_cart      Forwa…     12s  40%    policy_loss      -0.001  │
│  Params          139.5K      Env        12s  40%    value_loss        0.250  │
│  Steps            41.2M      Copy       12s  40%    entropy           0.700  │
│  SPS               1.3M      Misc       12s  40%    old_approx_kl     0.001  │
│  Epoch               62    Train        12s  40%    approx_kl         0.004  │
│  Uptime           1m 5s      Forwa…     12s  40%    clipfrac          0.050  │
│  Remaini…         2m 1s      Learn      12s  40%    importance        1.000  │
│                              Copy       12s  40%    explained_var…    0.900  │
│                              Misc       12s  40%                             │
│                                                                              │
│  User Stats                    Value    User Stats                    Value  │
│  perf                          0.500    score                        12.250  │
│  episode_return                3.500    episode_length              200.000  │
│  n                            32.000                                         │
╰──────────────────────────────────────────────────────────────────────────────╯
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step=120 loss=0.5 lr=1e-3\n", {"step": {"loss": [(120, 0.5)], "lr": [(120, 0.001)]}}),
        (
            "{'loss': 0.69, 'learning_rate': 5e-05, 'epoch': 1.5}\n",
            {"epoch": {"loss": [(1.5, 0.69)], "learning_rate": [(1.5, 5e-05)]}},
        ),
        (
            "{'loss': '25.07', 'grad_norm': '14.4', 'epoch': '2'}\n",  # as transformers 5 prints
            {"epoch": {"loss": [(2, 25.07)], "grad_norm": [(2, 14.4)]}},
        ),
        (
            "Epoch 3: train_loss=0.5 val_loss=0.7\nEpoch 4: train_loss=0.4 val_loss=0.6\n",
            {"epoch": {"train_loss": [(3, 0.5), (4, 0.4)], "val_loss": [(3, 0.7), (4, 0.6)]}},
        ),
        ("Epoch 2 step 30 loss=0.5\n", {"step": {"loss": [(30, 0.5)], "log/epoch": [(30, 2)]}}),
    ],
)
def test_lines_by_what_they_count(text: str, expected: Series) -> None:
    assert read(text) == expected


def test_a_table_of_sb3_has_the_names_of_its_files() -> None:
    found = read(SB3)["step"]
    assert found["rollout/ep_rew_mean"] == [(1024, 23)]
    assert found["train/approx_kl"] == [(1024, 9.406358e-08)]
    assert found["time/fps"] == [(1024, 647)]
    assert "log/steps_per_second" not in found  # it would be the same again


@pytest.mark.parametrize("before", ["", "\x1b[0;0H"])
def test_frames_of_pufferlib(before: str) -> None:
    later = PUFFER.replace("41.2M", "42.5M").replace("12.250", "13.500")
    found = read(before + PUFFER + "\n" + before + later)["step"]
    steps = (41_200_000, 42_500_000)
    assert found["policy_loss"] == [(step, -0.001) for step in steps]
    assert found["score"] == [(41_200_000, 12.25), (42_500_000, 13.5)]
    assert found["log/epoch"] == [(step, 62) for step in steps]
    names = {"policy_loss", "value_loss", "entropy", "old_approx_kl", "approx_kl", "clipfrac", "importance"}
    stats = {"perf", "score", "episode_return", "episode_length", "n"}
    assert found.keys() == names | stats | {"explained_var", "SPS", "log/epoch"}


def test_the_postfix_of_a_bar() -> None:
    found = read("\r  8%|▊         | 42/500 [00:12<02:15,  3.40it/s, loss=0.693, acc=0.5]\n")["step"]
    assert (found["loss"], found["acc"]) == ([(42, 0.693)], [(42, 0.5)])
    assert found["log/steps_per_second"] == [(42, 3.4)]
