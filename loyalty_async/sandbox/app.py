"""The web application: HTTP in, HTTP out, with the faults and the moves between."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl

import anyio
import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loyalty_async.sandbox.answers import Reply, error_body
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.controls import control_routes
from loyalty_async.sandbox.routes import METHODS
from loyalty_async.sandbox.sandboxes import Sandbox


def create_app(sandbox: Sandbox) -> Starlette:
    """Make the ASGI application of a sandbox; it runs on asyncio and trio, and needs no lifespan."""

    async def endpoint(request: Request) -> Response:
        return await _respond(sandbox, request)

    async def lost(request: Request, error: Exception) -> Response:
        return _lost(sandbox, request, error)

    return Starlette(
        routes=[
            *[Route(path, endpoint, methods=[method]) for path, method in METHODS.items()],
            *control_routes(sandbox),
        ],
        exception_handlers={HTTPException: lost},
    )


async def _respond(sandbox: Sandbox, request: Request) -> Response:
    call = await _read_call(request)
    fault, delay_s = sandbox.faults.take(call.path, call.query)
    if delay_s:
        await anyio.sleep(delay_s)
    sandbox.move(call)  # Nothing is awaited from here on: no other request comes between a move and its answer.
    if fault is None:
        reply = sandbox.answer(call)
    else:
        sandbox.stats.faults += 1
        reply = fault.replacement(sandbox.settings.business_error_status) or fault.spoil(
            sandbox.answer(attrs.evolve(call, query={**call.query, **fault.query}))
        )
    return _sent(sandbox, call.path, reply)


async def _read_call(request: Request) -> Call:
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    body = b"" if request.method in {"GET", "HEAD"} else await request.body()
    return Call(path=request.scope["path"], query=query, headers=headers, body=body)


def _sent(sandbox: Sandbox, path: str, reply: Reply) -> Response:
    sandbox.stats.count(path, reply)
    headers = {"X-Cap-Requestid": sandbox.next_request_id(), **reply.headers}
    return Response(reply.body, reply.status, headers, reply.content_type)


def _lost(sandbox: Sandbox, request: Request, error: Exception) -> Response:
    """Answer a wrong path or method with the error envelope."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    reply = Reply(status=status, body=error_body(status, HTTPStatus(status).phrase))
    return _sent(sandbox, request.scope["path"], reply)
