"""A format that the run cannot do without, and the architecture cannot have, is refused before anything is trained."""

from types import SimpleNamespace

import pytest
from transformers import BertConfig, FNetConfig

from distill.errors import ModelError
from distill.models import checkpoint_fitting
from distill.models.tokenizer_training import train
from distill.pipeline import export_check
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

SIZE = {"hidden_size": 16, "num_hidden_layers": 3, "intermediate_size": 24, "max_position_embeddings": 64}
BERT = BertConfig(vocab_size=100, num_attention_heads=2, **SIZE)
FNET = FNetConfig(vocab_size=100, **SIZE)


@pytest.fixture(scope="module")
def tokenizer():
    return train("encoder", ["Anna lives in Rome , and Mary saw the old film there ."], vocab_size=80, max_length=32)


def checked(tokenizer, config, *required, init="teacher", stages=("distill", "export")):
    """Check a run whose teacher is a checkpoint of this configuration."""
    setup = TaskSetup("classification", task("classification"), EncodingSpec(("no", "yes"), max_length=32))
    spec = SimpleNamespace(
        config=SimpleNamespace(stages=list(stages), export=SimpleNamespace(require=list(required), calibrate=False)),
        setup=setup,
        decisions=SimpleNamespace(student=SimpleNamespace(init=init)),
        sources=SimpleNamespace(checkpoints={"teacher_checkpoint": "folder"}, tokenizer=lambda folder: tokenizer),
    )
    export_check.required_formats(spec, {"teacher_checkpoint": config})


@pytest.mark.parametrize("name", ["onnx", "onnx_int8"])
def test_an_architecture_that_cannot_be_traced_is_refused_where_its_format_is_required(
    tokenizer, name, capfd, monkeypatch
):
    # FNet, refused before for another reason, stands for architectures of an operation that no graph has.
    monkeypatch.setattr(checkpoint_fitting, "refuse_dependent_answers", lambda config, head: None)
    with pytest.raises(ModelError) as caught:
        checked(tokenizer, FNET, "huggingface", name)
    said = f"export.require=[huggingface, {name}]: {name}: models of the kind fnet cannot be traced ("
    assert str(caught.value).startswith(said)
    assert "aten::fft_fftn" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", ""), "the tracer prints its whole graph"
    assert FNET.num_hidden_layers == 3


def test_architectures_that_can_be_traced_or_need_not_be_are_not_refused(tokenizer):
    checked(tokenizer, BERT, "onnx", "onnx_int8")
    checked(tokenizer, FNET)
    checked(tokenizer, FNET, "huggingface")
    checked(tokenizer, FNET, "onnx", init="random")
    checked(tokenizer, FNET, "onnx", stages=("distill",))
