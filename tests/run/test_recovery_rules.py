"""Each framework's rule: what is chosen, whether it can be loaded, what to type."""

from __future__ import annotations

import shlex

import pytest

from lptui.model.launch import Launch
from lptui.model.readings import CheckpointPointer, CheckpointReading
from lptui.run.checkpoint_series import find_breaks
from lptui.run.recovery import Readiness, assess
from lptui.run.resume_command import uses_overrides

TRAIN = Launch(("python", "train.py", "--lr", "3e-4"), "/home/me/code", "the command of pid 812", seen=True)


def row(name: str, at: float = 0.0, verdict: str = "ok", **more: object) -> CheckpointReading:
    role = str(more.pop("role", "full"))
    path = str(more.pop("path", f"/r/{name}"))
    return CheckpointReading(name, path, role, 10, at, verdict=verdict, **more)  # pyright: ignore


def chosen(told: Readiness) -> str:
    return told.candidate.name if told.candidate else ""


class TestMetta:
    STATE = row("trainer_state.pt", 9, role="trainer_state", step=500, epoch=5, policy_file="exists",
                policy_path="file:///r/checkpoints/model_0005.pt")  # fmt: skip

    def test_the_policy_that_the_state_names_is_torn(self) -> None:
        rows = (row("model_0004.pt", 4, role="policy"), row("model_0005.pt", 5, "truncated", role="policy"), self.STATE)
        told = assess(rows, "metta-s2", "me.run")
        assert told.answer == "no"
        assert "trainer_state.pt names it" in told.reason
        assert "trainer.initial_policy.uri=file:///r/model_0004.pt" in told.next_step
        assert told.command == "", "the same command again would end with the same error"

    def test_a_torn_state_must_be_moved_away(self) -> None:
        torn = row("trainer_state.pt", 5, "truncated", role="trainer_state")
        told = assess((row("model_0004.pt", 4, role="policy"), torn), "metta-s1", "r")
        assert (told.answer, told.command) == ("no", "")
        assert told.next_step.startswith("move trainer_state.pt away")

    def test_the_command_at_hand_goes_before_an_invented_one(self) -> None:
        launch = Launch(("python", "./tools/train.py", "run=me.run", "trainer.lr=1e-3"), "/m", "the command of pid 7")
        told = assess((row("model_0005.pt", 5, role="policy"), self.STATE), "metta-s2", "me.run", launch=launch)
        assert told.command == "cd /m && python ./tools/train.py run=me.run trainer.lr=1e-3"
        assert told.note == "from the command of pid 7"

    def test_autumn_2025_takes_files_and_a_fresh_node_begins_at_0(self) -> None:
        rows = (row("r:v5.pt", 5, role="policy", epoch=5), row("r:v9.mpt", 9, role="policy", epoch=9),
                row("trainer_state.pt", 9, role="trainer_state", step=900, epoch=9))  # fmt: skip
        told = assess(rows, "metta-head", "r", step=950)
        assert (told.answer, chosen(told), told.steps_at_risk) == ("yes", "r:v9.mpt", 50)
        assert "drops the result" in told.note

    def test_2026_with_a_torn_state_does_not_begin_silently(self) -> None:
        rows = (row("r:v2", 2, role="policy", epoch=2), row("trainer_state.pt", 2, "truncated", role="trainer_state"))
        told = assess(rows, "metta-head", "r")
        assert told.answer == "no"
        assert "step and epoch begin at 0" in told.next_step

    def test_a_state_in_the_making_is_waited_for(self) -> None:
        rows = (
            row("r:v2", 2, role="policy", epoch=2),
            row("trainer_state.pt", 2, "being-written", role="trainer_state"),
        )
        assert assess(rows, "metta-head", "r").answer == "unknown"

    def test_a_torn_policy_of_2026_is_moved_away(self) -> None:
        rows = (row("r:v1", 1, role="policy", epoch=1), row("r:v2", 2, "truncated", role="policy", epoch=2))
        told = assess(rows, "metta-head", "r")
        assert told.next_step == "resume from r:v1 instead: move r:v2 away and start as before"


class TestTransformers:
    def test_the_flag_goes_into_the_command_of_the_run(self) -> None:
        launch = Launch(("python", "run_clm.py", "--overwrite_output_dir", "--resume_from_checkpoint=old", "--bf16"))
        told = assess((row("checkpoint-10", 1, step=10),), "huggingface", "r", launch=launch)
        assert told.command == "python run_clm.py --bf16 --resume_from_checkpoint /r/checkpoint-10"

    def test_without_its_optimizer_it_begins_anew_without_a_word(self) -> None:
        told = assess((row("checkpoint-10", 1, parts=("model.safetensors", "trainer_state.json")),), "huggingface", "r")
        assert told.answer == "yes-but"
        assert "optimizer begins anew" in told.reason

    def test_the_highest_number_may_be_of_an_older_series(self) -> None:
        rows = [row(f"checkpoint-{s}", 1e9 + i * 3600, step=s) for i, s in enumerate((20000, 40000, 60000))]
        rows.append(row("checkpoint-500", 1e9 + 9 * 3600, step=500))
        breaks = find_breaks(rows)
        told = assess(rows, "huggingface", "r", breaks=breaks)
        assert (told.answer, chosen(told)) == ("yes-but", "checkpoint-60000")
        assert "older series" in told.reason

    def test_the_newest_may_be_of_a_series_that_began_from_scratch(self) -> None:
        rows = [row(f"model_{s}.pt", 1e9 + i * 3600, step=s) for i, s in enumerate((20000, 40000, 60000))]
        rows.append(row("model_500.pt", 1e9 + 9 * 3600, step=500))
        told = assess(rows, "generic", "r", breaks=find_breaks(rows))
        assert (told.answer, chosen(told)) == ("yes-but", "model_500.pt")
        assert "began from scratch (model_500.pt came after model_60000.pt)" in told.reason
        assert told.next_step == "resume from model_60000.pt to keep it"
        rows.append(row("model_70000.pt", 1e9 + 10 * 3600, step=70000))
        assert assess(rows, "generic", "r", breaks=find_breaks(rows)).answer == "yes"


class TestLightning:
    def test_what_slurm_left_goes_first_by_number(self) -> None:
        rows = (row("last.ckpt", 99), row("hpc_ckpt_9.ckpt", 1), row("hpc_ckpt_10.ckpt", 1))
        told = assess(rows, "lightning", "r", launch=TRAIN)
        assert chosen(told) == "hpc_ckpt_10.ckpt"
        assert told.command == "cd /home/me/code && python train.py --lr 3e-4"

    def test_without_a_last_one_it_would_begin_at_0(self) -> None:
        told = assess((row("epoch=1-step=20.ckpt", 1, step=20),), "lightning", "r", launch=TRAIN)
        assert told.answer == "yes-but"
        assert told.command.endswith("--ckpt_path /r/epoch=1-step=20.ckpt")

    def test_hydra_needs_quotes_around_an_equals_sign(self) -> None:
        launch = Launch(("python", "src/train.py", "experiment=mnist", "ckpt_path=old.ckpt"))
        assert uses_overrides(launch)
        told = assess((row("epoch=1-step=20.ckpt", 1),), "lightning", "r", launch=launch)
        assert shlex.split(told.command)[-1] == 'ckpt_path="/r/epoch=1-step=20.ckpt"'
        assert "old.ckpt" not in told.command


class TestStableBaselines:
    def test_the_furthest_one_and_what_belongs_to_it(self) -> None:
        side = row("m_vecnormalize_10_steps.pkl", 1, role="side", step=10)
        rows = (row("m_10_steps.zip", 1, step=10), side, row("m_20_steps.zip", 2, step=20))
        told = assess(rows, "generic", "r")
        assert (told.answer, chosen(told), told.command) == ("yes-but", "m_20_steps.zip", "")
        assert "no vecnormalize file" in told.reason
        assert "reset_num_timesteps=False" in told.next_step

    def test_its_own_classes_are_how_it_is(self) -> None:
        assert assess((row("m_10_steps.zip", 1, "custom-pickle", step=10),), "generic", "r").answer == "yes"


class TestPufferLib:
    STATE = row(
        "trainer_state.pt", 9, role="trainer_state", framework="pufferlib", step=9, policy_path="model_000009.pt"
    )

    def test_the_weights_alone_are_loaded(self) -> None:
        told = assess((row("model_000009.pt", 8), self.STATE), "generic", "r", launch=TRAIN)
        assert (told.answer, chosen(told)) == ("yes-but", "model_000009.pt")
        assert told.command.endswith("--load-model-path /r/model_000009.pt")

    @pytest.mark.parametrize("models", [(), (row("model_000009.pt", 8, "truncated"),)])
    def test_the_model_that_the_state_names_is_gone_or_torn(self, models: tuple[CheckpointReading, ...]) -> None:
        told = assess((row("model_000005.pt", 5, step=5), *models, self.STATE), "generic", "r")
        assert told.answer == "no"
        assert told.fallback is not None
        assert told.fallback.name == "model_000005.pt"
        assert told.command == "--load-model-path /r/model_000005.pt"


class TestPointers:
    LATEST = CheckpointPointer("/r/latest", "global_step20", 9)
    ROWS = tuple(row("mp_states.pt", n, path=f"/r/global_step{n}0/mp_states.pt", step=10 * n) for n in (1, 2))

    def test_deepspeed_goes_where_latest_points(self) -> None:
        told = assess(self.ROWS, "generic", "r", pointers=(self.LATEST,), launch=TRAIN, step=25)
        assert (told.answer, told.steps_at_risk) == ("yes", 5)
        assert told.command == "cd /home/me/code && python train.py --lr 3e-4"

    def test_a_folder_that_is_gone_or_torn(self) -> None:
        told = assess(self.ROWS[:1], "generic", "r", pointers=(self.LATEST,))
        assert told.answer == "no"
        assert "global_step20, which /r/latest names, is not there" in told.reason
        torn = (self.ROWS[0], row("zero_pp_rank_0_mp_rank_00_optim_states.pt", 2, "empty", role="optimizer",
                                  path="/r/global_step20/zero_pp_rank_0_mp_rank_00_optim_states.pt"))  # fmt: skip
        assert assess(torn, "generic", "r", pointers=(self.LATEST,)).answer == "no"

    def test_without_the_pointer_it_begins_at_0(self) -> None:
        rows = (row("global_step10", 1, framework="deepspeed", step=10),)
        assert "begins at step 0" in assess(rows, "generic", "r").reason

    def test_megatron(self) -> None:
        pointer = CheckpointPointer("/r/ck/latest_checkpointed_iteration.txt", "iter_0000500", 1)
        rows = (row("model_optim_rng.pt", 1, path="/r/ck/iter_0000500/mp_rank_00/model_optim_rng.pt"),)
        told = assess(
            rows, "generic", "r", pointers=(pointer,), launch=Launch(("torchrun", "pretrain_gpt.py", "--load", "x"))
        )
        assert (told.answer, told.command) == ("yes", "torchrun pretrain_gpt.py --load /r/ck")


class TestCommitted:
    def test_a_folder_without_its_metadata_is_passed_over(self) -> None:
        rows = (
            row("step-100", 1, framework="dcp", step=100),
            row("step-200", 2, "incomplete", framework="dcp", step=200),
        )
        told = assess(rows, "generic", "r")
        assert (told.answer, chosen(told)) == ("yes", "step-100")
        assert "step-200 is passed over" in told.reason

    def test_torchtitan_is_told_which_step_to_load(self) -> None:
        rows = (
            row("step-100", 1, framework="dcp", step=100),
            row("step-200", 2, "truncated", framework="dcp", step=200),
        )
        launch = Launch(("torchrun", "-m", "torchtitan.train"))
        told = assess(rows, "generic", "r", launch=launch)
        assert (told.answer, told.command) == ("no", "torchrun -m torchtitan.train --checkpoint.load_step 100")

    def test_orbax_without_a_commit(self) -> None:
        rows = (row("100.orbax-checkpoint-tmp-1", 1, "incomplete", framework="orbax", step=100),)
        assert assess(rows, "generic", "r").answer == "no"


class TestWhileItSaves:
    def test_what_was_there_before_counts_until_the_save_has_ended(self) -> None:
        rows = (row("checkpoint-10", 1, step=10), row("checkpoint-20", 2, "being-written", step=20))
        told = assess(rows, "huggingface", "r")
        assert (told.answer, chosen(told)) == ("yes", "checkpoint-10")
        assert told.reason.startswith("checkpoint-20 is being written; until that has ended")

    def test_nothing_before_it_is_not_known(self) -> None:
        assert assess((row("checkpoint-20", 2, "being-written"),), "huggingface", "r").answer == "unknown"


class TestSafety:
    def test_nothing_hostile_enters_a_command(self) -> None:
        evil = Launch(("python", "train.py", "x; rm -rf ~"), "/a b")
        told = assess((row("checkpoint-10", 1),), "huggingface", "r", launch=evil)
        assert shlex.split(told.command) == [
            "cd", "/a b", "&&", "python", "train.py", "x; rm -rf ~", "--resume_from_checkpoint", "/r/checkpoint-10"
        ]  # fmt: skip
        told = assess((row("checkpoint-10", 1),), "huggingface", "r", launch=Launch(("python", "a\nb")))
        assert told.command == ""
        assert "control characters" in told.note

    def test_an_unsafe_one_is_never_offered(self) -> None:
        told = assess((row("checkpoint-10", 1, "unsafe-pickle"),), "huggingface", "r", launch=TRAIN)
        assert (told.answer, told.command) == ("no", "")

    def test_a_command_while_the_run_lives_is_for_later(self) -> None:
        told = assess((row("checkpoint-10", 1),), "huggingface", "r", launch=TRAIN, alive=True)
        assert told.note.startswith("the run is alive")

    def test_a_masked_secret_is_told(self) -> None:
        launch = Launch(("python", "t.py", "--token", "****"), "", "the command of pid 1", secrets=True)
        assert "put it back" in assess((row("checkpoint-10", 1),), "huggingface", "r", launch=launch).note
