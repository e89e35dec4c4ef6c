"""A folder for each label, a text in each file, and tables in partitions are told, with a command that reads them."""

import os
import re
import subprocess
import sys

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict
from pyarrow import dataset

from distill.data import files
from distill.data.formats import ENDINGS
from distill.errors import DataError

NO_TRAIN = f"{{}} has no train file: train with one of {', '.join(ENDINGS)} is looked for, text also as .gz; {{}}"
JSON = (
    "mkdir -p tables && python -c \"import json, pathlib; [print(json.dumps(dict(text=f.read_text('utf-8', "
    "'replace'){}))) for f in sorted(pathlib.Path('{}').glob('{}')){}]\" > tables/{}.jsonl"
)
LABEL = ", label=f.parent.name"
LABELS = (
    "{} seems to have a folder for each label, {}, with a text in each file: write a table of each split and give the "
    "folder of the tables{}, for example by: "
)
UNSUP = ", and likewise one of unsup, without label, for data.unlabelled.path"
PARTITIONS = (
    "{} holds partitions of a table, such as {}: write each split as one file and give the folder of the files, "
    'for example by: mkdir -p tables && python -c "from pyarrow import dataset, parquet; {}"'
)
READ = "dataset.dataset('{}', format='parquet', partitioning='hive').to_table()"


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def texts(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"text {name}\nof two lines\n", encoding="utf-8")


def advised(folder, path, named=None):
    """Run what the refusal of a folder advises, and return the splits that it writes."""
    with pytest.raises(DataError) as error:
        files.read(path, named)
    command = str(error.value).rpartition("for example by: ")[2].replace("python -c", f"{sys.executable} -c")
    subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)
    return files.read(folder / "tables")


def imdb(folder):
    texts(folder, "train/neg/0_3.txt", "train/neg/1_1.txt", "train/pos/0_9.txt", "train/unsup/0_0.txt", "README")
    texts(folder, "train/urls_neg.txt", "train/urls_pos.txt", "train/labeledBow.feat", "test/neg/0.txt")


@pytest.mark.parametrize("inner", ["", "train"])
def test_a_folder_for_each_label_is_told_beside_files_of_other_texts(tmp_path, inner):
    imdb(tmp_path)
    place = tmp_path / "train"
    way = LABELS.format(place, "neg, pos", UNSUP)
    way += JSON.format(LABEL, place, "*/*.txt", " if f.parent.name not in ['unsup']", "train")
    with refused(NO_TRAIN.format(place, way) if inner else way):
        files.read(tmp_path / inner, {})
    rows = advised(tmp_path, tmp_path / inner)["train"]
    assert rows["label"][:] == ["neg", "neg", "pos"]
    assert rows["text"][0] == "text train/neg/0_3.txt\nof two lines\n"


def test_folders_of_newsgroups_are_labels_whose_texts_have_no_ending(tmp_path):
    for name in ("a.atheism/51060", "a.atheism/51061", "b.med/1", "c.space/2", "d.misc/3"):
        texts(tmp_path, f"20news-bydate-test/{name}", f"20news-bydate-train/{name}")
    (tmp_path / "20news-bydate-train/a.atheism/51060").write_bytes(b"caf\xe9")
    place = tmp_path / "20news-bydate-train"
    way = LABELS.format(place, "a.atheism, b.med, c.space and 1 more", "")
    way += JSON.format(LABEL, place, "*/[0-9]*", "", "train")
    with refused(NO_TRAIN.format(tmp_path, way)):
        files.read(tmp_path, {})
    rows = advised(tmp_path, tmp_path)["train"]
    assert rows["label"][:] == ["a.atheism", "a.atheism", "b.med", "c.space", "d.misc"]
    assert rows["text"][0] == "caf\ufffd"


def test_numbered_texts_are_told_to_be_one_each(tmp_path):
    texts(tmp_path, *(f"{number}_0.txt" for number in range(5)))
    way = "its 5 files seem to hold a text each: write one table of them, for example by: "
    with refused(NO_TRAIN.format(tmp_path, way + JSON.format("", tmp_path, "*.txt", "", "texts"))):
        files.read(tmp_path)
    (tmp_path / "4_0.txt").unlink()
    with refused(NO_TRAIN.format(tmp_path, "it has 0_0.txt, 1_0.txt, 2_0.txt, 3_0.txt: give one of them as the path")):
        files.read(tmp_path)


def test_texts_in_a_folder_of_the_splits_name_are_parts_where_no_folders_are_labels(tmp_path):
    texts(tmp_path, "train/a.txt", "train/b.txt", "train/more/notes.txt", "train/cache/a.bin")
    assert len(files.read(tmp_path)["train"]) == 4


def test_a_test_of_folders_is_said_not_to_be_read_beside_a_file_of_train(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na b,c\n")
    texts(tmp_path, "test/neg/0.txt", "test/pos/0.txt", "valid/logs/a.log")
    way = LABELS.format(tmp_path / "test", "neg, pos", "").removeprefix(f"{tmp_path / 'test'} ")
    way += JSON.format(LABEL, tmp_path / "test", "*/*.txt", "", "test")
    assert files.read(tmp_path).notes == [f"{tmp_path / 'test'} is not read: it {way}"]


def test_a_folder_that_this_user_may_not_open_is_not_looked_into(tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_text("text,label\na b,c\n")
    texts(tmp_path, "test/neg/0.txt", "test/pos/0.txt")
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "test")
    assert not files.read(tmp_path).notes


@pytest.mark.parametrize("inner", ["", "train"])
def test_a_table_in_partitions_is_told(tmp_path, inner):
    table = pa.table({"text": ["a b", "c d", "e f"], "label": [0, 1, 0]})
    place = tmp_path / "train"
    dataset.write_dataset(table, place, format="parquet", partitioning=["label"], partitioning_flavor="hive")
    write = f"parquet.write_table({READ.format(place)}, 'tables/train.parquet')"
    with refused(NO_TRAIN.format(tmp_path / inner, PARTITIONS.format(place, "label=0", write))):
        files.read(tmp_path / inner, {})
    rows = advised(tmp_path, tmp_path / inner)["train"]
    assert sorted(zip(rows["text"], rows["label"], strict=True)) == [("a b", 0), ("c d", 1), ("e f", 0)]


def test_partitions_of_splits_are_written_one_by_one(tmp_path):
    table = pa.table({"text": ["a b", "c d", "e f"], "split": ["test", "train", "test"]})
    dataset.write_dataset(table, tmp_path, format="parquet", partitioning=["split"], partitioning_flavor="hive")
    rows = f"{READ.format(tmp_path)}.to_pandas().groupby('split')"
    write = f"[rows.to_parquet(f'tables/{{split}}.parquet', index=False) for split, rows in {rows}]"
    with refused(NO_TRAIN.format(tmp_path, PARTITIONS.format(tmp_path, "split=test", write))):
        files.read(tmp_path, {})
    splits = advised(tmp_path, tmp_path)
    assert {split: rows["text"][:] for split, rows in splits.items()} == {"train": ["c d"], "test": ["a b", "e f"]}


def test_shards_of_other_splits_in_the_folder_data_are_named_as_settings_take_them(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("test_sft", "train_gen", "train_sft"):
        for number in range(2):
            Dataset.from_dict({"text": ["a b"]}).to_parquet(tmp_path / f"data/{name}-0000{number}-of-00002.parquet")
    way = (
        "it has test_sft, train_gen, train_sft: say which is train with data.files.train=NAME, or take several as one "
        "with data.files.train=[train_gen,train_sft]"
    )
    with refused(NO_TRAIN.format(tmp_path, way)):
        files.read(tmp_path, {})
    read = files.read(tmp_path, {"train": ["train_sft"], "test": ["test_sft"]})
    assert len(read["train"]) == len(read["test"]) == 2
    unread = "data/train_gen-00000-of-00002.parquet, data/train_gen-00001-of-00002.parquet"
    assert any(note.startswith(f"of {tmp_path} {unread} are not read") for note in read.notes)


def test_texts_without_labels_of_a_saved_split_are_given_by_its_folder(tmp_path):
    rows = Dataset.from_dict({"text": ["a b"]})
    DatasetDict({"unsupervised": rows}).save_to_disk(tmp_path / "whole")
    rows.save_to_disk(tmp_path / "alone/unsupervised")
    whole = tmp_path / "whole"
    with refused(
        f"{whole} has no train split; it has unsupervised: "
        f"give the folder of one as the path, such as {whole / 'unsupervised'}"
    ):
        files.read(whole)
    alone = tmp_path / "alone"
    way = f"{alone / 'unsupervised'} was saved by datasets: give it as the path"
    with refused(NO_TRAIN.format(alone, way)):
        files.read(alone)
    for folder in (whole, alone):
        assert files.read(folder / "unsupervised")["train"]["text"][:] == ["a b"]
