"""An endpoint that misbehaves in every way that endpoints do: what it gives is kept, and it is asked patiently."""

import json
import time
from dataclasses import replace

import pytest
from llm_server import completion, label, serving

from distill.errors import ConfigError
from distill.labelling import prompts
from distill.labelling.budget import Budget
from distill.labelling.chat_completions import ChatCompletions
from distill.labelling.endpoint import Endpoint, from_environment
from distill.labelling.forms import OneLabel
from distill.labelling.questions import LabellerError, Row
from distill.labelling.requests_of_endpoints import Patience, Request
from distill.labelling.session import Session

LABELS = ("negative", "positive")
FORM = OneLabel(LABELS)
REQUEST = Request("small", prompts.build("Judge.", FORM.wording, dict.fromkeys(LABELS, ""), None, ("text",)), FORM)
PATIENCE = Patience(concurrency=3, timeout=0.4, retries=2, backoff=0.01)
ROWS = [Row({"text": f"a {'good' if number % 2 else 'bad'} text {number}"}, number) for number in range(6)]
RIGHT = ["positive" if number % 2 else "negative" for number in range(6)]


@pytest.fixture
def asked(tmp_path):
    """Label the rows by an endpoint; return the answers, the summary and the requests that came."""

    def ask(behave=lambda number, text: label(text), *, rows=ROWS, patience=PATIENCE, budget=None, votes=1, **request):
        with serving(behave) as (endpoint, url):
            labeller = ChatCompletions(Endpoint(url, "key"), replace(REQUEST, **request), patience)
            session = Session(rows, votes, labeller, budget or Budget(), priced=budget is not None)
            try:
                said = session.run(tmp_path / "answers.jsonl", tmp_path / "cache")
            except LabellerError as error:
                said = error
        return answers(tmp_path), said, endpoint

    return ask


def answers(folder):
    file = folder / "answers.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def at_first(what, times=1):
    """Behave badly in each of the first requests, and then well."""
    return lambda number, text: what if number < times else label(text)


def test_answers_come_in_the_order_of_the_rows_with_their_ids(asked):
    lines, said, endpoint = asked()
    assert [line["answer"] for line in lines] == RIGHT
    assert lines[1] == {"id": 1, "text": "a good text 1", "answer": "positive"}
    assert said.endswith("answers.jsonl: 6 of 6 rows; asked about 6 texts (60 tokens), 0 known before")
    sent = endpoint.requests[0]
    assert sent["model"] == "small"
    assert sent["temperature"] == 0.0
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == ["negative", "positive", "abstain"]
    assert endpoint.headers[0]["Authorization"] == "Bearer key"


def test_a_text_that_stands_twice_is_asked_once(asked):
    lines, _, endpoint = asked(rows=[*ROWS, Row(ROWS[0].inputs, "again")])
    assert len(endpoint.requests) == 6
    assert [lines[0]["answer"], lines[6]["answer"]] == ["negative", "negative"]
    assert lines[6]["id"] == "again"


@pytest.mark.parametrize(
    "what",
    [
        (429, {"Retry-After": "0"}, {"error": {"message": "too many"}}),
        (500, {}, b"oops"),
        (503, {}, {"error": "busy"}),
        (200, {}, b"<html>garbage</html>"),
        (200, {}, {"choices": []}),
        "cut",
        "close",
        "slow",
    ],
    ids=str,
)
def test_what_may_pass_is_asked_again(asked, what):
    lines, _, endpoint = asked(at_first(what, times=2))
    assert [line["answer"] for line in lines] == RIGHT
    assert len(endpoint.requests) == 8


def test_a_server_that_asks_to_wait_is_not_asked_before(asked):
    times = []

    def behave(number, text):
        times.append(time.monotonic())
        return (429, {"Retry-After": "0.5"}, {}) if number == 0 else label(text)

    lines, _, _ = asked(behave)
    assert len(lines) == 6
    assert times[1] - times[0] >= 0.5


def test_a_server_that_asks_to_wait_for_hours_ends_the_call(asked):
    _, said, endpoint = asked(at_first((429, {"Retry-After": "7200"}, {"error": {"message": "quota"}})))
    assert str(said) == (
        "the endpoint refuses with status 429: 'quota', for the next 7,200 s; kept: nothing yet; the same command goes "
        "on"
    )
    assert len(endpoint.requests) == 1


def test_an_endpoint_that_goes_down_keeps_what_it_gave_and_is_not_asked_twice(asked, tmp_path):
    lines, said, _ = asked(lambda number, text: label(text) if number < 3 else (500, {}, {"error": "down"}))
    assert str(said) == (
        "the endpoint gives no answer: status 500: 'down', after 3 tries; kept: 3 of 6 rows are answered in "
        f"{tmp_path}/answers.jsonl; the same command goes on"
    )
    assert len(lines) == 3
    lines, said, endpoint = asked()
    assert [line["answer"] for line in lines] == RIGHT
    assert len(endpoint.requests) == 3
    assert said.endswith("asked about 3 texts (30 tokens), 3 known before")


def test_an_endpoint_that_is_not_there_ends_in_a_sentence(tmp_path):
    labeller = ChatCompletions(Endpoint("http://127.0.0.1:9/v1"), REQUEST, PATIENCE)
    with pytest.raises(LabellerError, match=r"the endpoint gives no answer: .*, after 3 tries; kept: nothing yet"):
        Session(ROWS, 1, labeller, Budget()).run(tmp_path / "answers.jsonl", tmp_path / "cache")
    assert not (tmp_path / "answers.jsonl").exists()


def test_one_text_without_an_answer_does_not_end_the_others(asked):
    lines, said, _ = asked(lambda number, text: (500, {}, {}) if "text 4" in text else label(text))
    assert lines[4] == {
        "id": 4, "text": "a bad text 4", "answer": None, "error": "no answer: status 500",
    }  # fmt: skip
    assert "6 of 6 rows: 1 have no answer (the first error: no answer: status 500)" in said
    lines, _, endpoint = asked()  # it is asked again, and it alone
    assert endpoint.texts == ["a bad text 4"]
    assert [line["answer"] for line in lines] == RIGHT


def test_a_text_that_the_server_refuses_is_an_error_of_its_own(asked):
    lines, _, endpoint = asked(
        lambda number, text: (400, {}, {"error": {"message": "filtered"}}) if "text 5" in text else label(text)
    )
    assert lines[5]["error"] == "status 400: 'filtered'"
    assert len(endpoint.requests) == 6


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ((401, {}, {"error": {"message": "wrong"}}), "status 401: 'wrong'; is OPENAI_API_KEY right?"),
        ((404, {}, {}), "status 404; are OPENAI_BASE_URL and labeller.model right?"),
        ((307, {"Location": "http://127.0.0.1:9/"}, {}), "status 307; are OPENAI_BASE_URL and labeller.model right?"),
    ],
)
def test_what_all_requests_have_wrong_ends_the_call_at_once(asked, what, sentence):
    _, said, endpoint = asked(lambda number, text: what)
    assert str(said) == f"the endpoint refuses with {sentence}; kept: nothing yet; the same command goes on"
    assert len(endpoint.requests) == 1


def test_a_server_without_structured_output_is_asked_by_the_prompt_alone(asked):
    refusal = (400, {}, {"error": {"message": "response_format"}})
    lines, _, endpoint = asked(at_first(refusal, times=2))  # json_schema and json_object
    assert [line["answer"] for line in lines] == RIGHT
    forms = [request.get("response_format", {}).get("type") for request in endpoint.requests]
    assert forms == ["json_schema", "json_object", *[None] * 6]


def test_what_is_wrong_in_every_form_is_said(asked):
    _, said, endpoint = asked(lambda number, text: (400, {}, {"error": {"message": "no temperature"}}))
    assert str(said).startswith("the endpoint refuses with status 400: 'no temperature'; kept: nothing yet")
    assert len(endpoint.requests) == 3


def test_what_cannot_be_read_is_kept_as_it_was_said(asked):
    said_of = {"0": '{"label": "posit', "1": "I think\nit is fine, really", "2": '{"mood": "good"}'}
    lines, said, _ = asked(lambda number, text: said_of.get(text[-1], label(text)))
    assert [(line["answer"], line["error"], line["raw"]) for line in lines[:3]] == [
        (None, "no JSON", '{"label": "posit'),
        (None, "no label", "I think\nit is fine, really"),
        (None, "JSON without label", '{"mood": "good"}'),
    ]
    assert '6 of 6 rows: 3 could not be read (the first error: no JSON: \'{"label": "posit\')' in said
    assert len(asked()[2].requests) == 0  # they have been paid for


def test_what_is_cut_at_the_limit_of_tokens_says_so(asked):
    lines, _, _ = asked(lambda number, text: completion('{"lab', finish="length"))
    assert lines[0]["error"] == "cut at labeller.max_tokens"


def test_a_labeller_may_abstain_or_refuse_or_name_another_label(asked):
    said_of = {"0": '{"label": "abstain"}', "1": "Positive.", "2": '{"label": "mixed"}'}
    refusal = {"choices": [{"message": {"content": None, "refusal": "I will not"}, "finish_reason": "stop"}]}
    lines, said, _ = asked(lambda number, text: refusal if text[-1] == "3" else said_of.get(text[-1], label(text)))
    assert [line["answer"] for line in lines] == [None, "positive", "mixed", None, "negative", "positive"]
    assert "error" not in lines[0]
    assert lines[3]["error"] == "refused: 'I will not'"
    assert "1 abstained, 1 have no answer" in said


def test_several_askings_are_votes(asked):
    lines, _, endpoint = asked(lambda number, text: label("good" if number % 3 else ""), votes=3, temperature=0.7)
    assert all(len(line["answer"]) == 3 and set(line["answer"]) <= set(LABELS) for line in lines)
    assert len(endpoint.requests) == 18
    assert endpoint.requests[0]["temperature"] == 0.7


def test_a_budget_of_rows_ends_a_call_and_the_next_one_goes_on(asked):
    lines, said, endpoint = asked(budget=Budget(rows=4))
    assert (len(lines), len(endpoint.requests)) == (4, 4)
    assert said.endswith("; stopped at labeller.budget.rows=4, the same command goes on")
    lines, _, endpoint = asked(budget=Budget(rows=4))
    assert (len(lines), len(endpoint.requests)) == (6, 2)


def test_a_budget_of_tokens_is_not_exceeded_by_what_is_in_flight(asked):
    lines, said, _ = asked(budget=Budget(tokens=39))
    assert len(lines) == 3
    assert "stopped at labeller.budget.tokens=39" in said


def test_a_budget_of_price_is_kept_and_each_row_has_its_cost(asked):
    lines, said, _ = asked(budget=Budget(price=25.0, price_read=1e6, price_written=1e6))
    assert [line["cost"] for line in lines] == [10.0, 10.0]
    assert "at a price of 20), 0 known before; stopped at labeller.budget.price=25" in said


def test_a_budget_of_tokens_needs_an_endpoint_that_counts_them(asked):
    _, said, _ = asked(lambda number, text: completion(label(text), (0, 0)), budget=Budget(tokens=100))
    assert str(said).startswith("the endpoint does not say how many tokens an answer took")


def test_a_cache_that_was_cut_in_the_middle_of_a_line_is_read_up_to_there(asked, tmp_path):
    asked()
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    (tmp_path / "answers.jsonl").unlink()  # the process was killed before it wrote it
    lines, _, endpoint = asked()
    assert (len(lines), len(endpoint.requests)) == (6, 1)
    assert len(asked()[2].requests) == 0


def test_another_prompt_is_asked_anew_and_does_not_replace_the_first_ones_file(asked, tmp_path):
    first, _, _ = asked()
    with pytest.raises(Exception, match="line 1 is no answer that this labeller gave to these rows"):
        asked(model="large")
    assert answers(tmp_path) == first


def test_neither_key_nor_address_is_shown_or_kept(asked, tmp_path):
    endpoint = Endpoint("https://user:pass@secret.host/v1", "sk-planted")
    assert "sk-planted" not in repr(endpoint)
    assert "secret" not in repr(endpoint)
    assert endpoint.redacted("sk-planted at https://user:pass@secret.host/v1") == "*** at ***"
    _, said, _ = asked(lambda number, text: (401, {}, {"error": {"message": "the key key is wrong"}}))
    assert "'the *** *** is wrong'" in str(said)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "labeller=openai: the environment has neither OPENAI_API_KEY nor OPENAI_BASE_URL; give the key"),
        ({"OPENAI_BASE_URL": "secret.host/v1"}, "OPENAI_BASE_URL: is no address of the form http://HOST:PORT/v1"),
        ({"OPENAI_BASE_URL": "http://secret.host:port"}, "OPENAI_BASE_URL: is no address of the form"),
        ({"OPENAI_API_KEY": "sécret"}, "OPENAI_API_KEY: has characters that no key can have"),
    ],
)
def test_an_environment_that_names_no_endpoint_is_refused_without_its_values(environment, sentence):
    with pytest.raises(ConfigError) as error:
        from_environment(environment)
    assert str(error.value).startswith(sentence)
    assert "cret" not in str(error.value)


def test_the_usual_address_needs_a_key_alone():
    assert from_environment({"OPENAI_API_KEY": "k"}).url == "https://api.openai.com/v1"
    assert from_environment({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"}).headers == {}
