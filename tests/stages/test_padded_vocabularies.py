"""Teachers and students that write, with rows of embeddings beyond their tokenizer's tokens."""

import pytest
import torch
from safetensors.torch import load_file

from distill.data.embedded import translations
from distill.models import from_scratch, loading
from distill.models.tokenizer_training import train_bytes

SMALL = (
    "experiment=multi30k_tiny", "data.source=embedded", "data.limit.train=48", "data.limit.validation=8",
    "data.limit.test=8", "data.max_length=48", "data.max_target_length=8", "teacher.finetuned=true",
    "teacher.accept=true",  # it is one of random weights
    "student.init=checkpoint", "distill.max_epochs=1", "tracking.wandb=disabled", "distill.reverse_kl.weight=0.5",
    "trainer.log_every_n_steps=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, inside_of):
    """What a student learns whose teacher, or who itself, has so many rows of no token: its weights."""
    command = inside_of(tmp_path_factory.mktemp("padded"))
    rows = translations.sample()["train"][:200]
    tokenizer = train_bytes([*rows["source"], *rows["target"]], vocab_size=400, max_length=48)

    def saved(who, seed, more):
        folder = command.folder / f"{who}-{more}"
        torch.manual_seed(seed)
        size = from_scratch.Size(1, 16, 2, 16)
        config = from_scratch.config("encoder-decoder", tokenizer, size, max_length=48, dropout=0.0)
        model = loading.from_config(config, "AutoModelForSeq2SeqLM")
        model.resize_token_embeddings(len(tokenizer) + more, mean_resizing=False)
        loading.save(model, tokenizer, folder)
        return folder

    def run(*overrides, teacher=0, student=0):
        made = set(command.store.glob("distill-*"))
        command(
            *SMALL, f"teacher.model={saved('teacher', 1, teacher)}", f"student.model={saved('student', 2, student)}",
            *overrides, f"hydra.run.dir={command.folder}/run", small=False,
        )  # fmt: skip
        (folder,) = set(command.store.glob("distill-*")) - made
        return load_file(folder / "model" / "model.safetensors")

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [("teacher.store=never", "stages=[distill]"), ("teacher.top_k=390", "stages=[teach,distill]")]
)
def test_a_teacher_and_a_student_of_unlike_vocabularies_compare_the_tokens_that_both_have(learnt, asked):
    plain = learnt(*asked)
    for padded in ({"teacher": 8}, {"student": 8}):
        found = learnt(*asked, **padded)
        assert {name: each.shape for name, each in found.items()} == {n: each.shape for n, each in plain.items()}
        for name, weights in plain.items():
            torch.testing.assert_close(found[name], weights, msg=f"{name} {padded}")
