"""OneDrive's own addresses: ``root:/folder/file:/content`` ("Addressing resources in a drive on OneDrive").

They become plain segments, so that the table of calls finds them: ``root:/a/b:/content`` is ``root/:/a␟b/content``.
"""

import re

from sandbox.graph.call import Call

SEPARATOR = "\x1f"
"""Stands for the slash within a path of the drive, which is one segment then."""
_PATH = re.compile(
    r"^(?P<start>(?:drives/[^/]+|users/[^/]+/drive)/(?:root|items/[^/:]+)):/(?P<path>.*?)(?::(?P<rest>/.*)?)?$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"/(?:microsoft\.graph\.)?delta\(token='([^']*)'\)$", re.IGNORECASE)


def addressed(call: Call, path: str) -> str:
    """The path in plain segments; a token in ``delta(token='…')`` becomes a query option."""
    if match := _TOKEN.search(path):
        call.query.setdefault("token", match[1])
        path = path[: match.start()] + "/delta"
    found = _PATH.match(path)
    if found is None:
        return path
    inner = found["path"].strip("/").replace("/", SEPARATOR)
    start = found["start"] if not inner else f"{found['start']}/:/{inner}"
    return start + (found["rest"] or "").rstrip("/")
