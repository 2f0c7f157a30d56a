"""The trial load: what is never tried, what a stand-in interpreter sees, and what it may answer."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from lptui.checkpoints.info import CheckpointInfo, GlobalName
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.trial import MIN_TORCH, judge_interpreter, try_load

DATA = Path(__file__).parent / "data"
PLAIN = str(DATA / "bf16.pt")


def stand_in(folder: Path, body: str) -> str:
    """An interpreter that does what a test says; it writes down how it was called."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\nhere = {str(folder)!r}\n{body}\n")
    path.chmod(0o755)
    return str(path)


def answering(folder: Path, **answer: object) -> str:
    seen = "dict(argv=sys.argv[1:3], env=sorted(os.environ), cwd=os.getcwd(), request=json.load(sys.stdin))"
    return stand_in(
        folder, f"open(here + '/seen', 'w').write(json.dumps({seen}))\nprint({json.dumps(json.dumps(answer))})"
    )


class TestNeverTried:
    def started(self, folder: Path) -> bool:
        return (folder / "seen").exists()

    @pytest.mark.parametrize("name", ["numpy.core.multiarray.scalar", "posix.system", "my.Policy"])
    def test_what_weights_only_would_refuse(self, tmp_path: Path, name: str) -> None:
        info = CheckpointInfo(PLAIN, "custom-pickle", "", "", "torch-zip", globals=(GlobalName(name, "known"),))
        report = try_load(PLAIN, answering(tmp_path, verdict="loads"), inspect=lambda _: info)
        assert (report.verdict, report.refused) == ("refused", (name,))
        assert name in report.reason
        assert not self.started(tmp_path)

    @pytest.mark.parametrize("verdict", ["truncated", "crc-mismatch", "unsafe-pickle", "changed", "reader-failed"])
    def test_what_is_not_whole(self, tmp_path: Path, verdict: str) -> None:
        info = CheckpointInfo(PLAIN, verdict, "why", "", "torch-zip")
        assert try_load(PLAIN, answering(tmp_path, verdict="loads"), inspect=lambda _: info).verdict == "refused"
        assert not self.started(tmp_path)

    def test_what_torch_did_not_save(self, tmp_path: Path) -> None:
        info = CheckpointInfo("x", "ok-unverified", "", "", "safetensors")
        assert "torch.save" in try_load("x", answering(tmp_path, verdict="loads"), inspect=lambda _: info).reason

    def test_an_interpreter_of_the_run_itself(self, tmp_path: Path) -> None:
        python = answering(tmp_path, verdict="loads")
        file = tmp_path / "model.pt"
        file.write_bytes(Path(PLAIN).read_bytes())
        assert "never started" in judge_interpreter(python, str(file))
        assert try_load(str(file), python).verdict == "not-tried"
        (tmp_path / "link").symlink_to(sys.executable)
        assert judge_interpreter(str(tmp_path / "link"), str(file)), "nor by a link that lies there"
        assert not self.started(tmp_path)

    @pytest.mark.parametrize("python", ["python3", "/no/such/python", "/etc/passwd", "/tmp"])
    def test_what_is_no_interpreter(self, python: str) -> None:
        assert judge_interpreter(python, PLAIN)


class TestTheProcess:
    def test_it_gets_no_environment_and_is_isolated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_API_KEY", "secret")
        report = try_load(PLAIN, answering(tmp_path, verdict="loads", torch="2.13.0", tensors=3))
        assert (report.verdict, report.torch, report.tensors) == ("loads", "2.13.0", 3)
        seen = json.loads((tmp_path / "seen").read_text())
        assert seen["argv"] == ["-I", "-c"]
        assert set(seen["env"]) <= {"LC_CTYPE"}, "Python sets this one itself"
        assert seen["cwd"] == "/"
        status = os.stat(PLAIN)
        assert seen["request"]["key"][2] == status.st_size
        assert tuple(seen["request"]["torch"]) == MIN_TORCH

    def test_what_it_answers_is_made_harmless(self, tmp_path: Path) -> None:
        report = try_load(PLAIN, answering(tmp_path, verdict="fails", reason="\x1b[2J boom", torch="2.13"))
        assert (report.verdict, report.reason) == ("fails", "\\x1b[2J boom")

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("os.kill(os.getpid(), 9)", "died of signal 9"),
            ("sys.exit(3)", "ended with code 3"),
            ("print('[' * 100000)", "ended with code 0"),
            ('print(\'{"verdict": "ok"}\')', ""),
        ],
    )
    def test_a_process_that_does_not_answer_has_not_loaded_it(self, tmp_path: Path, body: str, words: str) -> None:
        report = try_load(PLAIN, stand_in(tmp_path, body))
        assert report.verdict == "fails"
        assert words in report.reason

    def test_one_without_torch_or_with_an_old_one_is_told(self, tmp_path: Path) -> None:
        import venv

        venv.create(tmp_path / "bare", with_pip=False)
        python = tmp_path / "bare" / "bin" / "python"
        assert try_load(PLAIN, str(python)).reason == "this interpreter has no torch"
        site = next((tmp_path / "bare" / "lib").glob("python*/site-packages"))
        (site / "torch-2.6.0.dist-info").mkdir()
        (site / "torch-2.6.0.dist-info" / "METADATA").write_text("Name: torch\nVersion: 2.6.0\n")
        (site / "torch.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
        report = try_load(PLAIN, str(python))
        assert (report.verdict, report.torch) == ("not-tried", "2.6.0")
        assert "below 2.10" in report.reason
        assert not (tmp_path / "imported").exists(), "an old torch is not even imported"


@pytest.mark.torch
class TestRealTorch:
    def test_it_loads_what_torch_saved(self, tmp_path: Path) -> None:
        torch = pytest.importorskip("torch")
        file = tmp_path / "model.pt"
        torch.save({"model": {"w": torch.ones(64, 64), "b": torch.zeros(3)}, "epoch": 3}, file)
        report = try_load(str(file), sys.executable)
        assert (report.verdict, report.tensors) == ("loads", 2)
        assert report.torch == torch.__version__
        assert inspect(str(file)).verdict == "ok-unverified"

    def test_it_writes_nothing_and_refuses_classes(self, tmp_path: Path) -> None:
        torch = pytest.importorskip("torch")
        file = tmp_path / "model.pt"
        torch.save({"path": Path("/x"), "w": torch.ones(2)}, file)
        report = try_load(str(file), sys.executable)
        assert report.verdict == "refused"
        assert any("pathlib" in name for name in report.refused)
        assert [p.name for p in tmp_path.iterdir()] == ["model.pt"]
