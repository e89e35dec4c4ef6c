"""``python -m distill.label`` as a process: what it writes, what it never writes, and that it goes on after a kill."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from llm_server import label, serving

from distill import label as label_command

ROOT = Path(__file__).parents[2]
SECRET = "sk-planted-7391"  # noqa: S105 - planted, to be looked for
LABELS = ("+labeller.labels.positive=it is liked", "+labeller.labels.negative=''")
OPENAI = ("labeller=openai", "labeller.model=small", "rows=texts.jsonl", "output=answers.jsonl", *LABELS)

READ_ALL = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    longer = len(row["text"]) > len(row["pair"])
    print(json.dumps({"id": row["id"], "answer": "paraphrase" if longer else None}), flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    texts = [{"id": f"r{number}", "text": f"{'good' if number % 3 else 'bad'} number {number}"} for number in range(30)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    return tmp_path


def environment(url):
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_BASE_URL": url, "OPENAI_API_KEY": SECRET}


@pytest.fixture
def ran(folder, monkeypatch):
    """The command, in this process: what it writes to standard output and standard error."""
    monkeypatch.chdir(folder)

    def command(*arguments, url=None, code=0):
        out, err, ended = io.StringIO(), io.StringIO(), 0
        GlobalHydra.instance().clear()
        for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in zip(("OPENAI_BASE_URL", "OPENAI_API_KEY"), (url, SECRET), strict=True):
            if url:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["label", *arguments])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                label_command.main()
            except SystemExit as end:
                ended = end.code
        assert ended == code, err.getvalue()
        return out.getvalue(), err.getvalue()

    return command


def answers(folder):
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]


def test_key_and_address_stand_in_no_file_and_in_no_output(folder, ran):
    with serving() as (endpoint, url):
        out, err = ran(*OPENAI, "limit=5", url=url)
    assert out == "answers.jsonl: 5 of 5 rows; asked about 5 texts (50 tokens), 0 known before\n"
    assert answers(folder)[1] == {"id": "r1", "text": "good number 1", "answer": "positive"}
    assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert "- positive: it is liked\n- negative\n" in endpoint.requests[0]["messages"][0]["content"]
    with serving(lambda number, text: (401, {}, {"error": {"message": f"no such key {SECRET}"}})) as (
        _,
        other,
    ):
        out, err = ran(*OPENAI, url=other, code=2)
    assert err == (
        "distill: the endpoint refuses with status 401: 'no such key ***'; is OPENAI_API_KEY right?; kept: 5 of "
        "30 rows are answered in answers.jsonl; the same command goes on\n"
    )
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (SECRET, other, other.removeprefix("http://")):
        assert secret not in out + err
        assert secret.encode() not in written


def test_a_call_that_is_interrupted_or_killed_goes_on_and_asks_nothing_twice(folder, ran):
    asked = []

    def behave(number, text):
        asked.append(text)
        time.sleep(0.15)
        return label(text)

    with serving(behave) as (_, url):
        command = [sys.executable, "-m", "distill.label", *OPENAI, "labeller.concurrency=2"]
        for number, ending in enumerate((signal.SIGINT, signal.SIGKILL)):
            process = subprocess.Popen(command, cwd=folder, env=environment(url), stderr=subprocess.PIPE, text=True)
            wanted = 6 * (number + 1)
            while len(asked) < wanted and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(ending)
            said = process.communicate(timeout=60)[1]
            if ending == signal.SIGINT:
                assert process.returncode == 130
                assert said.endswith("what was answered is kept, and the same command goes on\n")
                assert 4 <= len(answers(folder)) <= 6
        ran(*OPENAI, url=url)
    assert [line["id"] for line in answers(folder)] == [f"r{number}" for number in range(30)]
    assert len(set(asked)) == 30
    assert len(asked) <= 30 + 2 * 2  # what was in flight when it ended, twice


def test_an_output_of_another_origin_is_left_as_it_is(folder, ran):
    (folder / "answers.jsonl").write_text('{"text": "mine", "answer": "positive"}\n')
    with serving() as (endpoint, url):
        _, err = ran(*OPENAI, url=url, code=2)
        assert err == (
            "distill: output=answers.jsonl: line 1 is no answer that this labeller gave to these rows; give another "
            "output, or overwrite=true\n"
        )
        assert endpoint.requests == []
        ran(*OPENAI, "overwrite=true", "limit=3", url=url)
    assert len(answers(folder)) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (OPENAI, "labeller=openai: the environment has neither OPENAI_API_KEY nor OPENAI_BASE_URL; give the key, or"),
        (("labeller.modle=x",), "labeller.modle: unknown setting; did you mean model? labeller has kind, model"),
        (
            ("labeller=command", "labeller.command=cat", "rows=texts.jsonl", "output=a.jsonl"),
            "rows=texts.jsonl: the labels are those of no data that is there; give them as +labeller.labels.NAME=...",
        ),
        (("-m", "labeller=openai"), "-m: texts are labelled by one labeller at a time; leave it out"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(folder, ran, arguments, sentence):
    out, err = ran(*arguments, code=2)
    assert out == ""
    assert sentence in err
    assert not (folder / "answers.jsonl").exists()


def test_a_task_of_pairs_is_labelled_by_a_command(folder, ran):
    (folder / "script.py").write_text(READ_ALL)
    out, _ = ran(
        "experiment=mrpc_tiny", "data.source=embedded", "labeller=command",
        f"labeller.command={sys.executable} script.py", "rows=test", "output=answers.jsonl", "limit=20",
    )  # fmt: skip
    assert set(answers(folder)[0]) == {"text", "pair", "answer"}
    abstained = sum(line["answer"] is None for line in answers(folder))
    assert f"20 of 20 rows: {abstained} abstained; asked about 20 texts" in out


IDS = {
    "1e999": "line 31 of texts.jsonl has in id Infinity, which is no value",
    '"\\ud800"': "line 31 of texts.jsonl has in id half of a pair of surrogates, '\\ud800', which is no text",
    '"a", "id": "b"': "line 31 of texts.jsonl has in id a key that stands twice",
    '" r3 "': "rows=texts.jsonl: two rows have the id 'r3'; give each one of its own, or none any",
}


@pytest.mark.parametrize("name", IDS, ids=["no number", "half a character", "a key twice", "another's"])
def test_an_id_that_no_answer_could_have_is_refused_before_anything_is_asked(name, folder, ran):
    with (folder / "texts.jsonl").open("a") as file:
        file.write(f'{{"text": "good", "id": {name}}}\n')
    asks = ("labeller=command", "labeller.command=touch asked", "rows=texts.jsonl", "output=answers.jsonl", *LABELS)
    _, err = ran(*asks, code=2)
    assert err == f"distill: {IDS[name]}\n"
    assert not (folder / "asked").exists()


def test_rows_of_train_that_nobody_has_labelled_yet_get_labels(ran, folder):
    (folder / "data").mkdir()
    (folder / "texts.jsonl").rename(folder / "data" / "train.jsonl")
    test = json.dumps({"id": "t", "text": "a good one", "label": "positive"})
    (folder / "data" / "test.jsonl").write_text(test + "\n")
    given = ("data.path=data", "labeller=openai", "labeller.model=small", "output=answers.jsonl")
    with serving() as (_, url):
        ran(*given, *LABELS, url=url)
        lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
        assert [line["id"] for line in lines] == [f"r{number}" for number in range(30)]
        assert [line["answer"] for line in lines] == ["positive" if n % 3 else "negative" for n in range(30)]
        _, err = ran(*given, url=url, code=2)
        assert err == "distill: train has no labels: say which ones there are as +labeller.labels.NAME=...\n"
        empty = json.dumps({"id": "r30", "text": ""})
        with (folder / "data" / "train.jsonl").open("a") as file:
            file.write(empty + "\n")
        _, err = ran(*given, *LABELS, url=url, code=2)
        assert err == "distill: row 31 (id r30) of train in data has no text; data.on_bad=drop leaves it out\n"
        out, _ = ran(*given, *LABELS, "data.on_bad=drop", url=url)
        assert out.startswith("1 of 31 rows of train are left out: no text (1)\n")
