from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.config.run_config import read_run_config
from lptui.config.yaml_tree import MAX_NODES, TreeError, parse_tree
from lptui.text.secrets import MASK


def rows(text: str, path: str = "config.yaml") -> dict[str, str]:
    answer = read_run_config(text.encode(), path)
    assert not answer.reason, answer
    return dict(answer.rows)


def reason(text: str, path: str = "config.yaml") -> str:
    answer = read_run_config(text.encode(), path)
    assert not answer.rows
    return answer.reason


def test_values_are_shown_as_written() -> None:
    found = rows("trainer:\n  lr: 1e-3\n  steps: 10_000\n  none:\n  list: [1, {a: 2}]\n  empty: {}\nx: '007'\n")
    assert found == {
        "trainer.lr": "1e-3",
        "trainer.steps": "10_000",
        "trainer.none": "null",
        "trainer.list[0]": "1",
        "trainer.list[1].a": "2",
        "trainer.empty": "{}",
        "x": "007",
    }


def test_json_and_merge_keys_and_first_document() -> None:
    assert rows('{"a": {"b": [1.50, true, null, "x", NaN]}}', "config.json") == {
        "a.b[0]": "1.50",
        "a.b[1]": "true",
        "a.b[2]": "null",
        "a.b[3]": "x",
        "a.b[4]": "NaN",
    }
    assert rows("base: &b {lr: 1, bs: 2}\nrun: {<<: *b, lr: 3}\n")["run.lr"] == "3"
    assert rows("base: &b {lr: 1, bs: 2}\nrun: {<<: [*b], lr: 3}\n")["run.bs"] == "2"
    assert rows("a: 1\n---\nb: 2\n") == {"a": "1"}


def test_wandb_style_is_unwrapped() -> None:
    text = "wandb_version: 1\n_wandb: {value: {cli: 1}}\nlr: {desc: null, value: 0.1}\ntrainer: {value: {steps: 5}}\n"
    assert rows(text) == {"lr": "0.1", "trainer.steps": "5"}
    assert rows("lr: {value: 1}\nother: 2\n") == {"lr.value": "1", "other": "2"}


def test_references_inside_the_file_are_resolved() -> None:
    found = rows(
        "run: me\ndir: /out/${run}\nlog: ${dir}/log\n"
        "trainer: {bs: 8, mb: '${.bs}', up: '${..run}', l: [4], i: '${.l[0]}'}\n"
        "which: bs\nnested: ${trainer.${which}}\nmapping: ${trainer}\nmissing: ${nowhere}\n"
    )
    assert found["log"] == "/out/me/log"
    assert (found["trainer.mb"], found["trainer.up"], found["trainer.i"]) == ("8", "me", "4")
    assert found["nested"] == "8"
    assert (found["mapping"], found["missing"]) == ("${trainer}", "${nowhere}")


def test_no_resolver_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWERS_SECRET", "hunter2")
    text = (
        "a: ${oc.env:VIEWERS_SECRET}\nb: x-${a}\nc: ${now:%Y}\nd: ${oc.env:${e}}\ne: VIEWERS_SECRET\n"
        "f: '${ oc.env : VIEWERS_SECRET }'\ng: \"${oc.decode:'${oc.env:VIEWERS_SECRET}'}\"\nh: \\${e}\n"
    )
    answer = read_run_config(text.encode(), "config.yaml")
    assert "hunter2" not in repr(answer)
    found = dict(answer.rows)
    assert found["a"] == "${oc.env:VIEWERS_SECRET}"
    assert found["c"] == "${now:%Y}"
    assert found["d"] == "${oc.env:${e}}"
    assert found["h"] == "\\${e}"


def test_secrets_are_masked_also_through_a_reference() -> None:
    found = rows(
        "wandb: {api_key: abc, url: 'https://u:pw@host/x', entity: me}\ncopy: 'key is ${wandb.api_key}'\n"
        "tokenizer: gpt2\nhf: hf_abcdefghijklmnopqrstuvwx\n"
    )
    assert found["wandb.api_key"] == MASK
    assert found["copy"] == f"key is {MASK}"
    assert found["wandb.url"] == f"https://u:{MASK}@host/x"
    assert (found["wandb.entity"], found["tokenizer"], found["hf"]) == ("me", "gpt2", MASK)


def test_nothing_is_constructed() -> None:
    assert rows("a: !!python/object/apply:os.system ['echo x']\n") == {"a[0]": "echo x"}


def test_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    assert "once its aliases are written out" in reason("\n".join(lines))


def test_laughs_by_reference_stay_small() -> None:
    text = "r0: xxxxxxxxxx\n" + "".join(f"r{i}: '${{r{i - 1}}}${{r{i - 1}}}'\n" for i in range(1, 40))
    found = rows(text)
    assert found["r3"] == "x" * 80
    assert max(map(len, found.values())) < 10_000


def test_a_circle_of_references_ends() -> None:
    assert rows("a: ${b}\nb: ${a}\n") == {"a": "${b}", "b": "${a}"}
    assert rows("a: ${a}\n") == {"a": "${a}"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\nb: 2\n", "line 2"),
        ("a: &x [*x]\n", "refers to itself"),
        ("a: *nothing\n", "line 1"),
        ("[" * 100, "deeper than 64"),
        ("? [a]\n: b\n", "as a key"),
        ("- a\n", "no mapping"),
        ("a: \x07\n", "control characters"),
        ("x" * (2 * 1024 * 1024 + 1), "larger than 2,048 KiB"),
    ],
)
def test_broken_files_say_why(text: str, says: str) -> None:
    assert says in reason(text)


def test_broken_json_says_why() -> None:
    assert "line 2" in reason('{"a": 1,\n}', "config.json")
    assert "deeper than 64" in reason("[" * 100_000, "config.json")
    assert "deeper than 64" in reason('{"a":' * 80 + "1" + "}" * 80, "config.json")


def test_depth_counts_through_aliases() -> None:
    lines = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{x: *a{i - 1}}}" for i in range(1, 100)]
    assert "deeper than 64" in reason("\n".join(lines))


def test_an_empty_file_is_no_error() -> None:
    assert read_run_config(b"", "config.yaml").rows == ()


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_any_bytes_give_rows_or_a_reason(data: bytes) -> None:
    answer = read_run_config(data, "config.yaml")
    assert all(isinstance(value, str) for row in answer.rows for value in row)


def _trees() -> st.SearchStrategy[object]:
    names = st.sampled_from(["a", "b", "c", "d"])
    references = st.sampled_from(["${a}", "${b.c}", "${.a}", "${..b}", "x${a}y", "${c[0]}", "${b}${d}", "v", "w"])
    return st.dictionaries(
        names,
        st.recursive(
            references,
            lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=2),
            max_leaves=6,
        ),
        max_size=4,
    )


@given(_trees())
@settings(max_examples=150, deadline=None)
def test_references_mean_what_omegaconf_says(tree: dict[str, object]) -> None:
    from omegaconf import OmegaConf

    ours = dict(read_run_config(json.dumps(tree).encode(), "config.json").rows)
    config = OmegaConf.create(tree)
    for key, shown in ours.items():
        if "${" in shown or shown in ("{}", "[]"):
            continue
        assert str(OmegaConf.select(config, key)) == shown


@given(st.dictionaries(st.text("ab", min_size=1), st.text("xyz: ", max_size=5), max_size=5))
def test_json_trees_round_trip(tree: dict[str, str]) -> None:
    assert parse_tree(json.dumps(tree).encode(), "x.json") == tree


def test_too_many_values() -> None:
    with pytest.raises(TreeError, match="values"):
        parse_tree(json.dumps([0] * (MAX_NODES + 1)).encode(), "x.json")
