import pickle
import re

import pretrained
import pytest
import torch
from safetensors.torch import load_file, save_file

from distill.errors import ModelError
from distill.models import loading, safetensors_headers


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture
def folder(tmp_path):
    return pretrained.classifier(tmp_path / "model")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (5, "header too small"),
        (400, "invalid header length"),
        (-7, "incomplete metadata, file not fully covered"),
    ],
)
def test_a_cut_off_file_is_refused(folder, size, said):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelError) as error:
        safetensors_headers.read_headers(folder)
    assert re.fullmatch(
        rf"{re.escape(str(path))} is cut off or damaged \([^()]*{said}[^()]*\): fetch or copy it again",
        str(error.value),
    )


@pytest.mark.parametrize(("write", "kind"), [(torch.save, "a zip or pickled file"), (pickle.dump, "a pickled file")])
def test_a_pickle_under_the_name_of_safetensors_is_never_loaded(folder, tmp_path, write, kind):
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        write(Boom(tmp_path / "was_run"), file)
    with refused(f"{path} is {kind} under the name of a safetensors file: give the file that it should be"):
        safetensors_headers.read_headers(folder)
    assert not (tmp_path / "was_run").exists()


class Boom:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


@pytest.mark.parametrize(("kind", "said"), [(torch.int8, "I8"), (torch.float8_e4m3fn, "F8_E4M3")])
def test_weights_of_few_bits_are_refused_and_numbers_of_places_are_not(folder, kind, said):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    save_file({**tensors, "bert.embeddings.position_ids": torch.arange(4)}, path, {"format": "pt"})
    safetensors_headers.read_headers(folder)
    save_file({**tensors, "classifier.weight": tensors["classifier.weight"].to(kind)}, path, {"format": "pt"})
    with refused(
        f"{path} holds classifier.weight in fewer bits ({said}), which mean nothing without a scale that is not "
        "applied here: give the folder of the model before that"
    ):
        safetensors_headers.read_headers(folder)


def test_weights_of_an_adapter_among_those_of_a_model_are_refused(folder):
    path = folder / "model.safetensors"
    name = "bert.encoder.layer.0.attention.self.query.lora_A.default.weight"
    save_file({**load_file(path), name: torch.ones(2, 16)}, path, {"format": "pt"})
    with refused(
        f"{path} holds weights of an adapter ({name}), which would not be read: merge it into its base once, with "
        "peft's merge_and_unload(), save that, and give its folder"
    ):
        safetensors_headers.read_headers(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_no_numbers_are_refused_by_name(folder, value, kind):
    path, name = folder / "model.safetensors", "bert.encoder.layer.1.output.dense.weight"
    tensors = {each: tensor.to(kind) for each, tensor in load_file(path).items()}
    safetensors_headers.refuse_infinite(folder, safetensors_headers.read_headers(folder))
    tensors[name][3, 4] = value
    save_file(tensors, path, {"format": "pt"})
    message = (
        f"{folder}: the weights of {name} are not finite (NaN or infinite), so a training of it went wrong: give an "
        "earlier checkpoint of it"
    )
    with refused(message):
        safetensors_headers.refuse_infinite(folder, safetensors_headers.read_headers(folder))
    with refused(message):
        loading.load_model(folder, "AutoModelForSequenceClassification")
