"""Files that belong together line by line are written as tables by the command that a message shows."""

import re
import subprocess

import pytest

from distill.data import files
from distill.data.formats import ENDINGS
from distill.errors import DataError

NO_TRAIN = f"{{}} has no train file: train with one of {', '.join(ENDINGS)} is looked for, text also as .gz; {{}}"
SIDES = "{} and {} look like two sides of a translation, a line each: write {}, for example by: {}"
PASTE = "(printf 'source\\ttarget\\n'; paste {} {}) > {}.tsv"


def lines(folder, *names):
    for name in names:
        (folder / name).write_text(f"one of {name}\ntwo of {name}\n", encoding="utf-8")


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def read(folder):
    """Run the command that the refusal of a folder shows, and return the splits."""
    with pytest.raises(DataError) as error:
        files.read(folder, {})
    subprocess.run(["/bin/bash", "-c", str(error.value).rpartition("for example by: ")[2]], cwd=folder, check=True)
    return files.read(folder, {})


def test_the_sides_of_all_splits_are_written_as_tables(tmp_path):
    lines(tmp_path, "train.de", "train.en", "val.de", "val.en", "test_2016.de", "test_2016.en", "notes.md", "notes.py")
    commands = " && ".join(PASTE.format(f"{name}.de", f"{name}.en", name) for name in ("train", "test_2016", "val"))
    way = SIDES.format("train.de", "train.en", "each two as one table", commands)
    with refused(NO_TRAIN.format(tmp_path, way)):
        files.read(tmp_path, {})
    splits = read(tmp_path)
    assert list(splits) == ["train", "validation"]
    assert splits["validation"][1] == {"source": "two of val.de", "target": "two of val.en"}
    way = "data.files.validation=NAME and data.files.test=NAME name other files"
    assert splits.notes == [f"of {tmp_path} test_2016.tsv is not read: {way}"]


def test_sides_of_which_there_is_no_table_are_said_not_to_be_read(tmp_path):
    lines(tmp_path, "train.de", "train.en", "val.de", "val.en", "other.de", "other.en", "test.md", "test.py", "test.de")
    (tmp_path / "train.tsv").write_text("source\ttarget\na b\tc d\n")
    way = f"write them as one table, for example by: {PASTE.format('val.de', 'val.en', 'val')}"
    assert files.read(tmp_path).notes == [f"of {tmp_path} val.de, val.en are not read: {way}"]


@pytest.mark.parametrize(
    ("names", "command"),
    [
        (("Subtitles.de-en.de", "Subtitles.de-en.en", "Subtitles.de-en.ids", "README"), "{} {}"),
        (("Subtitles.en-de.en", "Subtitles.en-de.de", "LICENSE"), "{} {}"),
        (("train.de-en.de", "train.de-en.en", "train.de-en.bpe"), "{} {}"),
        (("train.source", "train.target"), "{} {}"),
        (("train.pt_br", "train.zh-cn"), "{} {}"),
        (("train.src", "train.tgt", "train.bpe.src", "train.bpe.tgt"), "{} {}"),
        (("train.tags.de-en.de", "train.tags.de-en.en", "IWSLT14.dev2010.de-en.de.xml"), "{} {} | grep -v '^<'"),
        (("train.de.gz", "train.en.gz"), "<(gzip -dc {}) <(gzip -dc {})"),
    ],
)
def test_two_sides_are_told_by_their_names(tmp_path, names, command):
    lines(tmp_path, *names)
    paste = f"(printf 'source\\ttarget\\n'; paste {command.format(*names)}) > train.tsv"
    way = SIDES.format(*names[:2], "them as one table", paste)
    with refused(NO_TRAIN.format(tmp_path, way)):
        files.read(tmp_path, {})


def test_lines_about_talks_are_no_pairs(tmp_path):
    for side in ("de", "en"):
        content = f"<url>http://talks</url>\n eins {side}\n<title>Talk</title>\n zwei {side}\n"
        (tmp_path / f"train.tags.de-en.{side}").write_text(content)
    assert read(tmp_path)["train"]["target"][:] == [" eins en", " zwei en"]


def test_packed_sides_are_unpacked(tmp_path):
    lines(tmp_path, "train.de", "train.en")
    subprocess.run(["/bin/bash", "-c", "gzip train.de train.en"], cwd=tmp_path, check=True)
    assert read(tmp_path)["train"]["source"][:] == ["one of train.de", "two of train.de"]


def test_texts_and_labels_of_all_splits_are_written_as_tables(tmp_path):
    lines(tmp_path, *(f"{split}_{what}.txt" for split in ("train", "val", "test") for what in ("text", "labels")))
    splits = read(tmp_path)
    assert {split: rows["label"][0] for split, rows in splits.items()} == {
        "train": "one of train_labels.txt",
        "validation": "one of val_labels.txt",
        "test": "one of test_labels.txt",
    }
    assert not splits.notes
    (tmp_path / "val.tsv").unlink()
    assert files.read(tmp_path, {}).notes == [
        f"of {tmp_path} val_text.txt, val_labels.txt are not read: write them as one table, for example by: "
        "(printf 'text\\tlabel\\n'; paste val_text.txt val_labels.txt) > val.tsv"
    ]
    assert not files.read(tmp_path, {"validation": ["val_text.txt"]}).notes


def test_several_pairs_of_no_split_are_not_guessed_to_be_train(tmp_path):
    lines(tmp_path, "a.de", "a.en", "b.de", "b.en")
    with refused(NO_TRAIN.format(tmp_path, "it has a.de, a.en, b.de, b.en, of no such ending")):
        files.read(tmp_path, {})
