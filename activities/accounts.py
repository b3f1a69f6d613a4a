"""Steps on a person's account in the directory."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from activities.attempt import waited
from activities.creation import Creation, ScimCreation, new_password
from activities.failures import StepError
from activities.step import Look, StepRunner, given, object_id_of, step
from connectors.errors import NotFound
from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.scim import ScimClient
from domain.runsheet import Grade, Outcome, StepCall
from domain.snapshot import MAX_EMPLOYEE_ID
from ledger import NoNameLeft


class Accounts:
    """Activities ``accounts.*``; the account is ``facts.object_id``."""

    def __init__(self, graph: GraphClient, scim: ScimClient | None, runner: StepRunner) -> None:
        self._graph = graph
        self._scim = scim
        self._runner = runner

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [
            self.reserve,
            self.create,
            self.restore,
            self.enable,
            self.disable,
            self.revoke_sessions,
            self.reset_password,
            self.update,
            self.set_manager,
            self.delete,
        ]

    @step("accounts.reserve")
    async def reserve(self, call: StepCall) -> Outcome:
        """Fix the ordered list of names the account may get, before anything is written to the tenant.

        Input ``names`` (local parts in order of preference), ``domain``; fact ``upns``.
        """
        candidates = [f"{name}@{call.input['domain']}" for name in given(call, "names")]

        async def change() -> Outcome:
            try:
                upns = await asyncio.to_thread(self._runner.ledger.reserve, call.employee_id, candidates)
            except NoNameLeft as error:
                raise StepError("NamesTaken", f"{error} Retry with other names in the input's list names.") from error
            return Outcome(evidence={"reserved": len(upns)}, grade="acknowledged", facts={"upns": upns})

        return await self._runner.run(call, change, settles=False)

    @step("accounts.create")
    async def create(self, call: StepCall) -> Outcome:
        """Make the account with all its properties at once, by Graph or by the SCIM target (input ``authority``).

        Input ``attributes`` (Graph property → value), ``enabled``; facts ``object_id upn created``.
        """
        creation = self._creation(call)
        outcome = await self._runner.run(call, creation.make, creation.look)
        upn = outcome.facts.get("upn")
        if upn:
            await asyncio.to_thread(self._runner.ledger.release, call.employee_id, upn)
        return outcome

    @step("accounts.restore")
    async def restore(self, call: StepCall) -> Outcome:
        """Bring a soft-deleted account back, with its licences and memberships; facts ``object_id upn``."""

        async def look() -> Outcome | None:
            user = await self._visible(call)
            return _restored(user.id, user.user_principal_name, "observed") if user else None

        async def change() -> Outcome:
            try:
                upn = await self._graph.restore_user(object_id_of(call))
            except NotFound:
                user = await self._visible(call)
                if user is None:
                    raise
                return _restored(user.id, user.user_principal_name, "observed")
            return _restored(object_id_of(call), upn, "acknowledged")

        return await self._runner.run(call, change, look)

    @step("accounts.enable")
    async def enable(self, call: StepCall) -> Outcome:
        """Let the account sign in (``accountEnabled`` true)."""
        return await self._set_enabled(call, enabled=True)

    @step("accounts.disable")
    async def disable(self, call: StepCall) -> Outcome:
        """Close the account (``accountEnabled`` false); sessions and tokens issued before live on until revoked."""
        return await self._set_enabled(call, enabled=False)

    @step("accounts.revoke_sessions")
    async def revoke_sessions(self, call: StepCall) -> Outcome:
        """End all sessions. Done once the tenant's stamp is another than input ``stamp``, read before the write."""

        async def change() -> Outcome:
            await self._graph.revoke_sessions(object_id_of(call))
            return Outcome(evidence={"before": call.input.get("stamp")}, grade="acknowledged")

        look = self._look_at_stamp(call, lambda user: user.sign_in_sessions_valid_from_date_time)
        return await self._runner.run(call, change, look)

    @step("accounts.reset_password")
    async def reset_password(self, call: StepCall) -> Outcome:
        """Set a password nobody knows. Done once ``lastPasswordChangeDateTime`` is another than input ``stamp``."""

        async def change() -> Outcome:
            await self._graph.update_user(object_id_of(call), {"passwordProfile": new_password()})
            return Outcome(evidence={"before": call.input.get("stamp")}, grade="acknowledged")

        look = self._look_at_stamp(call, lambda user: user.last_password_change_date_time)
        return await self._runner.run(call, change, look)

    @step("accounts.update")
    async def update(self, call: StepCall) -> Outcome:
        """Set properties, input ``attributes`` (Graph property → value, null clears); later attempts what differs.

        Input ``look_first``: so does the first one, of an account that no snapshot of ours has seen.
        """
        wanted: dict[str, Any] = given(call, "attributes")
        missing: dict[str, Any] | None = None

        async def look() -> Outcome | None:
            nonlocal missing
            missing = (await self._graph.user(object_id_of(call))).differences(wanted)
            return None if missing else _properties(wanted, "observed")

        async def change() -> Outcome:
            found = await look() if missing is None and call.input.get("look_first") else None
            if found is None:
                await self._graph.update_user(object_id_of(call), wanted if missing is None else missing)
            return found or _properties(wanted, "acknowledged")

        return await self._runner.run(call, change, look)

    @step("accounts.set_manager")
    async def set_manager(self, call: StepCall) -> Outcome:
        """Set, replace or (null) clear the manager, input ``manager_object_id``."""
        wanted: str | None = call.input.get("manager_object_id")
        evidence = {"manager_object_id": wanted}

        async def look() -> Outcome | None:
            holds = await self._graph.manager_id(object_id_of(call))
            return Outcome(evidence=evidence, grade="observed") if holds == wanted else None

        async def change() -> Outcome:
            if wanted is not None:
                await self._graph.set_manager(object_id_of(call), wanted)
            else:
                await self._clear_manager(object_id_of(call))
            return Outcome(evidence=evidence, grade="acknowledged")

        return await self._runner.run(call, change, look)

    @step("accounts.delete")
    async def delete(self, call: StepCall) -> Outcome:
        """Soft-delete the account; it can be restored for 30 days. One that was never made counts as deleted."""

        async def look() -> Outcome | None:
            object_id = await self._to_delete(call)
            return self._never_made() if object_id is None else await self._look_whether_gone(object_id)

        async def change() -> Outcome:
            object_id = await self._to_delete(call)
            return self._never_made() if object_id is None else await self._delete(object_id)

        return await self._runner.run(call, change, look)

    def _creation(self, call: StepCall) -> Creation:
        if call.input.get("authority") != "scim":
            return Creation(call, self._graph, self._runner.settle)
        if self._scim is None:
            raise StepError(
                "NoScimTarget", "The policy's authority is scim, but no target is set: set JML_SCIM_URL; then retry."
            )
        return ScimCreation(call, self._graph, self._scim, self._runner.settle)

    async def _visible(self, call: StepCall) -> User | None:
        try:
            return await self._graph.user(object_id_of(call))
        except NotFound:
            return None

    async def _set_enabled(self, call: StepCall, *, enabled: bool) -> Outcome:
        def outcome(grade: Grade) -> Outcome:
            return Outcome(evidence={"accountEnabled": enabled}, grade=grade)

        async def look() -> Outcome | None:
            user = await self._graph.user(object_id_of(call))
            return outcome("observed") if user.account_enabled is enabled else None

        async def change() -> Outcome:
            await self._graph.update_user(object_id_of(call), {"accountEnabled": enabled})
            return outcome("acknowledged")

        return await self._runner.run(call, change, look)

    def _look_at_stamp(self, call: StepCall, stamp_of: Callable[[User], datetime | None]) -> Look:
        async def look() -> Outcome | None:
            now = stamp_of(await self._graph.user(object_id_of(call)))
            if now is None or now == moment_of(call.input.get("stamp")):
                return None
            return Outcome(evidence={"before": call.input.get("stamp"), "after": now.isoformat()}, grade="observed")

        return look

    async def _clear_manager(self, object_id: str) -> None:
        try:
            await self._graph.clear_manager(object_id)
        except NotFound:
            # Without a manager the relation is 404, and so is an account not seen yet: only that one is trouble.
            await self._graph.user(object_id)

    async def _to_delete(self, call: StepCall) -> str | None:
        """The account; if creating it was never answered, the one found under the reserved names."""
        if call.facts.get("object_id"):
            return object_id_of(call)
        for upn in call.facts.get("upns") or ():
            holder = await self._graph.user_by_upn(upn)
            if holder and _bears_id(holder, call.employee_id):
                return holder.id
        return None

    def _never_made(self) -> Outcome:
        """That there is no account, which is certain only once the directory would show one made a moment ago."""
        if waited() < self._runner.settle:
            raise StepError(
                "NotYetSeen",
                "No account is seen under the reserved names yet; one may have been made a moment ago.",
                retryable=True,
                delay=self._runner.settle,
                benign=True,
            )
        return Outcome(evidence={"deleted": False, "why": "there is no account"}, grade="observed")

    async def _delete(self, object_id: str) -> Outcome:
        try:
            await self._graph.delete_user(object_id)
        except NotFound:
            gone = await self._look_whether_gone(object_id)
            if gone is None:
                raise
            return gone
        return Outcome(evidence={"deleted": True}, grade="acknowledged")

    async def _look_whether_gone(self, object_id: str) -> Outcome | None:
        """Deleted, or purged; an account that nobody shows may be a new one until the directory settled."""
        if await self._graph.deleted_user(object_id):
            return Outcome(evidence={"deleted": True}, grade="observed")
        if waited() < self._runner.settle:
            return None
        try:
            await self._graph.user(object_id)
        except NotFound:
            return Outcome(evidence={"deleted": True, "why": "the tenant knows no such account"}, grade="observed")
        return None


def _bears_id(user: User, employee_id: str) -> bool:
    """Whether it is the person's; an id too long for ``employeeId`` stands in one of the extension attributes."""
    long = len(employee_id) > MAX_EMPLOYEE_ID
    places = (user.on_premises_extension_attributes or {}) if long else (None,)
    return any(user.carries_id(employee_id, place) for place in places)


def moment_of(stamp: Any) -> datetime | None:
    """A stamp of the tenant as a moment, however it is written."""
    return datetime.fromisoformat(stamp) if isinstance(stamp, str) and stamp else None


def _restored(object_id: str, upn: str | None, grade: Grade) -> Outcome:
    facts = {"object_id": object_id} | ({"upn": upn} if upn else {})
    return Outcome(evidence={"restored": True}, grade=grade, facts=facts)


def _properties(attributes: dict[str, Any], grade: Grade) -> Outcome:
    return Outcome(evidence={"properties": sorted(attributes)}, grade=grade)
