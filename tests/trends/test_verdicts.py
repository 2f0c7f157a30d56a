"""Each failure that metrics show is told, and what only looks like one is not."""

from __future__ import annotations

import math

import pytest
from made_up_series import STRIDE, level, ramp, times, watch_all, wobble

from lptui.trends.plan import Plan, read_plan

N = 300
AT = 180


def rising(count: int = N, seed: int = 9) -> list[float]:
    """A score that is learned: from 0 to 10."""
    return [10 / (1 + math.exp(-8 * (i / count - 0.4))) + w for i, w in enumerate(wobble(count, 0.2, seed))]


def ppo(**changed: list[float]) -> dict[str, list[float]]:
    """A healthy run of PPO under Metta's names, with some series replaced."""
    names = {
        "value_loss": "losses/value_loss",
        "kl": "losses/approx_kl",
        "clip": "losses/clipfrac",
        "entropy": "losses/entropy",
        "variance": "losses/explained_variance",
        "norm": "grad/norm",
        "sps": "overview/sps",
        "score": "overview/reward",
    }
    healthy = {
        "value_loss": level(N, 0.5, 0.3, 1, spikes=0.02),
        "kl": level(N, 0.01, 0.4, 2, spikes=0.02),
        "clip": [0.09 * math.exp(w) for w in wobble(N, 0.15, 3)],
        "entropy": [1.5 * (1 - 0.6 * i / N) * math.exp(w) for i, w in enumerate(wobble(N, 0.03, 4))],
        "variance": [min(0.99, 0.2 + 0.6 * i / N + w) for i, w in enumerate(wobble(N, 0.06, 5))],
        "norm": level(N, 0.6, 0.35, 6, spikes=0.02),
        "sps": level(N, 40_000, 0.04, 7),
        "score": rising(),
    }
    return {names[k]: v for k, v in {**healthy, **changed}.items()}


def lost(share: float = 0.2, start: int = AT, length: int = 40) -> list[float]:
    """The score, which falls to `share` of itself."""
    return times(rising(), ramp(N, start, length, share))


def grown(value: float, factor: float, length: int, seed: int, sigma: float = 0.3) -> list[float]:
    return times(level(N, value, sigma, seed, spikes=0.02), ramp(N, AT, length, factor))


def test_a_healthy_run_with_spikes_is_told_nothing() -> None:
    assert watch_all(ppo())[1] == {}


def test_a_loss_that_explodes_with_its_gradients() -> None:
    now, ever = watch_all(ppo(value_loss=grown(0.5, 20, 8, 1), norm=grown(0.6, 10, 8, 6), score=lost()))
    verdict = now["loss-explosion"]
    assert verdict.key == "losses/value_loss"
    assert AT * STRIDE <= verdict.step <= (AT + 12) * STRIDE
    assert "kl-blowup" not in ever


def test_value_loss_and_gradients_that_grow_with_the_returns_are_no_explosion() -> None:
    score = [v * 30 ** (i / N) for i, v in enumerate(rising())]
    value_loss = [v * 400 ** (i / N) for i, v in enumerate(level(N, 0.5, 0.3, 1))]
    norm = [v * 50 ** (i / N) for i, v in enumerate(level(N, 0.6, 0.3, 6))]
    assert "loss-explosion" not in watch_all(ppo(score=score, value_loss=value_loss, norm=norm))[1]


def test_a_supervised_loss_needs_no_other_metric() -> None:
    loss = [v * (0.1 + math.exp(-i / 40)) for i, v in enumerate(level(N, 2.0, 0.1, 1))]
    assert watch_all({"loss": loss})[1] == {}
    assert set(watch_all({"loss": times(loss, ramp(N, AT, 5, 30.0))})[0]) == {"loss-explosion"}


def test_an_explosion_that_is_over_is_no_longer_told() -> None:
    hump = times(ramp(N, AT, 5, 30.0), ramp(N, AT + 40, 5, 1 / 30))
    now, ever = watch_all({"loss": times(level(N, 1.0, 0.1, 1), hump)})
    assert "loss-explosion" in ever
    assert now == {}


def test_a_critic_that_drifts_away() -> None:
    variance = [
        v - 1.2 * math.log(r) / math.log(30)
        for v, r in zip(ppo()["losses/explained_variance"], ramp(N, AT, 60, 30), strict=True)
    ]
    now, ever = watch_all(ppo(value_loss=grown(0.5, 30, 60, 1), variance=variance))
    assert "value-divergence" in now
    assert "loss-explosion" not in ever


def test_kl_and_clip_fraction_together() -> None:
    clip = [c + 0.45 * min(1.0, max(0.0, (i - AT) / 10)) for i, c in enumerate(ppo()["losses/clipfrac"])]
    assert "kl-blowup" in watch_all(ppo(kl=grown(0.01, 10, 10, 2), clip=clip))[0]
    assert "kl-blowup" not in watch_all(ppo(kl=grown(0.01, 10, 10, 2)))[1]


def test_a_kl_term_of_a_loss_may_grow() -> None:
    assert watch_all({"kl_loss": grown(0.01, 1000, 30, 2), "objective/kl": grown(0.1, 100, 100, 3)})[1] == {}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_entropy_collapse_whatever_its_sign(sign: float) -> None:
    values = [sign * v for v in times(ppo()["losses/entropy"], ramp(N, AT, 30, 0.02))]
    key = "losses/entropy" if sign > 0 else "train/entropy_loss"
    now, _ = watch_all({key: values, "rollout/ep_rew_mean": lost(0.4)})
    assert "entropy-collapse" in now
    assert now["entropy-collapse"].evidence[0].after * sign > 0


def test_entropy_that_falls_while_the_score_rises_or_below_zero_by_nature_is_no_collapse() -> None:
    climbing = [float(i) + w for i, w in enumerate(wobble(N, 2, 3))]
    fallen = times(ppo()["losses/entropy"], ramp(N, AT, 60, 0.05))
    assert watch_all({"losses/entropy": fallen, "overview/reward": climbing})[1] == {}
    solved = [min(1.0, i / 30) + 0.01 * w for i, w in enumerate(wobble(N, 0.5, 3))]
    certain = [0.7 * math.exp(-i / 12) + 0.002 for i in range(N)]
    assert watch_all({"losses/entropy": certain, "rollout/ep_rew_mean": solved})[1] == {}
    continuous = [3 - 6 * i / N + w for i, w in enumerate(wobble(N, 0.05, 3))]
    assert watch_all({"losses/entropy": continuous})[1] == {}
    slow = [1.2 - 1.2 * i / 900 for i in range(850)]
    assert watch_all({"losses/entropy": slow, "train/std": slow})[1] == {}


def test_gradients_that_vanish_but_not_because_the_loss_is_learned() -> None:
    norm = grown(0.6, 1e-3, 60, 6)
    assert "gradient-vanishing" in watch_all(ppo(norm=norm))[0]
    learned = times(level(N, 2.0, 0.1, 1), ramp(N, AT - 20, 60, 0.01))
    assert watch_all({"loss": learned, "grad_norm": norm})[1] == {}
    transient = [60 * math.exp(-i / 25) + v for i, v in enumerate(level(N, 0.5, 0.2, 5))]
    assert watch_all({"loss": [math.exp(-i / 50) + 0.1 for i in range(N)], "grad_norm": transient})[1] == {}


def test_throughput_that_falls_for_good_but_no_evaluation_dip_and_no_slow_decline() -> None:
    assert "throughput-collapse" in watch_all({"charts/SPS": grown(4000, 0.5, 1, 7, 0.05)})[0]
    dips = [v * (0.2 if i % 30 == 29 else 1.0) for i, v in enumerate(level(N, 4000, 0.05, 7))]
    slower = [v * (1 - 0.5 * i / 1000) for i, v in enumerate(level(1000, 4000, 0.05, 7))]
    warm = [v * min(1.0, 0.2 + 0.2 * i) for i, v in enumerate(level(N, 4000, 0.05, 7))]
    for harmless in (dips, slower, warm):
        assert watch_all({"charts/SPS": harmless})[1] == {}


def test_a_slowness_that_passed_once_is_not_told_when_it_comes_again() -> None:
    shared = [v * (0.45 if 60 < i % 100 < 95 else 1.0) for i, v in enumerate(level(195, 4000, 0.05, 7))]
    assert "throughput-collapse" in watch_all({"charts/SPS": shared[:90]})[0]
    assert watch_all({"charts/SPS": shared})[0] == {}
    assert "throughput-collapse" in watch_all({"charts/SPS": [*shared, *level(40, 900, 0.05, 8)]})[0]


def saw(i: int) -> float:
    return 0.02 * (i % 40) / 40


def test_memory_that_leaks_but_none_that_settles_or_steps() -> None:
    key = "system/gpu_mem_gib"
    limits = {key: 80.0}
    noise = wobble(N, 0.002, 3)
    leak = [80 * (0.6 + saw(i) + noise[i] + max(0, i - AT) * 0.002) for i in range(N)]
    verdict = watch_all({key: leak}, limits=limits)[0]["memory-leak"]
    assert verdict.detail.full_step == pytest.approx(STRIDE * (AT + 0.4 / 0.002), rel=0.15)  # pyright: ignore[reportAttributeAccessIssue]
    settles = [80 * (0.75 * (1 - 0.4 * math.exp(-3 * i / 100)) + saw(i) + noise[i]) for i in range(N)]
    steps = [80 * (0.6 + (0.15 if i > AT else 0.0) + saw(i) + noise[i]) for i in range(N)]
    full = [80 * (0.97 + noise[i]) for i in range(N)]
    for harmless in (settles, steps, full):
        assert watch_all({key: harmless}, limits=limits)[1] == {}


ROWS = (("optim.learning_rate", "0.001"), ("lr_scheduler_type", "cosine"), ("max_steps", str(int(N * STRIDE))))
PLAN = read_plan(ROWS)


def rates(plan: Plan = PLAN) -> list[float]:
    return [plan.expected_rate(STRIDE * (i + 1)) or 0.0 for i in range(N)]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("stuck", lambda v, i: rates()[AT]),
        ("zero", lambda v, i: 0.0),
        ("jumped", lambda v, i: v * 10),
        ("jumped", lambda v, i: v * 0.1),
        ("left", lambda v, i: v * (1 - (i - AT) / 200)),
    ],
)
def test_a_rate_that_leaves_its_schedule(kind: str, change: object) -> None:
    values = [change(v, i) if i >= AT else v for i, v in enumerate(rates())]  # type: ignore[operator]
    _, ever = watch_all({"train/learning_rate": values}, PLAN)
    verdict = ever["lr-off-schedule"]
    assert verdict.kind == kind
    assert AT * STRIDE <= verdict.step <= (AT + 25) * STRIDE


def test_a_plan_that_never_fitted_is_not_used() -> None:
    other = read_plan((*ROWS[:2], ("max_steps", str(int(1.3 * N * STRIDE)))))
    lowest = read_plan((*ROWS, ("min_lr", "1e-4")))
    linear = read_plan((ROWS[0], ("lr_scheduler_type", "linear"), ROWS[2]))
    constant = read_plan((ROWS[0], ("lr_scheduler_type", "constant"), ROWS[2]))
    for told in (other, lowest, linear, constant):
        assert watch_all({"train/learning_rate": rates()}, told)[1] == {}
    for unfit in (other, lowest, linear, constant):
        assert watch_all({"train/learning_rate": rates(unfit)}, PLAN)[1] == {}


def test_without_a_schedule_only_breaks_that_speak_for_themselves_count() -> None:
    key = "train/learning_rate"
    decay = [1e-3 * 0.1 ** (i // 100) for i in range(N)]
    cycles = [1e-3 * (0.5 + 0.5 * math.cos(math.pi * (i % 60) / 60)) for i in range(N)]
    warm = [1e-3 * min(1.0, i / 100) for i in range(N)]
    for harmless in (decay, cycles, warm):
        assert watch_all({key: harmless})[1] == {}
    jump = [1e-3 * (12 if i >= AT else 1) for i in range(N)]
    assert watch_all({key: jump})[0]["lr-off-schedule"].kind == "jumped"


def test_curriculum_counts() -> None:
    plan = read_plan((("num_tasks", "16"),))
    warm = [0.0] * 25 + [15.0] * (N - 25)
    assert watch_all({"curriculum/active_tasks": warm}, plan)[1] == {}
    none = [15.0] * AT + [0.0] * (N - AT)
    few = [15.0] * AT + [2.0] * (N - AT)
    for stuck in (none, few):
        assert "curriculum-stuck" in watch_all({"curriculum/active_tasks": stuck}, plan)[0]
    assert watch_all({"lp/num_zeros_lp_dist": [float(i % 3) for i in range(N)]})[1] == {}
    assert "curriculum-stuck" in watch_all({"lp/num_zeros_lp_dist": [1.0] * AT + [16.0] * 50}, plan)[0]


def test_a_score_that_was_learned_and_is_lost_but_not_one_that_is_noise() -> None:
    assert "reward-collapse" in watch_all({"rollout/ep_rew_mean": lost(0.1)})[0]
    noise = [5 + w for w in wobble(N, 2.0, 4)]
    dip = times(rising(), times(ramp(N, AT, 5, 0.3), ramp(N, AT + 12, 5, 1 / 0.3)))
    for harmless in (noise, dip, rising()):
        assert "reward-collapse" not in watch_all({"rollout/ep_rew_mean": harmless})[0]


def test_a_flat_success_rate_is_a_finding_only_late_and_short_of_its_aim() -> None:
    plan = read_plan((("target_success", "0.8"), ("total_steps", str(int(N * STRIDE)))))
    flat = [min(0.5, i / 300) + w for i, w in enumerate(wobble(N, 0.02, 2))]
    good = [min(0.85, i / 200) + w for i, w in enumerate(wobble(N, 0.02, 2))]
    late = [0.3 + max(0.0, i / N - 0.6) + w for i, w in enumerate(wobble(N, 0.02, 2))]
    assert "loss-plateau" in watch_all({"charts/success": flat}, plan)[0]
    assert watch_all({"charts/success": good}, plan)[1] == {}
    assert watch_all({"charts/success": late}, plan)[1] == {}
    assert watch_all({"charts/success": flat[:220]}, plan)[1] == {}
    assert watch_all({"charts/success": flat})[1] == {}


def clock(pause: float) -> list[float]:
    return [10.0 * i + (pause if i >= AT else 0.0) for i in range(N)]


def test_a_counter_that_goes_back() -> None:
    again = {"overview/reward": rising()[:AT] + rising()[: N - AT], "losses/entropy": ppo()["losses/entropy"][:AT] * 2}
    again["losses/entropy"] = again["losses/entropy"][:N]
    steps = [STRIDE * (i + 1 if i < AT else i - AT + 1) for i in range(N)]
    now, ever = watch_all(again, steps=steps, clock=clock(400.0))
    assert set(ever) == {"resumed-from-scratch"}
    assert now["resumed-from-scratch"].detail.anew  # pyright: ignore[reportAttributeAccessIssue]


def test_a_resume_from_the_newest_checkpoint_and_a_counter_within_epochs_are_no_failure() -> None:
    steps = [STRIDE * (i + 1 if i < AT else i - 15) for i in range(N)]
    assert watch_all(ppo(), steps=steps, clock=clock(400.0))[1] == {}
    within = [float(i % 100 + 1) for i in range(N)]
    loss = [2 * math.exp(-i / 80) * math.exp(w) for i, w in enumerate(wobble(N, 0.1, 2))]
    pauses = [10.0 * i + 100.0 * (i // 100) for i in range(N)]
    assert watch_all({"train/loss": loss}, steps=within, clock=pauses)[1] == {}


def test_few_points_tell_nothing() -> None:
    short = {
        key: values[AT - 20 : AT + 18]
        for key, values in ppo(value_loss=grown(0.5, 20, 8, 1), norm=grown(0.6, 10, 8, 6)).items()
    }
    assert watch_all(short)[1] == {}


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 0.0, -1e308, 1e308, 5e-324])
def test_no_value_breaks_a_monitor(broken: float) -> None:
    series = {key: [broken if i % 7 == 3 else v for i, v in enumerate(values)] for key, values in ppo().items()}
    series |= {
        "train/learning_rate": [broken] * N,
        "system/gpu_mem_gib": [broken] * N,
        "lp/num_active_tasks": [broken] * N,
    }
    watch_all(series, PLAN, limits={"system/gpu_mem_gib": 80.0})
    steps = [broken if i % 5 == 0 else STRIDE * i for i in range(N)]
    watch_all(ppo(), PLAN, steps=steps, clock=[math.nan] * N)
