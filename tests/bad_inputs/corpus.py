"""Bad inputs by name: what writes them into a folder, to be read as a card, as data or as settings."""

import gzip
import io
import json

GLOBAL = "# @package _global_\n"
TRAIN = "text\tlabel\ngood\t1\nbad\t0\n"


def of_card(text, group="experiment"):
    return {f"{group}/mine.yaml": (GLOBAL + text if group == "experiment" else text)}


CARDS = {
    "a target": of_card("model:\n  _target_: os.system\n"),
    "a target in a list": of_card("a: [1, {b: {_target_: os.system}}]\n"),
    "a target in quotes": of_card('a: {"\\x5ftarget_": os.system}\n'),
    "a target behind an alias": of_card("a: &x {_target_: os.system}\nb: *x\n"),
    "a factory of logging": of_card("a: {(): os.system}\n"),
    "a python object": of_card("a: !!python/object/apply:os.system [ls]\n"),
    "a python name": of_card("a: !!python/name:os.system\n"),
    "a tag of one's own": of_card("a: !include /etc/passwd\n"),
    "a key with a tag": of_card("!!python/name:os.system : 1\n"),
    "a callback": of_card("hydra:\n  callbacks: {mine: {x: 1}}\n"),
    "a launcher": of_card("hydra: {launcher: {x: 1}}\n"),
    "a logging": of_card("hydra:\n  job_logging: {handlers: {a: {class: subprocess.Popen}}}\n"),
    "a search path": of_card("hydra: {searchpath: ['pkg://os']}\n"),
    "a callback in one key": of_card("hydra.callbacks: {mine: 1}\n"),
    "a package of hydra": {"student/mine.yaml": "# @package hydra.job_logging\nroot: {level: DEBUG}\n"},
    "a callback in a folder of one's own": {"hydra/callbacks/mine.yaml": "mine: {_target_: os.system}\n"},
    "the environment": of_card("name: ${oc.env:HOME}\n"),
    "the environment with spaces": of_card("name: ${ oc.env :HOME}\n"),
    "the environment within a text": of_card("name: a ${oc.env:WANDB_API_KEY} b\n"),
    "the environment within a call": of_card("name: ${file_name:${oc.env:HOME},x}\n"),
    "a decoded value": of_card("name: ${oc.decode:'1'}\n"),
    "a made name of a call": of_card("a: oc.env\nname: ${${a}:HOME}\n"),
    "an escape in a tag": of_card("a: !%1b[31m 1\n"),
    "bytes": {"experiment/mine.yaml": b"\xff\xfe"},
    "a NUL": of_card("name: a\0b\n"),
    "a list": of_card("- seed\n"),
    "a text": of_card("seed\n"),
    "an alias of itself": of_card("a: &a [*a]\n"),
    "no first line": {"experiment/mine.yaml": "seed: 1\n"},
    "a bracket that stays open": of_card("a: [1\n"),
    "a tab": of_card("a:\n\tb: 1\n"),
    "two documents": of_card("a: 1\n---\nb: 2\n"),
}
"""Folders of cards."""


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def parquet(columns):
    import pyarrow as pa
    from pyarrow.parquet import write_table

    out = io.BytesIO()
    write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


DATA = {
    "nothing": {"train.tsv": ""},
    "a header alone": {"train.tsv": "text\tlabel\n"},
    "NUL bytes": {"train.csv": b"text,label\n" + b"\0" * 100},
    "lone surrogates as bytes": {"train.tsv": b"text\tlabel\n\xed\xa0\x80\t1\n"},
    "half a character": {"train.tsv": b"text\tlabel\n\xe2\x82\t1\n"},
    "UTF-16": {"train.csv": TRAIN.encode("utf-16")},
    "latin 1": {"train.tsv": "text\tlabel\ncafé\t1\n".encode("latin-1")},
    "a field too many": {"train.csv": "a,b\n1,2,3\n"},
    "a field too few": {"train.tsv": "a\tb\n1\n"},
    "a column twice": {"train.tsv": "a\ta\n1\t2\n"},
    "a column twice with an escape": {"train.tsv": "\x1b[31m\t\x1b[31m\n1\t2\n"},
    "a quote that stays open": {"train.csv": 'a,b\n"1,2\n'},
    "an archive cut off": {"train.tsv.gz": gzip.compress(TRAIN.encode() * 100)[:-20]},
    "an archive with a changed byte": {"train.tsv.gz": gzip.compress(TRAIN.encode())[:-6] + b"xxxxxx"},
    "an archive that unpacks to far more": {"train.tsv.gz": gzip.compress(TRAIN.encode() + b"a" * 25_000_000)},
    "archives that together unpack to far more": {
        f"train-{part:05d}-of-00003.tsv.gz": gzip.compress(TRAIN.encode() + b"a" * 9_000_000 + b"\t1\n")
        for part in range(3)
    },
    "a parquet that unpacks to far more": {"train.parquet": parquet({"text": ["a" * 1_000_000] * 30})},
    "more columns than anybody has": {"train.tsv": "\t".join(map(str, range(20_001))) + "\n"},
    "a zip": {"train.csv": b"PK\x03\x04 xl/"},
    "a web page": {"train.csv": "<!DOCTYPE html><script>alert(1)</script>"},
    "a PDF": {"train.csv": b"%PDF-1.4"},
    "bzip2": {"train.jsonl": b"BZh91AY&SY"},
    "a pointer of git": {"train.parquet": "version https://git-lfs.github.com/spec/v1\n"},
    "a parquet cut off": {"train.parquet": b"PAR1" + b"\0" * 20},
    "a pickle": {"train.pkl": b"\x80\x04cos\nsystem\n"},
    "JSON cut off": {"train.jsonl": '{"text": "a"}\n{"text"\n'},
    "JSON of numbers": {"train.jsonl": "1\n2\n"},
    "JSON of lists": {"train.jsonl": '{"text": "a"}\n[1]\n'},
    "JSON nested too deep": {"train.json": "[" * 100_000},
    "JSON in a table": {"train.csv": '{"text": "a"}\n'},
    "JSON with more after it": {"train.json": '{\n"a": 1\n}\n{\n"a": 2\n}'},
    "two trains": {"train.tsv": TRAIN, "train.csv": TRAIN},
    "no train": {"test.tsv": TRAIN},
    "a name with an escape and no train": {"\x1b[31mred.tsv": TRAIN},
    "part of a split": {"train-00000-of-00002.tsv": TRAIN},
}
"""Folders of data."""
