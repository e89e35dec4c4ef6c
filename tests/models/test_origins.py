import json

import pytest

from distill.base import manifest
from distill.errors import ModelError, StoreError
from distill.models.origins import locate, said_beside

SETTINGS = {"task": "classification", "max_length": 48, "labels": ["no", "yes"], "seed": 1}


def stage(root, name, settings, model="model"):
    """A finished stage's folder, and that of its model."""
    folder = root / f"{name}-0123456789ab"
    (folder / model).mkdir(parents=True)
    (folder / model / "config.json").write_text("{}")
    content = {"stage": name, "fingerprint": "0123456789ab", "seconds": 1, "result": {}, "files": {}}
    manifest.write(folder, {**content, "settings": settings})
    return folder


@pytest.mark.parametrize("name", ["finetune", "distill", "control"])
def test_a_stage_says_what_its_model_is_for(tmp_path, name):
    folder = stage(tmp_path, name, SETTINGS)
    assert locate(str(folder)) == str(folder / "model")
    assert locate(str(folder / "model")) == str(folder / "model")
    known = {"task": "classification", "max_length": 48, "labels": ["no", "yes"]}
    assert said_beside(folder / "model") == known
    (tmp_path / "link").symlink_to(folder / "model")
    assert said_beside(tmp_path / "link") == known


BUNDLES = pytest.mark.parametrize("name", ["student", "huggingface"], ids=["now", "of earlier versions"])


@BUNDLES
def test_a_stage_that_exported_means_its_bundle(tmp_path, name):
    folder = stage(tmp_path, "export", {}, name)
    assert locate(str(folder)) == str(folder / name)


@BUNDLES
def test_a_run_means_what_it_exported(tmp_path, name):
    bundle = tmp_path / "export" / name
    bundle.mkdir(parents=True)
    (bundle / "config.json").write_text("{}")
    (tmp_path / "report.json").write_text("{}")
    assert locate(str(tmp_path)) == locate(str(tmp_path / "export")) == str(bundle)
    assert locate(str(bundle)) == str(bundle)


def test_a_run_or_stage_without_a_model_that_predicts_is_refused(tmp_path):
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(ModelError, match="is a run that exported no model; run it again with export among its stages"):
        locate(str(tmp_path))
    base = stage(tmp_path, "pretrain", SETTINGS)
    for folder in (base, base / "model"):
        message = f"^{base}/model is what the stage pretrain made, before the task was learnt: give that of finetune$"
        with pytest.raises(ModelError, match=message):
            locate(str(folder))
    taught = stage(tmp_path, "teach", SETTINGS, "outputs/inner")
    with pytest.raises(ModelError, match=f"^{taught} is the stage teach of a run, which holds no model$"):
        locate(str(taught))


def test_other_names_and_folders_stay_as_they_are(tmp_path):
    model = tmp_path / "some" / "model"
    model.mkdir(parents=True)
    (model.parent / "manifest.json").write_text('{"of": "somebody else"}')
    for name in ("bert-base-uncased", "owner/name", str(tmp_path / "none"), str(model), str(tmp_path)):
        assert locate(name) == name
    assert said_beside(model) == {}


def test_a_damaged_manifest_is_refused(tmp_path):
    folder = stage(tmp_path, "finetune", SETTINGS)
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "stage": "distill"}))
    with pytest.raises(StoreError, match="is damaged"):
        locate(str(folder / "model"))
