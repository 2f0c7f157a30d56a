"""Configurations side by side: only what differs."""

from __future__ import annotations

from pathlib import Path

from lptui.engine.config_differences import compare_configs, differ


def make_run(folder: Path, config: str) -> str:
    folder.mkdir(parents=True)
    (folder / "train.log").write_text("step=1\n")
    if config:
        (folder / "config.yaml").write_text(config)
    return str(folder)


def test_only_what_differs_is_told_and_secrets_are_masked(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", "run: one\nlr: 0.1\nseed: 1\nwandb:\n  api_key: sk-aaaaaaaaaaaaaaaaaaaaaaaa\n")
    two = make_run(
        tmp_path / "two", "run: two\nlr: 0.2\nseed: 1\nclip: 0.5\nwandb:\n  api_key: sk-bbbbbbbbbbbbbbbbbbbbbbb\n"
    )
    table = compare_configs([one, two])
    assert table.names == ("one", "two")
    assert dict(table.rows) == {"clip": (None, "0.5"), "lr": ("0.1", "0.2"), "run": ("one", "two")}
    assert table.rows[-1][0] == "run"  # the name differs always
    assert table.same == 2  # the seed, and the masked keys


def test_a_run_without_a_configuration_is_told_and_compared_with_nobody(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", "lr: 0.1\n")
    two = make_run(tmp_path / "two", "lr: 0.1\n")
    none = make_run(tmp_path / "none", "")
    table = compare_configs([one, none, two])
    assert table.rows == ()
    assert table.notes == ("none: it has no configuration file",)


def test_the_configuration_of_a_wandb_file_counts(recorded: object, tmp_path: Path) -> None:
    made = [Path(recorded(kind)) for kind in ("healthy", "nan")]  # type: ignore[operator]
    for path in made:
        (path / "config.yaml").unlink()
    keys = dict(compare_configs([str(path) for path in made]).rows)
    assert keys
    assert not any("not" in note for note in compare_configs([str(path) for path in made]).notes)


def test_equal_tables_differ_in_nothing() -> None:
    assert differ(("a", "b"), [{"x": "1"}, {"x": "1"}]).same == 1
    assert differ(("a", "b"), [{}, {}]).rows == ()
