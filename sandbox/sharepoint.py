"""SharePoint's own addresses: where the content of files is fetched, with a token in the address and no other."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import graph_error
from sandbox.exchange import exchange
from sandbox.graph.files.drive_items import content_of


async def download(request: Request) -> Response:
    """``GET /personal/{site}/_layouts/15/download.aspx?tempauth=…``: the file, as long as the address is good."""
    sent = exchange(request)
    link = sent.store.get("downloads", request.query_params.get("tempauth", ""))
    found = sent.store.get("drive_items", link["item"]) if link else None
    if link is None or found is None or found.get("gone") or link["until"] < time.time():
        return graph_error(sent, 401, "unauthenticated", "The address of the file is no longer valid.")
    return Response(content_of(found), media_type=found["mime"], headers={"ETag": f'"{found["version"]}"'})


routes = [Route("/personal/{site}/_layouts/15/download.aspx", download)]
