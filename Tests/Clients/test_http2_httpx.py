"""httpx, which speaks HTTP/2 by another implementation (`h2`): many requests on one connection, streams, cancellation."""

import asyncio
import hashlib
import ssl
import time

import httpx
import pytest

from harness.waiting import SCALE, eventually
from rig.application import pattern
from rig.front import UPSTREAMS, needs_gateway


@pytest.fixture(params=UPSTREAMS)
def kind(request):
    return request.param


@pytest.fixture
def run(front):
    """Runs a coroutine function with a client that speaks HTTP/2 on one connection."""

    def run(function, **options):
        async def main():
            context = ssl.create_default_context(cafile=str(front.authority_file))
            limits = httpx.Limits(max_connections=1)
            async with httpx.AsyncClient(http2=True, verify=context, limits=limits, timeout=30 * SCALE, trust_env=False, base_url=front.url,
                                         **options) as client:
                return await function(client)
        return asyncio.run(main())

    return run


def test_a_hundred_requests_at_once(run, kind):
    async def script(client):
        answers = await asyncio.gather(*[client.post(f"/{kind}/public/echo", content=b"x" * n, headers={"x-n": str(n)}) for n in range(100)])
        for number, answer in enumerate(answers):
            assert answer.http_version == "HTTP/2" and answer.status_code == 200
            assert answer.json()["length"] == number and ["x-n", str(number)] in answer.json()["fields"]
    run(script)


def test_uploads_and_downloads_at_once(run, kind):
    data = pattern(1, 2_000_000)

    async def script(client):
        up = [client.put(f"/{kind}/public/echo", content=data) for _ in range(5)]
        down = [client.get(f"/{kind}/public/bytes?count=2000000") for _ in range(5)]
        answers = await asyncio.gather(*up, *down)
        assert {answer.json()["sha256"] for answer in answers[:5]} == {hashlib.sha256(data).hexdigest()}
        assert {answer.content for answer in answers[5:]} == {pattern(0, 2_000_000)}
    run(script)


def test_an_upload_in_pieces_without_a_length(run, kind):
    async def pieces():
        for number in range(50):
            yield pattern(number * 10_000, 10_000)
            await asyncio.sleep(0.002)

    async def script(client):
        seen = (await client.post(f"/{kind}/public/echo", content=pieces())).json()
        assert (seen["length"], seen["sha256"]) == (500_000, hashlib.sha256(pattern(0, 500_000)).hexdigest())
    run(script)


def test_each_event_comes_at_once(run, kind):
    """Server-sent events on ten streams of one connection: the time from the upstream's write to the client's read.

    What holds events back does so in every series; a machine that is busy, in some.
    """
    async def listen(client):
        delays = []
        async with client.stream("GET", f"/{kind}/public/ticks?count=20&every=0.05") as response:
            assert response.headers["content-type"] == "text/event-stream"
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    delays.append(time.monotonic() - float(line[6:]))
        return delays

    async def script(client):
        medians = []
        while len(medians) < 5 and not any(median < 0.04 * SCALE for median in medians):
            delays = sorted(delay for found in await asyncio.gather(*[listen(client) for _ in range(10)]) for delay in found)
            assert len(delays) == 200
            medians.append(delays[100])
        assert medians[-1] < 0.04 * SCALE, medians
    run(script)


def test_a_client_that_goes_away_cancels_what_it_reads(run, kind, application, unique):
    """httpx sends no RST_STREAM; it closes the connection."""
    path = f"/{kind}/public/{unique}/ticks"

    async def script(client):
        response = await client.send(client.build_request("GET", path + "?count=0&every=0.02"), stream=True)
        async for _ in response.aiter_lines():
            break
        assert (await client.get(f"/{kind}/public/echo")).status_code == 200
        assert not application.only(path).gone
    run(script)
    eventually(lambda: application.only(path).gone, what="the upstream learns that the client is gone")


def test_a_client_that_goes_away_cancels_what_it_sends(run, kind, application, unique):
    path = f"/{kind}/public/{unique}"

    async def pieces():
        while True:
            yield bytes(1000)
            await asyncio.sleep(0.01)

    async def script(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.post(path, content=pieces()), 0.5 * SCALE)
    run(script)
    eventually(lambda: application.only(path).gone, what="the upstream learns that the client is gone")
    assert application.only(path).length > 0 and not application.only(path).complete


def test_a_slow_stream_stops_no_other(run, kind):
    """One response is not read at all while fifty others come whole."""
    async def script(client):
        async with client.stream("GET", f"/{kind}/public/bytes?count=30000000") as slow:
            answers = await asyncio.gather(*[client.get(f"/{kind}/public/bytes?count=100000") for _ in range(50)])
            assert {answer.content for answer in answers} == {pattern(0, 100_000)}
            digest = hashlib.sha256()
            async for data in slow.aiter_bytes():
                digest.update(data)
        assert digest.digest() == hashlib.sha256(pattern(0, 30_000_000)).digest()
    run(script)


def test_large_heads_both_ways(run, kind):
    """Fields beyond one frame of 16 KiB: CONTINUATION, and the table of HPACK."""
    fields = {f"x-long-{number}": f"{number}" * 1000 for number in range(20)}

    async def script(client):
        for _ in range(3):
            seen = (await client.get(f"/{kind}/public/echo", headers=fields)).json()["fields"]
            assert all([name, value] in seen for name, value in fields.items())
    run(script)


@needs_gateway
def test_a_head_beyond_the_limit_is_refused_and_the_connection_goes_on(run, front):
    async def script(client):
        # `h2` encodes it all the same: the limit is the gateway's.
        answer = await client.get("/http1/public/echo", headers={"x-huge": "a" * 60_000})
        assert answer.status_code == 431
        assert (await client.get("/http1/public/echo")).status_code == 200
        assert (await client.get("/http1/public/" + "a" * 9000)).status_code == 414
        assert (await client.get("/http1/public/echo", headers={f"x-{n}": "1" for n in range(150)})).status_code == 431
    run(script)


@needs_gateway
def test_one_connection_for_many_people(run, front, kind):
    """Requests of several tokens interleaved on one connection: each is its own user's."""
    async def script(client):
        users = [f"user{number}" for number in range(20)]
        tokens = {user: front.token(sub=user) for user in users}

        async def ask(user):
            answer = await client.get(f"/{kind}/notes/echo", headers={"authorization": f"Bearer {tokens[user]}"})
            return user, [value for name, value in answer.json()["fields"] if name == "x-user-name"]

        for user, seen in await asyncio.gather(*[ask(user) for user in users * 10]):
            assert seen == [user]
        refused = await asyncio.gather(*[client.get(f"/{kind}/notes/echo") for _ in range(20)], ask("user0"))
        assert [answer.status_code for answer in refused[:-1]] == [401] * 20 and refused[-1][1] == ["user0"]
    run(script)
