"""The official Python `openai` package, unchanged, through the gateway."""

import asyncio
import time

import openai
import pytest

MESSAGES = [{"role": "user", "content": "Say words."}]
CHAT = {"model": "gpt-4o-mini", "messages": MESSAGES}
WORDS = "A word1 word2 word3 word4"
LONG = {"chunks": "1000", "gap_ms": "10"}
USAGE = {"include_usage": True}


def settings(stand, key=None, path="/v1"):
    """A client's settings as a user writes them, without the package's own retries: each test sees one call."""
    return {"api_key": key or stand.key, "base_url": stand.gateway + path, "max_retries": 0, "timeout": 20}


@pytest.fixture
def client(stand):
    with openai.OpenAI(**settings(stand)) as client:
        yield client


def with_async_client(stand, work):
    """Runs `work(client)` with an asynchronous client."""

    async def run():
        async with openai.AsyncOpenAI(**settings(stand)) as client:
            return await work(client)

    return asyncio.run(run())


def milliseconds_until_upstream_noticed(stand, left):
    """How long after `left` (seconds of the epoch) the upstream saw its last client leave."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left_at = stand.seen()[-1].get("left_at")
        if left_at:
            return left_at - left * 1000
        time.sleep(0.02)
    raise AssertionError("the upstream never noticed that the client left")


class TestSync:
    def test_chats(self, client):
        answer = client.chat.completions.create(**CHAT)
        assert answer.choices[0].message.content == WORDS
        assert answer.usage.total_tokens == 12
        assert answer._request_id

    def test_the_upstream_sees_its_own_key_only(self, client, stand):
        client.chat.completions.create(**CHAT)
        seen = stand.seen()[-1]
        assert seen["headers"]["authorization"] == "Bearer sk-upstream-secret-4f2a"
        assert stand.key not in str(seen)

    def test_streams_with_usage(self, client):
        chunks = list(client.chat.completions.create(**CHAT, stream=True, stream_options=USAGE))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WORDS
        assert chunks[-1].usage.completion_tokens == 5

    def test_streams_through_the_helper(self, client):
        with client.chat.completions.stream(**CHAT, stream_options=USAGE) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.content == WORDS
        assert final.usage.total_tokens == 12

    def test_embeds(self, client):
        answer = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
        assert [item.embedding for item in answer.data] == [[0.25, -0.5, 1.0]] * 2

    def test_lists_and_retrieves_models(self, client):
        assert [model.id for model in client.models.list()] == ["gpt-4o-mini", "gpt-3.5-turbo", "text-embedding-3-small"]
        assert client.models.retrieve("gpt-3.5-turbo").id == "gpt-3.5-turbo"

    def test_closing_a_stream_early_cancels_the_upstream(self, client, stand):
        stream = client.chat.completions.create(**CHAT, stream=True, metadata=LONG)
        next(iter(stream))
        left = time.time()
        stream.close()
        assert milliseconds_until_upstream_noticed(stand, left) <= 250


class TestAsync:
    def test_chats(self, stand):
        answer = with_async_client(stand, lambda client: client.chat.completions.create(**CHAT))
        assert answer.choices[0].message.content == WORDS

    def test_chats_many_times_at_once(self, stand):
        async def work(client):
            return await asyncio.gather(*(client.chat.completions.create(**CHAT) for _ in range(32)))

        assert {answer.choices[0].message.content for answer in with_async_client(stand, work)} == {WORDS}

    def test_streams_with_usage(self, stand):
        async def work(client):
            stream = await client.chat.completions.create(**CHAT, stream=True, stream_options=USAGE)
            return [chunk async for chunk in stream]

        chunks = with_async_client(stand, work)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WORDS
        assert chunks[-1].usage.prompt_tokens == 7

    def test_embeds(self, stand):
        answer = with_async_client(stand, lambda client: client.embeddings.create(model="m", input="one"))
        assert answer.data[0].embedding == [0.25, -0.5, 1.0]

    def test_lists_models(self, stand):
        async def work(client):
            return [model.id async for model in client.models.list()]

        assert "gpt-4o-mini" in with_async_client(stand, work)

    def test_closing_a_stream_early_cancels_the_upstream(self, stand):
        async def work(client):
            stream = await client.chat.completions.create(**CHAT, stream=True, metadata=LONG)
            async for _ in stream:
                break
            left = time.time()
            await stream.close()
            return left

        left = with_async_client(stand, work)
        assert milliseconds_until_upstream_noticed(stand, left) <= 250


class TestExceptionsForTheGatewaysOwnErrors:
    def ask(self, stand, **changes):
        with openai.OpenAI(**settings(stand, **changes)) as client:
            client.chat.completions.create(**CHAT)

    def test_unknown_key(self, stand):
        with pytest.raises(openai.AuthenticationError) as raised:
            self.ask(stand, key="fg_unknown")
        assert raised.value.code == "invalid_api_key"
        assert raised.value.request_id

    def test_expired_key(self, stand):
        with pytest.raises(openai.AuthenticationError) as raised:
            self.ask(stand, key=stand.new_key(expires_at="2020-01-01T00:00:00"))
        assert raised.value.code == "key_expired"

    def test_missing_permission(self, stand):
        with pytest.raises(openai.PermissionDeniedError) as raised:
            self.ask(stand, key=stand.new_key(permissions=["embeddings"]))
        assert raised.value.code == "permission_denied"

    def test_no_matching_route(self, stand):
        with pytest.raises(openai.NotFoundError) as raised:
            self.ask(stand, path="/nowhere")
        assert raised.value.code == "no_matching_route"

    def test_rate_limit(self, stand):
        key = stand.new_key(rate_limit=1)
        self.ask(stand, key=key)
        with pytest.raises(openai.RateLimitError) as raised:
            self.ask(stand, key=key)
        assert int(raised.value.response.headers["retry-after"]) > 0

    def test_unreachable_upstream(self, stand):
        # Port 1 of this machine: nothing listens there.
        route = {"route_name": "gone", "match_path": "/gone/*", "target_host": "127.0.0.1:1", "target_path": "", "retry_count": 0}
        stand.admin("POST", "/routes", {**route, "target_protocol": "http"})
        with pytest.raises(openai.InternalServerError) as raised:
            self.ask(stand, path="/gone")
        assert raised.value.status_code == 502


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_the_upstreams_errors_raise_their_own_exceptions(client, status, kind):
    with pytest.raises(kind) as raised:
        client.chat.completions.create(model=f"error-{status}", messages=MESSAGES)
    assert raised.value.status_code == status
    assert raised.value.code == f"test_{status}"
    assert f"The upstream says {status}" in raised.value.message
