import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pretrained
import pytest
from safetensors.torch import load_file, save_file

from distill.errors import ModelError
from distill.models import checkpoint_folders, safetensors_headers

MERGE = "merge it into its base once, with peft's merge_and_unload(), save that, and give its folder"


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return pretrained.classifier(tmp_path_factory.mktemp("whole") / "model")


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "model")


def sharded(folder):
    """Split the weights in two files with an index."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    index = {}
    for number, names in enumerate((sorted(tensors)[:10], sorted(tensors)[10:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in names}, folder / file, {"format": "pt"})
        index |= dict.fromkeys(names, file)
    write_index(folder, index)
    return index


def write_index(folder, index):
    (folder / checkpoint_folders.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": index}))


def look(folder):
    checkpoint_folders.resolve(str(folder))
    return safetensors_headers.read_headers(folder)


def test_a_whole_folder_is_taken_in_one_file_or_in_several(folder):
    names = set(look(folder))
    sharded(folder)
    assert set(look(folder)) == names


def test_a_file_in_the_place_of_the_folder_is_refused(folder):
    path = folder / "model.safetensors"
    with refused(f"{path} is a file: give the folder that holds config.json, tokenizer and weights"):
        look(path)


def test_the_folder_of_a_trainer_leads_to_the_checkpoints_in_it(folder, tmp_path):
    (tmp_path / "out").mkdir()
    folder.rename(tmp_path / "out" / "checkpoint-5")
    with refused(f"{tmp_path}/out has no config.json, so it is no model folder; {tmp_path}/out/checkpoint-5 has one"):
        look(tmp_path / "out")


def test_a_folder_of_the_hubs_cache_leads_to_the_model_in_it(folder, tmp_path):
    home = tmp_path / "models--x--y"
    (home / "snapshots").mkdir(parents=True)
    folder.rename(home / "snapshots" / "abc")
    with refused(f"{home} has no config.json, so it is no model folder; {home}/snapshots/abc has one"):
        look(home)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 133466304\n"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"])
def test_a_pointer_of_git_lfs_is_told_from_the_file(folder, name):
    (folder / name).write_text(POINTER)
    with refused(
        f"{folder / name} is a Git LFS pointer, not the file itself: fetch it with git lfs pull in its folder"
    ):
        look(folder)


def test_a_part_of_the_weights_can_be_a_pointer_too(folder):
    sharded(folder)
    path = folder / "model-00002-of-00002.safetensors"
    path.write_text(POINTER)
    with refused(f"{path} is a Git LFS pointer, not the file itself: fetch it with git lfs pull in its folder"):
        look(folder)


def test_the_last_checkpoint_of_a_trainer_is_the_one_of_the_largest_number(folder, tmp_path):
    for step in (500, 1000, 60):
        shutil.copytree(folder, tmp_path / "trained" / f"checkpoint-{step}")
    made = tmp_path / "trained"
    with refused(f"{made} has no config.json, so it is no model folder; {made}/checkpoint-1000 has one"):
        checkpoint_folders.resolve(str(made))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_of_the_encoding_is_named(folder, encoding):
    path = folder / "config.json"
    path.write_text(path.read_text(), encoding=encoding)
    with refused(f"{path} cannot be read: it is no JSON (write it as UTF-8 without a byte order mark)"):
        checkpoint_folders.read_object(path)


def test_an_unfinished_download_and_weights_one_folder_down_are_named(folder):
    weights = folder / "model.safetensors"
    (folder / "onnx").mkdir()
    there = weights.rename(folder / "onnx" / weights.name)
    with refused(
        f"{folder} has no weights: there is no *.safetensors file in it, but onnx/model.safetensors one folder down"
    ):
        checkpoint_folders.resolve(str(folder))
    there.rename(folder / "model.safetensors.crdownload")
    with refused(
        f"{folder} has no weights but a download that was not finished (model.safetensors.crdownload): fetch it again"
    ):
        checkpoint_folders.resolve(str(folder))


def test_a_pointer_that_nobody_reads_is_no_hindrance(folder):
    (folder / "model.fp16.safetensors").write_text(POINTER)
    look(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_web_page_and_an_empty_file_are_refused(folder, name):
    (folder / name).write_text("<!doctype html><html>not found</html>")
    with refused(f"{folder / name} is a web page, not the file itself: download it again"):
        look(folder)
    (folder / name).write_text("")
    with refused(f"{folder / name} is empty: fetch or copy it again"):
        look(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with refused(f"{folder}/model.safetensors is a folder, not a file"):
        look(folder)


@contextmanager
def kept_from_nobody(path):
    """Whoever this is, nobody in particular may not read ``path``; root could read anything."""
    me, mode = os.geteuid(), path.stat().st_mode
    path.chmod(0)
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)
        path.chmod(mode)


def test_what_may_not_be_read_is_named(whole):
    with TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Path(shutil.copytree(whole, f"{home}/model"))
        for path in (folder / "model.safetensors", folder / "config.json", folder, Path(home)):
            said = folder if path == Path(home) else path
            with kept_from_nobody(path), refused(f"{said} cannot be read: Permission denied"):
                checkpoint_folders.resolve(str(folder))


def test_links_that_leave_the_folder_are_refused_and_those_that_stay_are_not(folder, tmp_path):
    (folder / "model.safetensors").rename(folder / "weights.bin")
    (folder / "model.safetensors").symlink_to("weights.bin")
    look(folder)
    for name in ("model.safetensors", "tokenizer.json", "chat_template.jinja"):
        target = tmp_path / name
        if (folder / name).exists():
            shutil.copyfile(folder / name, target)
            (folder / name).unlink()
        target.touch()
        (folder / name).symlink_to(target)
        with refused(f"{folder / name} is a link out of its folder, to {target}: copy the file instead"):
            look(folder)
        (folder / name).unlink()
        shutil.copyfile(target, folder / name)


def test_a_link_to_nothing_is_refused(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("../gone/weights")
    with refused(
        f"{folder}/model.safetensors is a link to ../gone/weights, which is not there: fetch or copy the file"
    ):
        look(folder)


def test_the_cache_of_the_hub_links_to_its_blobs(folder, tmp_path):
    home = tmp_path / "models--x" / "snapshots" / "abc"
    (tmp_path / "models--x" / "blobs").mkdir(parents=True)
    home.mkdir(parents=True)
    for path in folder.iterdir():
        path.rename(tmp_path / "models--x" / "blobs" / path.name)
        (home / path.name).symlink_to(f"../../blobs/{path.name}")
    look(home)


def test_a_missing_part_of_the_weights_is_named(folder):
    sharded(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with refused(
        f"{folder} lacks model-00002-of-00002.safetensors, one of the 2 files of weights that "
        "model.safetensors.index.json names: fetch it too"
    ):
        look(folder)


def test_parts_that_would_be_read_in_the_place_of_the_weights_are_refused(folder):
    name = "shard-00001-model-00001-of-00001.safetensors"
    shutil.copyfile(folder / "model.safetensors", folder / name)
    with refused(
        f"{folder} holds parts of a distributed training ({name}), which would be read in the place of the model's "
        "weights: leave them out, or save the model whole and give its folder"
    ):
        look(folder)


def test_parts_without_their_index_are_refused(folder):
    sharded(folder)
    (folder / checkpoint_folders.INDEX).unlink()
    with refused(
        f"{folder} has neither model.safetensors nor model.safetensors.index.json, which says what "
        "model-00001-of-00002.safetensors, model-00002-of-00002.safetensors hold: fetch or rename it"
    ):
        look(folder)


@pytest.mark.parametrize("name", ["../other/model.safetensors", "/other/model.safetensors", "pytorch_model.bin", ".."])
def test_an_index_names_nothing_but_weights_beside_it(folder, name):
    index = sharded(folder)
    write_index(folder, {**index, "bert.pooler.dense.bias": name})
    with refused(f"{folder / checkpoint_folders.INDEX} names '{name}', which is no *.safetensors file of its folder"):
        look(folder)


def test_an_index_that_names_other_tensors_is_refused(folder):
    index = sharded(folder)
    write_index(folder, {**index, "bert.other": "model-00001-of-00002.safetensors"})
    with refused(
        f"{folder / checkpoint_folders.INDEX} says that model-00001-of-00002.safetensors holds bert.other, which it "
        "does not: fetch both again"
    ):
        look(folder)


@pytest.mark.parametrize("content", [{}, {"weight_map": []}, {"weight_map": {"a": 3}}, {"weight_map": {}}])
def test_an_index_of_another_form_is_refused(folder, content):
    sharded(folder)
    (folder / checkpoint_folders.INDEX).write_text(json.dumps(content))
    with refused(
        f"{folder / checkpoint_folders.INDEX} is no index of weights: it has no weight_map from tensors to files"
    ):
        look(folder)


@pytest.mark.parametrize("config", [True, False])
def test_an_adapter_is_no_model(folder, config):
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    if not config:
        (folder / "config.json").unlink()
    with refused(f"{folder} is an adapter of 'org/base', not a whole model: {MERGE}"):
        look(folder)
    (folder / "adapter_config.json").unlink()
    with refused(f"{folder} holds an adapter alone (adapter_model.safetensors): {MERGE}"):
        look(folder)


def test_an_adapter_beside_a_model_is_not_silently_left_out(folder):
    shutil.copyfile(folder / "model.safetensors", folder / "adapter_model.safetensors")
    for name in ("adapter_model.safetensors", "adapter_config.json, adapter_model.safetensors"):
        with refused(
            f"{folder} holds an adapter ({name}) beside a whole model, and which is meant is not said: {MERGE}; "
            "or leave the adapter's files out"
        ):
            look(folder)
        (folder / "adapter_config.json").write_text("{}")


@pytest.mark.parametrize(
    ("name", "of"),
    [("tf_model.h5", "TensorFlow"), ("flax_model.msgpack", "Flax"), ("model.onnx", "ONNX"),
     ("model-q4.gguf", "llama.cpp (GGUF)"), ("openvino_model.bin", "OpenVINO"),
     ("model.ckpt-9.index", "TensorFlow 1")],
)  # fmt: skip
def test_weights_of_other_software_are_named_for_what_they_are(folder, name, of):
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(b"x")
    with refused(
        f"{folder} has weights for other software alone: {name} ({of}); give a folder with model.safetensors, such as "
        "the one that these were made of"
    ):
        look(folder)


def test_what_a_trainer_pickles_beside_the_weights_is_none(folder):
    (folder / "model.safetensors").unlink()
    for name in ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (folder / name).write_bytes(b"x")
    with refused(f"{folder} has no weights: there is no *.safetensors file in it"):
        look(folder)
