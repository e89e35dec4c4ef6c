"""Which form of a bundle answers, and what is refused about it."""

import json
import re
import shutil

import pytest
from predicted import close, inputs

from distill import Predictor
from distill.base import processor
from distill.errors import ConfigError, ModelError
from distill.inference import bundle
from distill.inference.formats import FILES
from distill.models import checksums
from distill.serving.opening import opening

READING = [
    "classification", "pair_classification", "multilabel_classification", "regression", "token_classification",
    "relation_extraction", "question_answering",
]  # fmt: skip
VNNI = ["avx2", "avx512_vnni"]


@pytest.fixture
def copied(bundles, tmp_path):
    """A bundle of its own, with an 8-bit file that is none: another name of the graph."""
    folder = shutil.copytree(bundles("classification"), tmp_path / "bundle")
    shutil.copy(folder / "onnx" / "model.onnx", folder / "onnx" / "model_quantized.onnx")
    return folder


def certify(folder, flags=(), **formats):
    """Write a certificate, of each format whether it is certified, or more of what it says."""
    entries = {name: entry if isinstance(entry, dict) else {"certified": entry} for name, entry in formats.items()}
    content = {"schema": 1, "processor": {"name": "one", "flags": list(flags)}, "formats": entries}
    (folder / "certificate.json").write_text(json.dumps(content))


def timed(milliseconds, **more):
    return {"certified": True, "latency_ms": {"1x16": {"p50": milliseconds, "p90": 2 * milliseconds}}, **more}


def refused(message, folder, error=ModelError, **given):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Predictor.load(folder, **given)


@pytest.mark.parametrize("name", READING)
def test_onnx_answers_as_torch_does(name, bundles):
    one, other = (Predictor.load(bundles(name), format=form, batch_size=3) for form in ("torch", "onnx"))
    assert (one.format, other.format) == ("torch", "onnx")
    assert one.tokenizer.__class__ != other.tokenizer.__class__
    wanted, found = (each.predict(inputs(name)) for each in (one, other))
    assert all(map(close, wanted, found))
    assert wanted != [wanted[0]] * len(wanted)


def test_the_quickest_certified_format_answers(copied):
    assert Predictor.load(copied).format == "torch"  # nobody has certified another
    certify(copied, onnx=timed(2.0), onnx_int8=timed(3.0))
    assert Predictor.load(copied).format == "onnx"
    certify(copied, onnx=timed(2.0), onnx_int8=timed(1.0))
    assert Predictor.load(copied).format == "onnx_int8"
    certify(copied, onnx=timed(2.0), onnx_int8={**timed(1.0), "certified": False, "reason": "it is worse"})
    assert Predictor.load(copied).format == "onnx"
    certify(copied, onnx=True, onnx_int8=True)
    assert Predictor.load(copied).format == "onnx_int8"
    (copied / "onnx" / "model_quantized.onnx").unlink()
    assert Predictor.load(copied).format == "onnx"


def test_eight_bits_certified_with_vnni_are_not_taken_without_it(copied, monkeypatch):
    monkeypatch.setattr(processor, "flags", lambda: frozenset({"avx2"}))
    certify(copied, VNNI, onnx=timed(2.0), onnx_int8=timed(1.0, saturation={"possible": True}))
    assert Predictor.load(copied).format == "onnx"
    asked = Predictor.load(copied, format="onnx_int8")
    assert asked.notes == (
        f"certificate.json of {copied} holds for a processor with VNNI, which this one lacks: sums of onnx_int8 may be "
        "cut off here, so that its answers may differ",
    )
    certify(copied, VNNI, onnx=timed(2.0), onnx_int8=timed(1.0, saturation={"possible": False}))
    assert (Predictor.load(copied).format, Predictor.load(copied).notes) == ("onnx_int8", ())
    certify(copied, ["avx2"], onnx=timed(2.0), onnx_int8=timed(1.0))  # measured with whatever is cut off
    assert Predictor.load(copied).format == "onnx_int8"
    monkeypatch.setattr(processor, "flags", lambda: frozenset(VNNI))
    certify(copied, VNNI, onnx=timed(2.0), onnx_int8=timed(1.0, saturation={"possible": True}))
    assert Predictor.load(copied).format == "onnx_int8"


def test_a_format_that_is_not_there_or_was_left_out_is_refused(copied, models):
    certify(copied, onnx=True, onnx_int8={"certified": False, "reason": "accuracy falls by 3.2 points"})
    why = f"the export of {copied} left it out (accuracy falls by 3.2 points)"
    refused(f"format=onnx_int8: {why}; it has onnx", copied, format="onnx_int8")
    (copied / "certificate.json").unlink()
    (copied / "onnx" / "model_quantized.onnx").unlink()
    refused(f"format=onnx_int8: {copied} has no onnx/model_quantized.onnx; it has onnx", copied, format="onnx_int8")
    plain = models("translation")
    why = f"{plain} has no onnx/model.onnx; format=torch reads its safetensors"
    refused(f"format=onnx: {why}", plain, format="onnx")
    refused("format=fast: allowed is one of auto, torch, onnx, onnx_int8", plain, ConfigError, format="fast")


@pytest.fixture
def graphs(copied):
    """A folder as others export graphs: without weights for PyTorch, checksums and certificate."""
    for name in ("model.safetensors", "checksums.json", "certificate.json"):
        (copied / name).unlink(missing_ok=True)
    return copied


def test_a_folder_of_graphs_alone_answers_by_its_exact_one(graphs, monkeypatch):
    assert Predictor.load(graphs).format == opening(graphs, "auto").description.format == "onnx"
    why = f"{graphs} has no safetensors, which PyTorch reads; take format=onnx or format=onnx_int8"
    refused(f"format=torch: {why}", graphs, format="torch")
    with pytest.raises(ModelError, match=f"^{re.escape(f'format=torch: {why}')}$"):
        opening(graphs, "torch")
    monkeypatch.setattr(bundle, "torch_is_installed", lambda: False)
    assert Predictor.load(graphs).format == "onnx"
    (graphs / "onnx" / "model.onnx").unlink()  # eight bits are not taken unasked
    monkeypatch.undo()
    why = f"{graphs} has no safetensors, which PyTorch reads; take format=onnx_int8"
    refused(f"format=auto: {why}", graphs)
    assert Predictor.load(graphs, format="onnx_int8").format == "onnx_int8"


@pytest.mark.parametrize(("form", "file"), [("onnx", "model.onnx"), ("onnx_int8", "onnx/model_int8.onnx")])
def test_a_graph_that_lies_elsewhere_is_named_with_its_place(graphs, form, file):
    (graphs / "onnx" / "model_quantized.onnx").unlink()
    (graphs / "onnx" / "model.onnx").rename(graphs / file)
    places = "graphs are read as onnx/model.onnx (format=onnx) and onnx/model_quantized.onnx (format=onnx_int8) alone"
    for wanted in ("auto", "torch"):
        why = f"{graphs} has no safetensors, which PyTorch reads; {places}: move {file} there"
        refused(f"format={wanted}: {why}", graphs, format=wanted)
    refused(f"format={form}: {graphs} has no {FILES[form]}; {places}: move {file} there", graphs, format=form)
    (graphs / file).rename(graphs / FILES[form])
    assert Predictor.load(graphs, format=form).format == form


def test_a_folder_without_any_weights_is_not_told_to_read_them_by_torch(graphs):
    shutil.rmtree(graphs / "onnx")
    why = f"{graphs} has no weights: there is no *.safetensors file in it"
    refused(f"format=onnx: {graphs} has no onnx/model.onnx; {why}", graphs, format="onnx")
    refused(why, graphs)


@pytest.mark.parametrize("form", ["torch", "onnx", "onnx_int8"])
def test_weights_that_a_named_format_does_not_open_may_be_left_out(copied, form):
    checksums.write(copied)
    files = {"torch": "model.safetensors", **FILES}
    for name in files.keys() - {form}:
        (copied / files[name]).unlink()
    assert Predictor.load(copied, format=form).format == opening(copied, form).description.format == form
    gone = next(file for file in sorted(files.values()) if file != files[form])
    again = "which checksums.json names; copy the folder again as it was exported"
    way = ", or, where it was left out on purpose, name the format that is there as format=NAME"
    refused(f"{copied} has no {gone}, {again}{way}", copied)
    (copied / files[form]).unlink()
    refused(f"{copied} has no {files[form]}, {again}", copied, format=form)


def test_a_file_that_a_named_format_does_not_open_is_whole_where_it_is_there(copied):
    checksums.write(copied)
    (copied / "model.safetensors").write_bytes(b"something else")
    said = f"{copied}/model.safetensors was changed since it was exported: checksums.json has another checksum; copy "
    refused(f"{said}the folder again as it was exported", copied, format="onnx")


def test_a_bundle_that_is_not_as_it_was_exported_is_refused(copied, bundles):
    (copied / "onnx" / "model_quantized.onnx").unlink()
    other = bundles("regression") / "onnx" / "model.onnx"
    student = bundle.Bundle.read(copied)
    shutil.copy(other, copied / "onnx" / "model.onnx")
    refused(
        f"{copied}/onnx/model.onnx was made of another student than {copied}/model.safetensors: give the folder as it "
        "was exported",
        copied,
        format="onnx",
    )
    (copied / "model.safetensors").unlink()  # which the ONNX file does not need
    assert student.open("onnx").outputs == ("score",)
    shutil.copy(bundles("classification") / "onnx" / "model.onnx", copied / "onnx" / "model.onnx")
    checksums.write(copied)
    assert Predictor.load(copied, format="onnx").format == "onnx"
    config = copied / "config.json"
    config.write_bytes(config.read_bytes().replace(b"yes", b"yea"))
    for form in ("auto", "torch", "onnx"):
        refused(
            f"{config} was changed since it was exported: checksums.json has another checksum; copy the folder again "
            "as it was exported",
            copied,
            format=form,
        )


def test_what_needs_torch_is_refused_without_it(copied, models, monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "torch_is_installed", lambda: False)
    needs = (
        "PyTorch and transformers read its safetensors, and are not installed; pip install distill brings them, while "
        "distill[serve] by itself reads ONNX files alone"
    )
    why = "no format of it is certified, though format=onnx may be there"
    refused(f"{copied} has no certificate.json: {why}; {needs}", copied)
    torch = f"format=torch: PyTorch and transformers read the safetensors of {copied}, and are not installed; take "
    others = "format=onnx_int8 or format=onnx, which need neither, or pip install distill"
    refused(torch + others, copied, format="torch")
    with pytest.raises(ModelError, match=f"^{re.escape(torch + others)}$"):
        opening(copied, "torch")
    refused(f"{models('dialogue')} is read as it is: {needs}", models("dialogue"))
    refused(f"{models('dialogue')} is read as it is: {needs}", models("dialogue"), format="torch")
    refused(f"{tmp_path}/none: there is no such folder", tmp_path / "none")
    refused(f"{tmp_path} has no config.json, so it is no model folder", tmp_path)
    refused(f"{tmp_path} has no config.json, so it is no model folder", tmp_path, format="onnx")
    certify(copied, VNNI, onnx=False, onnx_int8=timed(1.0))
    monkeypatch.setattr(processor, "flags", frozenset)
    with pytest.raises(ModelError, match=r"holds for a processor with VNNI, which this one lacks.*; PyTorch and"):
        Predictor.load(copied)
    refused(f"{copied} is read as it is: {needs}", copied, format="torch")  # nothing else is to be had here
    certify(copied, VNNI, onnx=True, onnx_int8=timed(1.0))
    refused(f"{torch}format=onnx, which needs neither, or pip install distill", copied, format="torch")
    certify(copied, onnx=True)
    assert Predictor.load(copied).format == "onnx"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"formats": {"onnx": true}}', "onnx=True"),
        ('{"formats": 3}', "formats=3"),
        ('{"formats": {"onnx": {"certified": "no"}}}', "certified='no'"),
        ('{"formats": {"onnx": {"certified": true, "latency_ms": 5}}}', "latency_ms=5"),
        ('{"formats": {"onnx": {"certified": true, "latency_ms": {"1x16": 5}}}}', "1x16=5"),
        (
            '{"formats": {"onnx": {"certified": true, "latency_ms": {"1x16": {"p50": 0}}}}}',
            "latency_ms={'1x16': {'p50': 0}}",
        ),
        ('{"formats": {"onnx_int8": {"certified": true, "saturation": 3}}}', "saturation=3"),
        ('{"formats": {"onnx_int8": {"saturation": {"possible": 3}}}}', "possible=3"),
        ('{"processor": 4}', "processor=4"),
        ('{"processor": {"flags": "avx2"}}', "flags='avx2'"),
    ],
)
def test_a_certificate_that_no_run_writes_is_refused(copied, content, said):
    (copied / "certificate.json").write_text(content)
    refused(f"{copied}/certificate.json says {said}, which no run writes; give the folder as it was exported", copied)


@pytest.mark.parametrize("names", [["no", "yes"], {"no": 0}])
def test_outputs_that_are_not_named_by_number_are_refused(copied, names):
    config = copied / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "id2label": names}))
    refused(
        f"{config} says id2label={names!r}, which names no outputs by their numbers; give the folder as it was "
        "exported",
        copied,
        format="onnx",
    )
