"""The tenant's file: documents, the request record and the secrets, in SQLite.

A group's members are rows of their own, so that one member more writes one row and not the whole group.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.index import difference

Doc = dict[str, Any]
Key = tuple[str, str]
_MEMBERS = "_members"


class Disk:
    """One open file. Nothing is lost by a killed process once ``write`` has returned."""

    def __init__(self, path: Path) -> None:
        Path(path).touch(mode=0o600)
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(
            "CREATE TABLE IF NOT EXISTS docs (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id));"
            "CREATE TABLE IF NOT EXISTS members (kind TEXT, id TEXT, member TEXT, PRIMARY KEY (kind, id, member));"
            "CREATE TABLE IF NOT EXISTS requests (n INTEGER PRIMARY KEY, body TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS secrets (kind TEXT, value TEXT, PRIMARY KEY (kind, value));"
        )
        self._members: dict[Key, list[str]] = {}
        for kind, key, member in self._db.execute("SELECT kind, id, member FROM members ORDER BY rowid"):
            self._members.setdefault((kind, key), []).append(member)

    def documents(self) -> Iterator[tuple[str, Doc]]:
        """Every document with its kind, oldest first."""
        for kind, body in self._db.execute("SELECT kind, body FROM docs ORDER BY rowid"):
            doc = json.loads(body)
            if (members := self._members.get((kind, doc["id"]))) is not None:
                doc[_MEMBERS] = members
            yield kind, doc

    def write(
        self, dirty: Mapping[Key, Doc | None], requests: Sequence[Doc], secrets: Sequence[tuple[str, str]]
    ) -> None:
        """Write what has changed (None: removed), in one transaction."""
        with self._db:
            self._write_members(dirty)
            put = [(kind, key, _body(doc)) for (kind, key), doc in dirty.items() if doc is not None]
            self._db.executemany(
                "INSERT INTO docs (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                put,
            )
            removed = [pair for pair, doc in dirty.items() if doc is None]
            self._db.executemany("DELETE FROM docs WHERE kind = ? AND id = ?", removed)
            rows = [(row["n"], json.dumps(row)) for row in requests]
            self._db.executemany("INSERT INTO requests (n, body) VALUES (?, ?)", rows)
            self._db.executemany("INSERT OR IGNORE INTO secrets (kind, value) VALUES (?, ?)", secrets)

    def _write_members(self, dirty: Mapping[Key, Doc | None]) -> None:
        for pair, doc in dirty.items():
            members = (doc or {}).get(_MEMBERS) or []
            before = self._members.get(pair, [])
            if members is before or not (members or before):
                continue
            gone, come = difference(before, members)
            self._db.executemany(
                "DELETE FROM members WHERE kind = ? AND id = ? AND member = ?", [(*pair, member) for member in gone]
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO members (kind, id, member) VALUES (?, ?, ?)", [(*pair, item) for item in come]
            )
            self._keep(pair, members)

    def _keep(self, pair: Key, members: list[str]) -> None:
        if members:
            self._members[pair] = members
        else:
            self._members.pop(pair, None)

    def requests(self, since: int, limit: int) -> list[Doc]:
        """Rows of the request record after ``since``, oldest first."""
        rows = self._db.execute("SELECT body FROM requests WHERE n > ? ORDER BY n LIMIT ?", (since, limit))
        return [json.loads(body) for (body,) in rows]

    def last_request(self) -> int:
        """The number of the newest row."""
        return int(self._db.execute("SELECT coalesce(max(n), 0) FROM requests").fetchone()[0])

    def secrets(self) -> Iterable[Doc]:
        """Every secret ever noted."""
        for kind, value in self._db.execute("SELECT kind, value FROM secrets ORDER BY rowid"):
            yield {"kind": kind, "value": value}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _body(doc: Doc) -> str:
    return json.dumps({**doc, _MEMBERS: []} if doc.get(_MEMBERS) else doc)
