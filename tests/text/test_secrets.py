from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.text.secrets import MASK, mask_secrets, mask_text

HEX = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("wandb.api_key", "abc"),
        ("WANDB_API_KEY", HEX),
        ("wandbApiKey", "x"),
        ("apikey", "x"),
        ("hf_token", "x"),
        ("auth_token", "x"),
        ("token", "a1b2c3d4e5"),
        ("key", "Zx81kQ0pLm"),
        ("db.password", "12345"),
        ("credentials.user", "bob"),
        ("secrets[0]", "x"),
        ("githubPat", "zz"),
        ("aws.secret_access_key", "x"),
        ("discord_webhook_url", "https://example.org/x"),
        ("note", "hf_abcdefghijklmnopqrstuvwx"),
        ("note", "wandb_v1_abcdefghijklmnopqrstuvwxyz"),
    ],
)
def test_masked(key: str, value: str) -> None:
    assert mask_secrets(key, value) == MASK


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tokenizer", "gpt2"),
        ("max_tokens", "512"),
        ("max_token", "abc123def456"),
        ("num_keys", "3"),
        ("pad_token", "<pad>"),
        ("eos_token_id", "50256"),
        ("key", "reward"),
        ("monitor_key", "val_loss"),
        ("token", "hello"),
        ("token", "512"),
        ("use_auth_token", "true"),
        ("password", ""),
        ("password", "null"),
        ("wandb.api_key", "${oc.env:WANDB_API_KEY}"),
        ("secret_name", "prod"),
        ("token_path", "/run/secrets"),
        ("policy", "ppo"),
        ("pattern", "a.*b"),
        ("commit", HEX),
        ("monkey.bars", "7"),
    ],
)
def test_shown(key: str, value: str) -> None:
    assert mask_secrets(key, value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"WANDB_API_KEY={HEX}", f"WANDB_API_KEY={MASK}"),
        (f"wandb: login key {HEX}", f"wandb: login key {MASK}"),
        ("export HF_TOKEN='hf_x y'", f"export HF_TOKEN='{MASK}'"),
        ("x ghp_abcdefghijklmnopqrstuvwxyz0123 y", f"x {MASK} y"),
        ("x github_pat_11ABCDEFG0123456789_abcdef y", f"x {MASK} y"),
        ("openai sk-proj-abcdefghij1234567890", f"openai {MASK}"),
        ("id AKIAIOSFODNN7EXAMPLE.", f"id {MASK}."),
        ("slack xoxb-123456789012-abc", f"slack {MASK}"),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJ", f"jwt {MASK}"),
        ("Authorization: Basic YWJjOmRlZg==", f"Authorization: Basic {MASK}"),
        ("curl -H 'Authorization: Bearer abc.def-1'", f"curl -H 'Authorization: Bearer {MASK}'"),
        ("using bearer abcdef0123456789", f"using bearer {MASK}"),
        ("http://bob:hunter2@host/x", f"http://bob:{MASK}@host/x"),
        ("postgres://u:p%40ss@h:5432/db", f"postgres://u:{MASK}@h:5432/db"),
        ("https://discord.com/api/webhooks/123/abc-DEF", f"https://discord.com/api/webhooks/{MASK}"),
        ("https://hooks.slack.com/services/T0/B0/xyz", f"https://hooks.slack.com/services/{MASK}"),
        ("{'api_key': 'foo bar', 'lr': 0.1}", f"{{'api_key': '{MASK}', 'lr': 0.1}}"),
        ('{"token": "abc123xyz789"}', f'{{"token": "{MASK}"}}'),
        ("launch.py --github-pat abc --lr 0.1", f"launch.py --github-pat {MASK} --lr 0.1"),
        ("t.py --password hunter2 foo", f"t.py --password {MASK} foo"),
        ("t.py --wandb.api_key=hunter2", f"t.py --wandb.api_key={MASK}"),
        ("GET /x?access_token=abcdefgh1&b=2", f"GET /x?access_token={MASK}&b=2"),
    ],
)
def test_secrets_in_text(text: str, expected: str) -> None:
    assert mask_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "06:32:27 [INFO] trainer-0-0: Epoch 100 [me.run] / 41.23 ksps / 5.24% of 1.00 Gsteps",
        f"commit {HEX} on main",
        f"HEAD is now at {HEX}",
        "KeyError: 'token'",
        "token: 512 tokens/s, key=train/loss",
        "task-12345678901234567890 scikit sk-learn",
        "bearer of bad news, basic implementation",
        "https://wandb.ai/metta-research/metta/runs/me.run",
        "https://host:8080/x and user@host:22",
        "tokenizer: gpt2, max_tokens=4096",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "t.py --tokenizer gpt2 --num-keys 12345678",
        "  key: Tensor(shape=[2, 3]) value=1e-3",
    ],
)
def test_ordinary_lines_are_left_alone(text: str) -> None:
    assert mask_text(text) == text


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@given(
    st.sampled_from(["password=", "api_key: ", "--token=", "'secret': '", "https://u:"]), st.text("ab1!", min_size=6)
)
def test_masking_twice_changes_nothing_near_secrets(head: str, tail: str) -> None:
    once = mask_text(head + tail + "@x")
    assert mask_text(once) == once
