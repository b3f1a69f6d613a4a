"""Who works, who waits, and who has to go: the rules between the lifecycles of one person, as pure state."""

from domain.runsheet import FINISHED
from workflows.contract import OpenEntry, OpenLifecycle


class Turns:
    """The open lifecycles of one person. At most one has the turn; due ones wait in ``queue``."""

    def __init__(self, open_: dict[str, OpenEntry], turn: str | None, queue: list[str]) -> None:
        self.open = open_
        self.turn = turn
        self.queue = queue

    def add(self, entry: OpenEntry) -> None:
        """A lifecycle is started."""
        self.open[entry.lifecycle_id] = entry

    def recall(self, line: OpenLifecycle) -> None:
        """A lifecycle found in the ledger; one that works there has the turn."""
        entry = OpenEntry.model_validate(line.model_dump(exclude={"object_id"}))
        self.add(entry)
        if self.turn is None and entry.status not in ("scheduled", "retained", *FINISHED):
            self.turn = entry.lifecycle_id

    def fall_due(self, entry: OpenEntry) -> None:
        """Its moment has come: it waits for the turn unless it has it."""
        if entry.lifecycle_id != self.turn and entry.lifecycle_id not in self.queue:
            self.queue.append(entry.lifecycle_id)

    def give(self, entry: OpenEntry) -> None:
        """The turn is this lifecycle's now."""
        self.turn = entry.lifecycle_id
        self.queue.remove(entry.lifecycle_id)
        entry.status, entry.told = "running", None

    def yielded(self, lifecycle_id: str, status: str) -> None:
        """It needs the turn no longer: prepared (``scheduled``), ``retained``, or completed but for its second look."""
        entry = self.open.get(lifecycle_id)
        if entry is not None:
            entry.status = OpenEntry.model_validate({**entry.model_dump(), "status": status}).status
        self._free(lifecycle_id)

    def ended(self, lifecycle_id: str) -> None:
        """It is over."""
        self.open.pop(lifecycle_id, None)
        self._free(lifecycle_id)

    def next(self) -> OpenEntry | None:
        """The due lifecycle that is to work next: terminations first, then by effective and entry moment."""
        due = [self.open[lifecycle_id] for lifecycle_id in self.queue if lifecycle_id in self.open]
        return min(due, key=_order, default=None)

    def waiters(self) -> list[OpenEntry]:
        """The due lifecycles that have not got the turn."""
        return [self.open[lifecycle_id] for lifecycle_id in self.queue if lifecycle_id in self.open]

    def waits_for(self, waiter: OpenEntry) -> OpenEntry | None:
        """The lifecycle that this one waits for: who has the turn, else who goes first."""
        holder = self.turn or (blockers[0].lifecycle_id if (blockers := self.blockers(waiter)) else None)
        if holder is None and (first := self.next()) is not None and first is not waiter:
            holder = first.lifecycle_id
        return self.open.get(holder) if holder else None

    def amended_by(self, entry: OpenEntry) -> list[OpenEntry]:
        """The unfinished ones of the same kind that this new one replaces; changes of a job replace nothing."""
        if entry.kind == "mover":
            return []
        others = [other for other in self.open.values() if other is not entry and other.status not in FINISHED]
        same = [other for other in others if _same_kind(other, entry)]
        # A leave that has begun knows how to give access back; another one would not.
        return [other for other in same if entry.event_type != "leave" or other.status == "scheduled"]

    def pre_empted_by(self, entry: OpenEntry) -> list[OpenEntry]:
        """Those that a termination puts aside when it falls due; nothing else pre-empts."""
        if entry.event_type != "termination":
            return []
        return [other for other in self.open.values() if self._gives_way(other, entry)]

    def blockers(self, entry: OpenEntry) -> list[OpenEntry]:
        """Those that have to end (or to yield) before this one can work."""
        return [
            other
            for other in self.open.values()
            if other is not entry
            and (
                other.lifecycle_id in (self.turn, entry.after)
                or other.ending
                or other.superseded_by == entry.lifecycle_id
                or self.must_go_for(other, entry)
            )
        ]

    def must_go_for(self, other: OpenEntry, entry: OpenEntry) -> bool:
        """A pending second look ends before another works; who is rehired is no longer retained."""
        if other.kind != "leaver":
            return other.status == "completed"
        return other.status == "retained" and self._ends_retention(other, entry)

    def rescindable(self, event_id: str | None) -> OpenEntry | None:
        """The lifecycle of that event, or the newest unfinished one; None if it is finished or unknown."""
        unfinished = [one for one in self.open.values() if one.status not in FINISHED and one.superseded_by is None]
        if event_id is not None:
            unfinished = [entry for entry in unfinished if entry.lifecycle_id.split(":", 2)[2] == event_id]
        return max(unfinished, key=lambda entry: entry.occurred_at, default=None)

    def leave(self) -> OpenEntry | None:
        """The open leave of absence: the one that has begun, else the next."""
        leaves = [entry for entry in self.open.values() if entry.event_type == "leave"]
        return min(leaves, key=lambda entry: (entry.status != "retained", entry.effective_at), default=None)

    def _gives_way(self, other: OpenEntry, termination: OpenEntry) -> bool:
        if other.event_type == "leave":
            return other.status == "retained"
        if other.kind == "leaver":
            return False
        works = other.lifecycle_id == self.turn or other.status == "completed"
        return works or other.occurred_at < termination.occurred_at

    def _ends_retention(self, other: OpenEntry, entry: OpenEntry) -> bool:
        return entry.kind == "joiner" or (entry.event_type == "termination" and other.event_type == "leave")

    def _free(self, lifecycle_id: str) -> None:
        if lifecycle_id == self.turn:
            self.turn = None
        if lifecycle_id in self.queue:
            self.queue.remove(lifecycle_id)


def _order(entry: OpenEntry) -> tuple[bool, object, object]:
    return entry.event_type != "termination", entry.effective_at, entry.occurred_at


def _same_kind(one: OpenEntry, other: OpenEntry) -> bool:
    return one.kind == other.kind and (one.event_type == "leave") == (other.event_type == "leave")
