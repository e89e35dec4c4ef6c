import gzip
import os
import tracemalloc
from itertools import islice

import pytest

from distill.data.text_blocks import Packing, PlainText, held_out, packed
from distill.errors import DataError


def letters(texts):
    return [[ord(letter) for letter in text] for text in texts]


def words(blocks):
    return ["".join(map(chr, ids)) for ids in blocks]


def test_texts_follow_each_other_in_blocks_that_are_full_but_for_the_last():
    form = Packing(6, before=(ord("<"),), after=(ord(">"),), between=(ord("|"),))
    assert words(form.blocks(letters(["ab", "cdefg", "i"]))) == ["<ab|c>", "<defg>", "<|i>"]


def test_no_token_is_lost_in_blocks_of_any_length():
    texts = ["some", "a", "", "longer words than a block has room for", "end"]
    for length in range(1, 60):
        found = "".join(words(Packing(length, between=(ord("|"),)).blocks(letters(texts))))
        assert found.removesuffix("|") == "|".join(texts)


def test_a_block_is_kept_on_disk_with_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    file = tmp_path / "texts.txt"
    file.write_text("ab\n\n   \ncd\n", encoding="utf-8")
    blocks = packed(PlainText([file]), letters, Packing(3), [file], {})
    assert blocks[:]["input_ids"] == [[97, 98, 99], [100]]
    assert blocks[:]["attention_mask"] == [[1, 1, 1], [1]]
    assert blocks[:]["key"] == [0, 1]


def test_other_text_or_another_tokenizer_makes_other_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    file = tmp_path / "texts.txt"
    found = []
    for text, tokenizer in (("ab", "one"), ("ab", "two"), ("abc", "two"), ("abc", "two")):
        file.write_text(text, encoding="utf-8")
        packed(PlainText([file]), letters, Packing(3), [file], {"tokenizer": tokenizer})
        found.append(len(list((tmp_path / "cache" / "distill").iterdir())))
    assert found == [1, 2, 3, 3]


def test_gzipped_text_is_read_line_by_line_in_bounded_memory(tmp_path):
    file = tmp_path / "texts.txt.gz"
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(f"line {number}\n" + os.urandom(2_000).hex() * 50 + "\n" for number in range(200))
    texts = PlainText([file])
    tracemalloc.start()
    assert sum(1 for _ in texts) == sum(1 for _ in texts) == 400
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert list(islice(texts, 1)) == ["line 0"]


@pytest.mark.parametrize("content", ["\n \n\t\n", "\ufeff\n"])
def test_a_file_of_blank_lines_is_refused(tmp_path, content):
    file = tmp_path / "texts.txt"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"texts\.txt has no text: all its lines are blank$"):
        PlainText([file]).refuse_empty()


def test_an_empty_file_and_one_that_is_no_text_are_refused(tmp_path):
    file = tmp_path / "texts.txt"
    for content, reason in ((b"", "is empty"), (b"PK\x03\x04rest", "is a ZIP|is an? .*archive"), (b"a\xff\n", "UTF-8")):
        file.write_bytes(content)
        with pytest.raises(DataError, match=reason):
            PlainText([file]).refuse_empty()


def test_the_share_held_out_lies_evenly_among_the_blocks():
    kept, out = held_out(1000, 0.05)
    assert len(out) == 50
    assert sorted([*kept, *out]) == list(range(1000))
    assert {number // 20 for number in out} == set(range(50))


def test_a_share_that_leaves_nothing_on_either_side_is_refused():
    for count, share in ((0, 0.05), (1, 0.5), (19, 0.05), (3, 0.01)):
        with pytest.raises(
            DataError, match=rf"^pretrain\.holdout={share}: of {count} blocks of text 0 would be held out; "
        ):
            held_out(count, share)
