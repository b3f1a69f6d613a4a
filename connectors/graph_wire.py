"""The door to Graph: requests as everywhere, but none that deletes an object where a relation was meant."""

import re
from typing import Any

from connectors.answers import Answer
from connectors.http import Wire

_RELATION = re.compile(r"/(members|owners|manager|sponsors|registeredowners|registeredusers)(/[^/]+)?$")
_MEMBERSHIP = re.compile(r"^(/v1\.0|/beta)?/(teams|chats)/")
"""In Teams a membership is an object of its own, which is deleted by its id."""


class GraphWire(Wire):
    """A wire that refuses such a DELETE before it is sent."""

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        """As ``Wire.request``. Raises ``ValueError`` as ``refuse_object_deletion``."""
        refuse_object_deletion(method, path)
        return await super().request(method, path, **options)


def refuse_object_deletion(method: str, path: str) -> None:
    """Raise ``ValueError`` for a DELETE through a relation without ``/$ref``: it would delete the object behind it.

    Source: Graph, group-delete-members ("Remove member", its warning).
    """
    plain = re.split(r"[?#]", path)[0].rstrip("/").lower()
    meant = plain.endswith("/$ref") or _MEMBERSHIP.match(plain)
    if method.upper() == "DELETE" and _RELATION.search(plain) and not meant:
        raise ValueError(f"DELETE {path} would delete the object itself; a relation is removed with /$ref")
