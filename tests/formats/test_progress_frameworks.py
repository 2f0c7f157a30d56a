"""What the frameworks print, one shape each: lines written after their sources, with numbers of our own."""

from __future__ import annotations

import math

import pytest

from lptui.formats.progress import Progress, scan

BLOCKS = "\u2501" * 20


def only(text: str) -> Progress:
    (fact,) = scan(text.encode() + b"\n")
    assert isinstance(fact.fact, Progress)
    return fact.fact


@pytest.mark.parametrize(
    ("text", "step", "epoch", "metrics"),
    [
        # Keras 2, Keras 3
        (
            "1875/1875 [=================] - 5s 3ms/step - loss: 0.2130 - accuracy: 0.9374 - val_loss: nan",
            1875, None, {"loss": 0.213, "accuracy": 0.9374, "val_loss": math.nan},
        ),
        (
            f"\x1b[1m60/1875\x1b[0m \x1b[32m{BLOCKS}\x1b[0m\x1b[0m \x1b[1m5s\x1b[0m 3ms/step - acc: 0.9 - loss: inf",
            60, None, {"acc": 0.9, "loss": math.inf},
        ),
        # Lightning: the bar begins anew every epoch, the step is that of the training
        ("Epoch 4:  33%|###3      | 9/27 [00:02<00:04, 4.4it/s, v_num=1, train_loss=nan.0]", 117, 4, {"v_num": 1.0}),
        ("Epoch 4:  33%|###3      | 9/27 [00:02<00:04, 4.4it/s, loss=nan]", 117, 4, {"loss": math.nan}),
        # Lightning on Rich, Rich
        (
            f"Epoch 4/9 \x1b[35m{BLOCKS}\x1b[0m \x1b[37m 9/27\x1b[0m 0:00:02 • 0:00:04 4.40it/s v_num: 1.000 loss: nan",
            117, 4, {"v_num": 1.0, "loss": math.nan},
        ),
        (f"Epoch 0 \x1b[91m{BLOCKS}\x1b[0m\x1b[91m╸\x1b[0m \x1b[32m  75/2000\x1b[0m -:--:--", 75, 0, {}),
        # torchtune, llama-recipes: the loss is in the label
        ("1|50|Loss: 1.2345678:   2%|2         | 50/2000 [00:41<27:04, 1.20it/s]", 50, None, {"Loss": 1.2345678}),
        (
            "Training Epoch: 1/3, step 10/100 completed (loss: nan): 10%|#    | 10/100 [00:12<01:50, 1.23s/it]",
            10, 1, {"loss": math.nan},
        ),
        # Ultralytics
        (
            "      3/100     2.51G    1.234     nan    1.101     16      640: 100%|#| 8/8 [00:01<00:00, 7.1it/s]",
            24, 3, {"box_loss": 1.234, "cls_loss": math.nan, "dfl_loss": 1.101},
        ),
        # fairseq: pipes, JSON
        (
            "epoch 002 | loss 9.801 | nll_loss 9.3 | ppl 630.5 | num_updates 1200 | lr 0.0003 | gnorm nan",
            1200, 2, {"loss": 9.801, "nll_loss": 9.3, "ppl": 630.5, "lr": 0.0003, "gnorm": math.nan},
        ),
        (
            '{"epoch": 2, "update": 1.2, "loss": "9.8", "gnorm": "nan", "num_updates": "1200"}',
            1200, 2, {"loss": 9.8, "gnorm": math.nan},
        ),
        # Megatron
        (
            " iteration      100/     500 | consumed samples:  800 | elapsed time per iteration (ms): 42.1 "
            "| learning rate: 1.5E-04 | lm loss: 1.200E+00 | loss scale: 1.0 | grad norm: nan "
            "| number of nan iterations:   0 |",
            100, None,
            {"consumed_samples": 800, "elapsed_time_per_iteration_(ms)": 42.1, "learning_rate": 1.5e-4, "lm_loss": 1.2,
             "loss_scale": 1.0, "grad_norm": math.nan, "number_of_nan_iterations": 0.0},
        ),
        # mmengine
        (
            "2026/01/02 10:00:00 - mmengine - INFO - Epoch(train)  [2][ 50/200]  lr: 1.0e-03  time: 0.41  loss: nan",
            None, 2.25, {"lr": 1e-3, "time": 0.41, "loss": math.nan},
        ),
        # CleanRL, ML-Agents, PufferLib's plain line
        ("global_step=4096, episodic_return=[21.]", 4096, None, {"episodic_return": 21.0}),
        (
            "[INFO] Walker. Step: 30000. Time Elapsed: 61.2 s. Mean Reward: 12.5. Std of Reward: 3.1. Training.",
            30000, None, {"Elapsed": 61.2, "Mean_Reward": 12.5, "Std_of_Reward": 3.1},
        ),
        ("epoch 12 steps 1.5M SPS 80K score 0.7 entropy nan", 1_500_000, 12,
         {"SPS": 80_000.0, "score": 0.7, "entropy": math.nan}),
        # clu, JSON lines, a bare loss
        ("I0102 10:00:00.123456 140 logging_writer.py:48] [700] accuracy=0.9, loss=nan", 700, None,
         {"accuracy": 0.9, "loss": math.nan}),
        ('{"level": "info", "step": 30, "train_loss": NaN}', 30, None, {"train_loss": math.nan}),
        ("train loss: 0.51  val loss: 0.62", None, None, {"train_loss": 0.51, "val_loss": 0.62}),
        ("Epoch 2/10, Train Loss: 0.5, Val Loss: nan", None, 2, {"Train_Loss": 0.5, "Val_Loss": math.nan}),
    ],
)  # fmt: skip
def test_a_line_of(text: str, step: int | None, epoch: float | None, metrics: dict[str, float]) -> None:
    found = only(text)
    assert (found.step, found.epoch) == (step, epoch)
    assert repr(sorted(found.metrics)) == repr(sorted((k, float(v)) for k, v in metrics.items()))


def test_a_table_of_stable_baselines_is_one_statement() -> None:
    found = only(
        "----------------------------------\n"
        "| rollout/           |           |\n"
        "|    ep_len_mean     | 22.1      |\n"
        "|    ep_rew_mean     | -7.3e+04  |\n"
        "| time/              |           |\n"
        "|    fps             | 1218      |\n"
        "|    iterations      | 3         |\n"
        "|    total_timesteps | 6144      |\n"
        "| train/             |           |\n"
        "|    loss            | nan       |\n"
        "----------------------------------"
    )
    assert (found.form, found.step, found.steps_per_second) == ("table", 6144, 1218.0)
    assert repr(found.metrics) == repr(
        (("rollout/ep_len_mean", 22.1), ("rollout/ep_rew_mean", -7.3e4), ("time/fps", 1218.0), ("train/loss", math.nan))
    )


def test_tables_follow_one_another() -> None:
    one = "| time/ | |\n|    total_timesteps | {} |\n| train/ | |\n|    value_loss | {} |\n----\n"
    text = "".join(one.format(n * 1000, n / 10) for n in range(1, 4))
    facts = [fact.fact for fact in scan(text.encode())]
    assert [(f.step, f.metrics) for f in facts if isinstance(f, Progress)] == [
        (1000, (("train/value_loss", 0.1),)),
        (2000, (("train/value_loss", 0.2),)),
        (3000, (("train/value_loss", 0.3),)),
    ]


def test_spinning_up_and_a_box_of_rich() -> None:
    up = only("| Epoch        |    3 |\n| AverageEpRet |  -31.5 |\n| TotalEnvInteracts |  12000 |\n| LossPi | inf |")
    assert (up.epoch, up.step, up.metrics) == (3, 12000, (("AverageEpRet", -31.5), ("LossPi", math.inf)))
    rich = only(
        "\u2502  Agent Steps   41.2M \u2502 value_loss   0.12 \u2502\n\u2502  SPS   1.5M \u2502 policy_loss  nan \u2502"
    )
    assert (rich.step, rich.steps_per_second) == (41_200_000, 1_500_000.0)
    assert repr(rich.metrics) == repr((("value_loss", 0.12), ("SPS", 1.5e6), ("policy_loss", math.nan)))


RSL_RL = """\
################################################################################
                     \x1b[1m Learning iteration 912/50000 \x1b[0m

                       Computation: 58211 steps/s (collection: 1.540s, learning 0.148s)
             Mean action noise std: 0.53
          Mean value_function loss: inf
                       Mean reward: 15.92
   Episode_Reward/track_lin_vel_xy: 0.7811
--------------------------------------------------------------------------------
                   Total timesteps: 89653248
                    Iteration time: 1.69s
"""


def test_a_report_of_rsl_rl() -> None:
    (fact,) = scan(RSL_RL.encode())
    found = fact.fact
    assert isinstance(found, Progress)
    assert (found.step, found.total_steps, found.steps_per_second) == (912, 50000, 58211.0)
    metrics = dict(found.metrics)
    assert metrics["Mean value_function loss"] == math.inf
    assert (metrics["Mean reward"], metrics["Episode_Reward/track_lin_vel_xy"]) == (15.92, 0.7811)


def test_rows_alone_are_read_too() -> None:
    """A live log may be cut anywhere."""
    assert only("          Mean value_function loss: nan").metrics[0][0] == "Mean value_function loss"
    assert only("|    value_loss | 7.4e+05 |").metrics == (("value_loss", 7.4e5),)
    assert only("Mean Reward: 69.81").metrics == (("Mean Reward", 69.81),)


def test_a_heading_and_what_stands_below() -> None:
    found = only("--------------iter: [ 9500/25000]--------------\nTrain loss: 0.5\nVal loss: 0.6")
    assert (found.step, found.total_steps, found.metrics) == (9500, 25000, (("Train loss", 0.5), ("Val loss", 0.6)))
    assert (only("Epoch 3/10").epoch, only("Epoch 3/10").metrics) == (3, ())


@pytest.mark.parametrize(
    "text",
    [
        "| seed            | 42 |\n| total_timesteps | 1000000 |\n| max_grad_norm | inf |\n| target_kl | nan |",
        "| NVIDIA-SMI 535.54.03   Driver Version: 535.54.03   CUDA Version: 12.2 |",
        "  0 | model | ResNet | 11.2 M\n|  0 | encoder | Linear | 12 |",
        "max_loss_scale: 65536\nreward_scale: 0.1\ntimeout: inf\nloss_coef: nan",
        "\u2502 gamma \u2502 0.99 \u2502",
    ],
)
def test_settings_are_no_progress(text: str) -> None:
    assert scan(text.encode()) == ()


def test_a_bar_that_has_not_begun_shows_no_infinity() -> None:
    assert only("  0%|          | 0/1541 [00:00<?, ?it/s, loss=inf, lr=0.1]").metrics == (("lr", 0.1),)


@pytest.mark.parametrize(
    "piece", ["| a ", "| a | 1 |", "Mean a: ", "a: 1 ", "[=", "1/1 [", "loss: ", "val loss: 1 ", "x\t1"]
)
def test_repetition_costs_no_more_than_its_length(piece: str) -> None:
    for line in (piece * (1_000_000 // len(piece)), "step 1 " + piece * (8_000 // len(piece)), (piece + "\n") * 5000):
        scan(line.encode())


def test_the_pace_of_an_evaluation_without_a_label_is_not_that_of_the_training() -> None:
    """transformers draws both bars bare; the second one runs while the first one stands still."""

    def rates(*bars: str) -> list[float | None]:
        lines = "".join(f"50%|##   | {bar} [00:02<00:02, {rate}it/s]\n" for bar, rate in map(str.split, bars))
        return [f.fact.steps_per_second for f in scan(lines.encode()) if isinstance(f.fact, Progress)]

    assert rates("40/80 20.0", "5/20 90.0", "42/80 19.0") == [20.0, None, 19.0]
    assert rates("80/80 20.0", "10/20 90.0") == [20.0, 90.0]


def test_a_bar_of_an_epoch_without_their_number_tells_the_steps_of_one() -> None:
    fact = only("Epoch 4:  33%|###3      | 9/27 [00:02<00:04, 4.4it/s]")
    assert (fact.step, fact.total_steps, fact.epoch_steps) == (117, None, 27)


def test_a_bar_of_rich_tells_total_and_rate() -> None:
    fact = only(f"Epoch 4/9 {BLOCKS} 9/27 0:00:02 • 0:00:04 4.40it/s loss: 0.5")
    assert (fact.total_steps, fact.steps_per_second, fact.label) == (270, 4.4, "Epoch 4/9")


@pytest.mark.parametrize("text", [f"  {BLOCKS} 12/15 [torch]", f"{BLOCKS} 100/200 kB 5.1 MB/s eta 0:00:01"])
def test_what_pip_installs_is_no_progress_of_a_training(text: str) -> None:
    assert scan(text.encode() + b"\n") == ()
