import gzip
import json
import os
import re
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict, disable_progress_bars

from distill.data import files
from distill.data.formats import ENDINGS
from distill.errors import DataError

AS_UTF8 = "; save it as UTF-8, for example, where it is of Windows, by: iconv -f CP1252 -t UTF-8"
REAL = Path(__file__).parents[3] / "shared" / "data"


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def write(folder, name="train.tsv", content="sentence\tlabel\na good film\t1\na bad film\t0\n"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / name


def names(found):
    return {split: [file.name for file in parts] for split, parts in found.items()}


def test_a_tsv_has_no_quoting_and_no_missing_values(tmp_path):
    content = 'sentence\tlabel\n"quoted" and \\n back\t1\nNA\t0\nnull\tnan\n" half\t1\n'
    rows = files.read(write(tmp_path, content=content).parent)["train"]
    assert rows["sentence"][:] == ['"quoted" and \\n back', "NA", "null", '" half']
    assert rows["label"][:] == ["1", "0", "nan", "1"]


def test_a_carriage_return_in_the_middle_of_a_line_is_text_and_at_its_end_is_not(tmp_path):
    assert files.read(write(tmp_path / "a", content="text\tlabel\na\rb\t1\n").parent)["train"]["text"][:] == ["a\rb"]
    assert files.read(write(tmp_path / "b", content="text\tlabel\r\nab\t1\r\n").parent)["train"]["label"][:] == ["1"]


def test_a_csv_has_quotes(tmp_path):
    write(tmp_path, "train.csv", 'text,label\n"good, really ""good""",1\nNone,0\n')
    rows = files.read(tmp_path)["train"]
    assert rows[:] == {"text": ['good, really "good"', "None"], "label": ["1", "0"]}


@pytest.mark.parametrize("name", ["train.jsonl", "train.jsonl.gz", "train.json"])
def test_json_lines_are_read_plain_and_gzipped_and_as_one_array(tmp_path, name):
    rows = [{"text": "gut", "label": 1}, {"text": "schlecht\u2028", "label": 0}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    content = json.dumps(rows) if name.endswith(".json") else lines
    write(tmp_path, name, gzip.compress(content.encode()) if name.endswith(".gz") else content)
    assert files.read(tmp_path)["train"].to_list() == rows


def test_parquet_and_a_folder_saved_by_datasets_are_read(tmp_path):
    rows = Dataset.from_dict({"text": ["good", "bad"], "label": [1, 0]})
    (tmp_path / "a").mkdir()
    rows.to_parquet(tmp_path / "a" / "train.parquet")
    DatasetDict({"train": rows, "dev": rows}).save_to_disk(tmp_path / "b")
    rows.save_to_disk(tmp_path / "c")
    assert files.read(tmp_path / "a")["train"].to_list() == rows.to_list()
    assert sorted(files.read(tmp_path / "b")) == ["train", "validation"]
    assert files.read(tmp_path / "c")["train"].to_list() == rows.to_list()


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert files.read(write(tmp_path, content="\ufefftext\tlabel\na b\t1\n").parent)["train"]["text"][:] == ["a b"]


def test_a_folders_name_is_no_pattern(tmp_path):
    assert len(files.read(write(tmp_path / "x[v1]*").parent)["train"]) == 2


def test_a_folder_saved_without_rows_is_refused(tmp_path):
    Dataset.from_dict({"text": [], "label": []}).save_to_disk(tmp_path / "a")
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'a'} cannot be read, or has no rows: ")):
        files.read(tmp_path / "a")


def test_what_is_refused_is_not_logged_as_well(tmp_path, capfd):
    disable_progress_bars()
    with pytest.raises(DataError):
        files.read(write(tmp_path, "train.jsonl", '{"text": "a \\ud83d b"}\n').parent)
    assert capfd.readouterr() == ("", "")


def test_splits_are_found_by_name_and_other_files_are_left_alone(tmp_path):
    for name in ("train.tsv", "dev.tsv", "test.tsv.gz", "test_unseen.tsv", "README.md"):
        write(tmp_path, name, "x")
    assert names(files.find(tmp_path)) == {"train": ["train.tsv"], "validation": ["dev.tsv"], "test": ["test.tsv.gz"]}


def test_a_single_file_is_train(tmp_path):
    assert list(files.read(write(tmp_path, "reviews.tsv"))) == ["train"]


def test_a_changed_file_never_comes_from_the_cache_even_of_the_same_size_and_time(tmp_path):
    file = write(tmp_path)
    before = file.stat()
    assert files.read(tmp_path)["train"]["sentence"][0] == "a good film"
    write(tmp_path, content=file.read_text().replace("good", "fine"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert files.read(tmp_path)["train"]["sentence"][0] == "a fine film"


def test_a_missing_path_is_refused(tmp_path):
    with refused(f"{tmp_path / 'none'}: there is no such file or folder"):
        files.read(tmp_path / "none")


def test_a_folder_without_train_is_refused(tmp_path):
    write(tmp_path, "test.tsv")
    message = f"train with one of {', '.join(ENDINGS)} is looked for, text also as .gz"
    with refused(f"{tmp_path} has no train file: {message}"):
        files.read(tmp_path)
    write(tmp_path, "reviews.tsv")
    with refused(
        f"{tmp_path} has no train file: {message}; it has reviews.tsv: say which is train with data.files.train=NAME"
    ):
        files.read(tmp_path, {})


def test_two_files_for_a_split_are_refused(tmp_path):
    write(tmp_path, "train.tsv")
    write(tmp_path, "train.csv")
    with refused(f"{tmp_path} has 2 files for train: train.tsv, train.csv"):
        files.read(tmp_path)


def test_an_unknown_kind_of_file_is_refused(tmp_path):
    file = write(tmp_path, "reviews.data")
    known = f"{', '.join(ENDINGS)}, text also as .gz: give its name one of them"
    with refused(f"{file}: unknown kind of file; known are {known}"):
        files.read(file)


QUOTED = ": a field with , in it stands in double quotes, and a quote in it is written twice"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.tsv", "", "{file} is empty"),
        ("train.jsonl.gz", gzip.compress(b"", mtime=0), "{file} is empty"),
        ("train.tsv", "sentence\tlabel\n", "{file} has no rows"),
        ("train.tsv", "sentence\tlabel\na film\t1\nbad\n", "line 3 of {file} has 1 field too few"),
        ("train.tsv", "a\tb\n1\t2\t3\n", "line 2 of {file} has 3 fields, but the header has 2"),
        ("train.tsv", "a\tb\n1\t2\r\n", "line 2 of {file} ends in CR LF, but the header in LF: make all ends alike"),
        ("train.tsv", "a\tb\r\nx\ry\t2\r\n", "line 2 of {file} has a carriage return within a field"),
        ("train.csv", "a,b\n1,2,3\n", "line 2 of {file} has 3 fields, but the header has 2" + QUOTED),
        ("train.csv", 'a,b\n"1\n1",2\n3\n', "line 4 of {file} has 1 field too few"),
        ("train.tsv", "a\ta\n1\t2\n", "{file} names the column a twice"),
        ("train.csv", 'a,b\n"1,2\n3,4\n', "line 2 of {file} has a quote that is never closed"),
        (
            "train.tsv",
            b"a\tb\nok\t1\n\xc3\xa9 caf\xe9\t1\n",
            "line 3 of {file} is no UTF-8: byte 0xe9 at position 6" + AS_UTF8,
        ),
        ("train.csv", b"a,b\n\xff,1\n", "line 2 of {file} is no UTF-8: byte 0xff at position 0" + AS_UTF8),
        ("train.jsonl", '{"text": "a"}\n[1]\n', "line 2 of {file} is no JSON object"),
        (
            "train.jsonl",
            '{"text": "a"}\n{"text"\n',
            "line 2 of {file} is no JSON: Expecting ':' delimiter: line 1 column 8 (char 7)",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path, name, content, message):
    file = write(tmp_path, name, content)
    with refused(message.format(file=file)):
        files.read(tmp_path)


ROWS = {
    "sst2": {"train": 67349, "validation": 872, "test": 1821},
    "trec": {"train": 5452, "test": 500},
    "mrpc": {"train": 3668, "validation": 408, "test": 1725},
    "stsb": {"train": 5749, "validation": 1500, "test": 1379},
    "semeval2010_task8": {"train": 8000, "test": 2717},
    "multi30k_de_en": {"train": 29000, "validation": 1014, "test": 1000},
    "conll2003": {"train": 14041, "validation": 3250, "test": 3453},
    "squad": {"train": 11877, "validation": 10570},
    "scitldr": {"train": 1992, "validation": 619, "test": 618},
}


@pytest.mark.parametrize("name", ROWS)
def test_real_files_lose_no_row(name):
    if not REAL.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    assert {split: len(rows) for split, rows in files.read(REAL / name).items()} == ROWS[name]


def test_of_names_with_a_bar_between_them_the_first_that_is_there_is_taken(tmp_path):
    for name in ("train.tsv", "test.tsv"):
        write(tmp_path, name)
    wanted = {"test": ["test_unseen|test"]}
    assert names(files.find(tmp_path, wanted))["test"] == ["test.tsv"]
    write(tmp_path, "test_unseen.tsv")
    assert names(files.find(tmp_path, wanted))["test"] == ["test_unseen.tsv"]
    with refused(f"{tmp_path} has no file test_new or test_old for test, with one of {', '.join(ENDINGS)}"):
        files.find(tmp_path, {"test": ["test_new|test_old"]})
    (tmp_path / "test.tsv").unlink()
    (tmp_path / "test_unseen.tsv").unlink()
    assert "test" not in files.find(tmp_path, wanted), "the usual name may be absent, also as the last of several"
    write(tmp_path, "test_unseen.tsv")
    write(tmp_path, "test_unseen.csv")
    with refused(f"{tmp_path} has 2 files for test: test_unseen.tsv, test_unseen.csv"):
        files.find(tmp_path, wanted)


def test_all_files_of_a_list_are_read_as_one_split_and_each_has_to_be_there(tmp_path):
    write(tmp_path, "a.tsv", "text\tlabel\none\t1\n")
    write(tmp_path, "b.csv", "label,text\n0,two\n")
    rows = files.read(tmp_path, {"train": ["b", "a.tsv"]})
    assert rows["train"].to_dict() == {"label": ["0", "1"], "text": ["two", "one"]}
    assert rows.notes == ["train is read from b.csv, a.tsv"]
    with refused(f"{tmp_path} has no file c or d for train, with one of {', '.join(ENDINGS)}"):
        files.read(tmp_path, {"train": ["a", "c", "d"]})
    with refused(f"data.files.train names {tmp_path / 'a.tsv'} twice"):
        files.read(tmp_path, {"train": ["a", "a.tsv"]})
    write(tmp_path, "train.tsv")
    with refused(f"{tmp_path} has no file test for test, with one of {', '.join(ENDINGS)}"):
        files.read(tmp_path, {"test": ["test"]})


def test_files_beside_a_single_file_are_named_from_its_folder_or_by_a_path(tmp_path):
    train, test = write(tmp_path / "a", "reviews.tsv"), write(tmp_path / "b", "held.tsv")
    write(tmp_path / "a", "more.tsv", "sentence\tlabel\nso so\t1\n")
    found = files.read(train, {"test": ["more"], "validation": [str(test)]})
    assert {split: len(rows) for split, rows in found.items()} == {"train": 2, "test": 1, "validation": 2}
    assert list(files.read(train, {"test": ["test_unseen|test"]})) == ["train"], "which have not to be there"
    assert files.read(train, {"test": ["more|test"]}).notes == ["test is read from more.tsv"]
    with refused(f"{train.parent} has no file none for test, with one of {', '.join(ENDINGS)}"):
        files.read(train, {"test": ["none"]})
    with refused(
        f"data.path={train} is train already, so data.files.train=more is not read; leave it out, or give a folder as "
        "data.path"
    ):
        files.read(train, {"train": ["more"]})


def saved(folder, *splits):
    DatasetDict({name: Dataset.from_dict({"text": [name], "label": [1]}) for name in splits}).save_to_disk(folder)
    return folder


def test_the_splits_of_a_saved_folder_are_named(tmp_path):
    folder = saved(tmp_path / "a", "train", "validation_matched", "validation_mismatched")
    found = files.read(folder, {"validation": ["validation_matched"]})
    assert found["validation"]["text"][:] == ["validation_matched"]
    assert found.notes == [f"of {folder} validation_mismatched is not read"]
    both = files.read(folder, {"validation": ["validation_matched", "validation_mismatched"]})["validation"]
    assert both["text"][:] == ["validation_matched", "validation_mismatched"]
    there = "train, validation_matched, validation_mismatched"
    with refused(f"{folder} has no split none for test; it has {there}"):
        files.read(folder, {"test": ["none"]})
    which = "say which is train with data.files.train=NAME"
    with refused(f"{saved(tmp_path / 'b', 'test')} has no train split; it has test: {which}"):
        files.read(tmp_path / "b", {})
    several = saved(tmp_path / "c", "train", "dev", "validation")
    with refused(f"{several} has 2 splits for validation: dev, validation; say which with data.files.validation=NAME"):
        files.read(several)
    Dataset.from_dict({"text": ["a"]}).save_to_disk(tmp_path / "d")
    assert list(files.read(tmp_path / "d", {"test": ["test_unseen|test"]})) == ["train"]
    with refused(f"{tmp_path / 'd'} was saved without splits, so data.files.test is not read; leave it out"):
        files.read(tmp_path / "d", {"test": ["test"]})


def test_nothing_is_written_into_a_folder_that_was_saved(tmp_path):
    folder = saved(tmp_path / "a", "train")
    before = sorted(folder.rglob("*"))
    rows = files.read(folder)["train"].map(lambda row: {"text": row["text"] + "!"})
    assert rows["text"][:] == ["train!"]
    assert sorted(folder.rglob("*")) == before


def test_the_parts_of_a_split_are_read_in_order_and_a_missing_one_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    for number in (1, 0):
        rows = Dataset.from_dict({"text": [f"part {number}"]})
        rows.to_parquet(tmp_path / "data" / f"train-0000{number}-of-00002.parquet")
        rows.to_json(tmp_path / "data" / f"test-0000{number}-of-00002-0123456789abcdef.jsonl")
    for folder in (tmp_path, tmp_path / "data"):
        found = files.read(folder)
        assert found["train"]["text"][:] == found["test"]["text"][:] == ["part 0", "part 1"]
    assert found.notes[0] == "train is read from train-00000-of-00002.parquet, train-00001-of-00002.parquet"
    alone = tmp_path / "data" / "train-00000-of-00002.parquet"
    assert files.read(alone).notes == [f"{alone.name} is one of 2 parts; data.path={alone.parent} reads them all"]
    alone.unlink()
    with refused(
        f"{tmp_path / 'data'} has 1 of the 2 parts of train, such as train-00001-of-00002.parquet: part 0 is missing"
    ):
        files.read(tmp_path)


def test_a_folder_of_the_splits_name_holds_its_parts(tmp_path):
    write(tmp_path / "train", "0000.csv", "text\none\n")
    write(tmp_path / "train", "0001.csv", "text\ntwo\n")
    assert files.read(tmp_path)["train"]["text"][:] == ["one", "two"]
    write(tmp_path / "train", "notes.txt", "made by hand")
    with refused(
        f"{tmp_path / 'train'} has files of several kinds, .csv, .txt: keep those of one, which are its parts"
    ):
        files.read(tmp_path)


def test_endings_may_be_in_capitals_and_gzip_is_known_by_its_content(tmp_path):
    write(tmp_path, "TRAIN.CSV", gzip.compress(b"text,label\na b,1\n"))
    write(tmp_path, "test.jsonl.gz", '{"text": "c d"}\n')
    found = files.read(tmp_path)
    assert (found["train"]["text"][:], found["test"]["text"][:]) == (["a b"], ["c d"])


def test_a_file_of_a_split_that_cannot_be_read_is_named_for_what_it_is(tmp_path):
    write(tmp_path, "test.xlsx", b"PK\x03\x04 xl/workbook.xml")
    write(tmp_path, "train.tsv")
    way = "save the sheet as CSV (UTF-8)"
    with refused(f"{tmp_path / 'test.xlsx'} is an Excel workbook, which is not read: {way}"):
        files.read(tmp_path)
    (tmp_path / "test.xlsx").rename(tmp_path / "other.xlsx")
    assert list(files.read(tmp_path)) == ["train"]


def test_columns_that_cannot_be_used_are_left_out_and_said_why(tmp_path):
    write(tmp_path, "train.csv", ",text,x,x\n0,a b,1,2\n")
    found = files.read(tmp_path)
    assert found["train"].to_dict() == {"text": ["a b"]}
    assert found.problems["train"] == {"x": f"{tmp_path / 'train.csv'} names the column x twice"}


def test_keys_that_some_rows_lack_are_none_there(tmp_path):
    file = write(
        tmp_path, "train.jsonl", '{"text": "a", "note": 1}\n\n{"text": "b"}\n{"text": "c", "more": {"x": 1}}\n'
    )
    found = files.read(tmp_path)
    assert found["train"]["note"][:] == [1, None, None]
    assert found["train"]["more"][:] == [None, None, {"x": 1}]
    assert found.absent["train"] == {"note": f"line 3 of {file} has no note", "more": f"line 1 of {file} has no more"}


def test_tables_are_not_written_into_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    write(tmp_path, "blocked", "")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "blocked")
    with pytest.raises(DataError, match=r"blocked cannot be written .*take another with HF_DATASETS_CACHE=FOLDER"):
        files.read(write(tmp_path))
