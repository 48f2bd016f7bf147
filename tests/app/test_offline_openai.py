"""The offline model, as the official OpenAI client sees it."""

from __future__ import annotations

import json
import time

import openai
import pytest

MODEL = "gpt-5-mini"
LIFE = "add 20 to the answer to life, the universe and everything"
PARAMETERS = {
    "type": "object",
    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
ADD = {"name": "add", "description": "Add two numbers", "parameters": PARAMETERS, "strict": True}
CHAT_ADD = {"type": "function", "function": ADD}
RESPONSES_ADD = {"type": "function", **ADD}


@pytest.fixture(scope="module")
def client(offline_llm):
    """An OpenAI client of the offline model that repeats nothing by itself."""
    with openai.OpenAI(base_url=f"{offline_llm}/v1", api_key="offline", max_retries=0) as client:
        yield client


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def test_chat_says_what_it_is_and_the_same_every_time(client):
    """A completion repeats the prompt, names the offline model, and has a usage that adds up."""
    first, second = (client.chat.completions.create(model=MODEL, messages=user("Hello there")) for _ in range(2))
    text = first.choices[0].message.content
    assert "offline model" in text
    assert "Hello there" in text
    assert text == second.choices[0].message.content
    assert first.id != second.id
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens > 0
    assert (first.model, first.choices[0].finish_reason) == (MODEL, "stop")


def test_chat_streams_word_by_word_with_usage_last(client):
    """Chunks arrive over time, join to the plain answer's text, and the last one has the usage."""
    stream = client.chat.completions.create(
        model=MODEL, messages=user("Hello"), stream=True, stream_options={"include_usage": True}
    )
    arrived = [(time.monotonic(), chunk) for chunk in stream]
    chunks = [chunk for _, chunk in arrived]
    plain = client.chat.completions.create(model=MODEL, messages=user("Hello"))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert len(chunks) > 30
    assert arrived[-1][0] - arrived[0][0] > 1, "the stream came all at once"
    assert chunks[-1].usage == plain.usage
    assert chunks[-1].choices == []
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_chat_stream_has_no_usage_unless_asked(client):
    """Without `include_usage` no chunk carries one."""
    stream = client.chat.completions.create(model=MODEL, messages=user("offline: words=3"), stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


@pytest.mark.parametrize("stream", [False, True])
def test_chat_gives_as_many_choices_as_asked(client, stream):
    """`n` choices, each with its index, in the plain answer and in the stream."""
    asked = {"model": MODEL, "messages": user("offline: words=3"), "n": 3}
    if stream:
        with client.chat.completions.stream(**asked) as events:
            answer = events.get_final_completion()
    else:
        answer = client.chat.completions.create(**asked)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert {choice.message.content for choice in answer.choices} == {"This is the"}


@pytest.mark.parametrize("stream", [False, True])
def test_chat_calls_the_tool_and_reads_its_result(client, stream):
    """The tool call takes 42 and 20 from the prompt; given the result, the second round says it."""

    def ask(messages):
        asked = {"model": MODEL, "messages": messages, "tools": [CHAT_ADD]}
        if not stream:
            return client.chat.completions.create(**asked).choices[0]
        with client.chat.completions.stream(**asked) as events:
            return events.get_final_completion().choices[0]

    first = ask(user(LIFE))
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("add", {"a": 42, "b": 20})
    result = {"role": "tool", "tool_call_id": call.id, "content": "62"}
    second = ask([*user(LIFE), first.message.to_dict(), result])
    assert second.finish_reason == "stop"
    assert "62" in second.message.content


WEATHER = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TIME = {"name": "get_time", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


@pytest.mark.parametrize("stream", [False, True])
def test_chat_calls_several_tools_at_once(client, stream):
    """Tools that fit equally well are called in one answer, unless parallel calls are switched off."""
    tools = [{"type": "function", "function": tool} for tool in (CHAT_ADD["function"], WEATHER, TIME)]
    asked = {"model": MODEL, "messages": user("What are the weather and the time in Paris?")}
    if stream:
        deltas = [
            call
            for chunk in client.chat.completions.create(**asked, tools=tools, stream=True)
            for call in chunk.choices[0].delta.tool_calls or ()
        ]
        names = [call.function.name for call in deltas if call.function.name]
        arguments = ["".join(c.function.arguments for c in deltas if c.index == n) for n in (0, 1)]
    else:
        calls = client.chat.completions.create(**asked, tools=tools).choices[0].message.tool_calls
        names = [call.function.name for call in calls]
        arguments = [call.function.arguments for call in calls]
    assert names == ["get_weather", "get_time"]
    assert [json.loads(text) for text in arguments] == [{"city": "Paris"}, {"city": "Paris"}]
    one = client.chat.completions.create(**asked, tools=tools, parallel_tool_calls=False)
    assert len(one.choices[0].message.tool_calls) == 1


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("auto", None),
        ("required", "add"),
        ({"type": "function", "function": {"name": "get_time"}}, "get_time"),
    ],
)
def test_chat_obeys_tool_choice(client, choice, called):
    """A prompt that no tool fits is answered in words, unless `tool_choice` says otherwise."""
    tools = [CHAT_ADD, {"type": "function", "function": TIME}]
    answer = client.chat.completions.create(
        model=MODEL, messages=user("Tell me a story"), tools=tools, tool_choice=choice
    )
    calls = answer.choices[0].message.tool_calls
    assert (calls[0].function.name if calls else None) == called


def test_chat_answers_json_where_asked(client):
    """`response_format`: any object, or one of the given schema."""
    anything = client.chat.completions.create(model=MODEL, messages=user("Hi"), response_format={"type": "json_object"})
    assert isinstance(json.loads(anything.choices[0].message.content), dict)
    form = {"type": "json_schema", "json_schema": {"name": "sum", "schema": PARAMETERS}}
    fitting = client.chat.completions.create(model=MODEL, messages=user(LIFE), response_format=form)
    assert json.loads(fitting.choices[0].message.content) == {"a": 42, "b": 20}


def test_responses_plain(client):
    """A response with text, usage, and what the request said of itself."""
    answer = client.responses.create(
        model=MODEL, input="Hello there", instructions="Be kind", previous_response_id="resp_before"
    )
    assert "offline model" in answer.output_text
    assert answer.status == "completed"
    assert (answer.instructions, answer.previous_response_id) == ("Be kind", "resp_before")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def test_responses_stream_has_the_documented_sequence(client):
    """Every event in the documented order, numbered, and the deltas join to the final text."""
    stream = list(client.responses.create(model=MODEL, input="offline: words=4", stream=True))
    assert [event.type.removeprefix("response.") for event in stream] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 4,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in stream] == list(range(len(stream)))
    text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    assert text == stream[-1].response.output_text == "This is the offline"
    assert stream[-1].response.usage.output_tokens > 0


def test_responses_shows_reasoning_where_asked(client):
    """With a reasoning summary asked for, a reasoning item comes first, in the stream too."""
    asked = {"model": MODEL, "input": "Hello", "reasoning": {"summary": "auto"}}
    plain = client.responses.create(**asked)
    assert [item.type for item in plain.output] == ["reasoning", "message"]
    assert plain.usage.output_tokens_details.reasoning_tokens > 0
    with client.responses.stream(**asked) as stream:
        types = {event.type for event in stream}
        final = stream.get_final_response()
    assert {"response.reasoning_summary_text.delta", "response.reasoning_summary_part.done"} <= types
    assert final.output[0].summary[0].text == plain.output[0].summary[0].text


@pytest.mark.parametrize("stream", [False, True])
def test_responses_calls_the_tool_and_reads_its_result(client, stream):
    """The tool round as an app writes it: the output goes back in, followed by the tool's result."""

    def ask(items):
        asked = {"model": MODEL, "input": items, "tools": [RESPONSES_ADD]}
        if not stream:
            return client.responses.create(**asked)
        with client.responses.stream(**asked) as events:
            return events.until_done().get_final_response()

    first = ask(user(LIFE))
    (call,) = first.output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "add", {"a": 42, "b": 20})
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "62"}
    assert "62" in ask([*user(LIFE), call.to_dict(), result]).output_text
    by_id = client.responses.create(model=MODEL, previous_response_id=first.id, input=[result])
    assert "62" in by_id.output_text


def test_responses_answers_json_where_asked(client):
    """`text.format` with a schema."""
    form = {"type": "json_schema", "name": "sum", "schema": PARAMETERS}
    answer = client.responses.create(model=MODEL, input=LIFE, text={"format": form})
    assert json.loads(answer.output_text) == {"a": 42, "b": 20}


def test_embeddings_are_unit_vectors_that_depend_on_the_text(client):
    """Same text, same vector; base64 (what the client asks for by itself) and numbers agree."""
    answer = client.embeddings.create(model="text-embedding-3-small", input=["a", "b", "a"])
    a, b, again = (item.embedding for item in answer.data)
    assert a == again != b
    assert len(a) == 1536
    assert sum(x * x for x in a) == pytest.approx(1, abs=1e-4)
    plain = client.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(a, abs=1e-6)
    small = client.embeddings.create(model="text-embedding-3-small", input="a", dimensions=8)
    assert len(small.data[0].embedding) == 8


def test_models_are_listed(client):
    """The client can page through the list."""
    assert MODEL in [model.id for model in client.models.list()]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_errors_are_the_clients_own(client, status, error):
    """`offline: status=…` gives the provider's error, message and request id included, on each API."""
    prompt = f"Hello\noffline: status={status} retry-after=2"
    for ask in (
        lambda: client.chat.completions.create(model=MODEL, messages=user(prompt)),
        lambda: client.chat.completions.create(model=MODEL, messages=user(prompt), stream=True),
        lambda: client.responses.create(model=MODEL, input=prompt),
        lambda: client.embeddings.create(model=MODEL, input=prompt),
    ):
        with pytest.raises(error, match=f"answers {status}, as asked") as raised:
            ask()
        assert raised.value.response.headers["retry-after"] == "2"
        assert raised.value.request_id.startswith("req_")


def test_a_slow_first_event(client):
    """`offline: first-event=…` delays the first byte, and nothing after it."""
    started = time.monotonic()
    stream = client.responses.create(model=MODEL, input="offline: first-event=1s words=2", stream=True)
    next(iter(stream))
    assert 1 <= time.monotonic() - started < 3
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2).responses.create(model=MODEL, input="offline: first-event=1s")


@pytest.mark.parametrize("words", ["cut", "malformed"])
def test_a_stream_that_breaks_in_the_middle(client, words):
    """`offline: cut` and `offline: malformed` let half of the answer through, then break it."""
    stream = client.chat.completions.create(model=MODEL, messages=user(f"offline: words=30 {words}"), stream=True)
    seen: list[object] = []
    with pytest.raises((openai.APIConnectionError, json.JSONDecodeError)):
        seen.extend(stream)
    assert len(seen) > 5


@pytest.mark.parametrize("words", ["cut", "malformed"])
def test_a_plain_answer_that_breaks_in_the_middle(client, words):
    """The same without streaming: the body ends early, or is not JSON."""
    with pytest.raises((openai.APIError, ValueError)):
        client.responses.create(model=MODEL, input=f"offline: words=30 {words}")


@pytest.mark.parametrize("line", ["stauts=429", "status=200", "first-event=soon", "words=0", "boom"])
def test_a_directive_that_is_not_understood_says_what_is(client, line):
    """A typing error in the directive is a 400 that lists what can be asked."""
    with pytest.raises(openai.BadRequestError, match=r"is not understood; use status=400\.\.599"):
        client.responses.create(model=MODEL, input=f"offline: {line}")


def test_odd_requests_get_a_readable_error(client):
    """No body, wrong types, unknown paths: an error in the provider's shape, never a page of HTML."""
    with pytest.raises(openai.BadRequestError, match="missing required parameter: 'messages'"):
        client.chat.completions.create(model=MODEL, messages=[])
    with pytest.raises(openai.BadRequestError, match="cannot be read"):
        client.chat.completions.create(model=MODEL, messages="hello")
    with pytest.raises(openai.NotFoundError, match=r"the offline model has no POST /v1/images/generations"):
        client.images.generate(prompt="a cat", model="x")
