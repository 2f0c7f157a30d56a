from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lptui.config import Settings, SettingsError, load_settings
from lptui.config.folders import config_folder
from lptui.config.settings import project_file
from lptui.config.themes import load_theme, load_themes, theme_files, theme_folders


def good(answer: Settings | SettingsError) -> Settings:
    assert isinstance(answer, Settings), answer
    return answer


def bad(answer: Settings | SettingsError) -> str:
    assert isinstance(answer, SettingsError), answer
    return f"{answer.title} | {answer.message}"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"LPTUI_HOME": str(tmp_path / "home")}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "deep"
    folder.mkdir(parents=True)
    return folder


def test_nothing_set_is_the_defaults_without_omegaconf(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom lptui.config import load_settings, Settings\n"
        f"assert load_settings(env={{'LPTUI_HOME': {str(tmp_path)!r}}}, here={str(tmp_path)!r}) == Settings()\n"
        "print([m for m in ('omegaconf', 'yaml', 'pathlib', 'platformdirs', 'difflib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=Path.cwd())
    assert out.stdout.strip() == "[]", out.stderr


def test_each_layer_wins_over_the_one_before(env: dict[str, str], here: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / "config.yaml").write_text(
        "theme: user\nrefresh: 5\nmouse: no\nkeys: {quit: ctrl+q, help: f1}\n"
    )
    (here.parent / "lptui.yaml").write_text("theme: project\nroots: [runs, ~/all]\n")
    settings = good(load_settings(["keys.help=f2"], {**env, "LPTUI_ASCII": "true"}, here=str(here)))
    assert settings.theme == "project"
    assert settings.refresh == 5.0
    assert settings.mouse is False
    assert settings.ascii is True
    assert settings.roots == (str(here.parent / "runs"), os.path.expanduser("~/all"))
    assert settings.keys == {"quit": "ctrl+q", "help": "f2"}
    again = good(load_settings(["theme=argument", "roots=a,b"], {**env, "LPTUI_THEME": "variable"}, here=str(here)))
    assert again.theme == "argument"
    assert again.roots == (str(here / "a"), str(here / "b"))
    assert good(load_settings([], {**env, "LPTUI_ROOTS": "/a:/b"}, here=str(here))).roots == ("/a", "/b")


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("refrsh=4", "did you mean refresh?"),
        ("zzz=4", "the settings are theme"),
        ("refresh=fast", "could not be converted to Float"),
        ("refresh=90", "not from 1 to 20"),
        ("refresh=nan", "not from 1 to 20"),
        ("ascii=perhaps", "not a valid bool"),
        ("theme", "write key=value"),
        ("theme=${oc.env:HOME}", "not resolved"),
        ("keys=x", "argument keys="),
        ("keys.quit=", "quit needs a key"),
    ],
)
def test_what_is_wrong_is_said(argument: str, says: str, env: dict[str, str], here: Path) -> None:
    assert says in bad(load_settings([argument], env, here=str(here)))


def test_a_broken_file_is_named_with_its_line(env: dict[str, str], here: Path, tmp_path: Path) -> None:
    file = tmp_path / "home" / "config.yaml"
    file.write_text("theme: light\nkeys: [a\n")
    answer = bad(load_settings([], env, here=str(here)))
    assert str(file) in answer
    assert "line 3" in answer
    file.write_text("themes: light\n")
    answer = bad(load_settings([], env, here=str(here)))
    assert f"{file}: there is no setting 'themes' | did you mean theme?" == answer
    file.write_text("- a\n")
    assert "must be a mapping" in bad(load_settings([], env, here=str(here)))
    file.write_text("theme:\n")
    assert good(load_settings([], env, here=str(here))) == Settings()


@pytest.mark.parametrize("key", ["command", "notify", "hosts", "python", "on_finding_exec"])
def test_a_project_cannot_start_or_send_anything(key: str, env: dict[str, str], here: Path) -> None:
    (here / "lptui.yaml").write_text(f"{key}: x\n")
    assert "cannot set commands, hosts or notifications" in bad(load_settings([], env, here=str(here)))


def test_a_project_file_cannot_read_the_environment(env: dict[str, str], here: Path) -> None:
    (here / "lptui.yaml").write_text("keys: {quit: '${oc.env:SECRET}'}\n")
    assert "not resolved" in bad(load_settings([], {**env, "SECRET": "hunter2"}, here=str(here)))


def test_no_project_file_from_a_run_or_from_others(here: Path) -> None:
    file = here / "lptui.yaml"
    file.write_text("theme: x\n")
    assert project_file(str(here)) == str(file)
    assert project_file(str(here / "sub")) == str(file)
    assert project_file(str(here), run=str(here)) == ""
    above = here.parent / "lptui.yaml"
    above.write_text("theme: y\n")
    assert project_file(str(here / "checkpoints"), run=str(here)) == str(above)
    above.unlink()
    file.chmod(0o666)
    assert project_file(str(here)) == ""
    file.unlink()
    (here / "real").write_text("theme: x\n")
    file.symlink_to(here / "real")
    assert project_file(str(here)) == ""


def test_folders() -> None:
    assert config_folder({"LPTUI_HOME": "/x/../y"}) == "/y"
    if sys.platform == "linux":
        platformdirs = pytest.importorskip("platformdirs")
        assert config_folder(dict(os.environ) | {"LPTUI_HOME": ""}) == platformdirs.user_config_dir("lptui")
        assert config_folder({"XDG_CONFIG_HOME": "/etc/xdg"}) == "/etc/xdg/lptui"
        assert config_folder({"XDG_CONFIG_HOME": "relative"}) == os.path.expanduser("~/.config/lptui")


def test_a_broken_theme_does_not_keep_the_others_away(env: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "home" / "themes"
    folder.mkdir()
    (folder / "mine.yaml").write_text("primary: '#ff0000'\nvariables: {a: b}\n")
    (folder / "broken.yaml").write_text("primary: [\n")
    (folder / "list.yaml").write_text("- a\n")
    (folder / "note.txt").write_text("x")
    loaded = load_themes(env)
    assert loaded.themes["mine"] == {"primary": "#ff0000", "variables": {"a": "b"}}
    assert {"broken.yaml", "list.yaml"} == {e.title.split()[1].rpartition("/")[2] for e in loaded.errors}
    assert [p for p in theme_files(env) if p.startswith(str(folder))] == [
        str(folder / name) for name in ("broken.yaml", "list.yaml", "mine.yaml")
    ]
    assert isinstance(load_theme(str(folder / "none.yaml")), SettingsError)


def test_our_own_themes_are_looked_for_beside_our_pyproject_only(env: dict[str, str]) -> None:
    folders = theme_folders(env)
    root = Path(__file__).parents[2]
    assert str(root / "themes") in folders
    assert folders[0] == str(root / "lptui" / "themes")
    assert not any(folder.startswith(os.getcwd() + "/tests") for folder in folders)
