"""``jml up``: the platform's processes, started on readiness, kept alive, and ended together."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Self

from embedded.child import Child, Say, Spec
from embedded.commands import adopt, child_environment, part_command, temporal_command
from embedded.migrate import migrate_ledger
from embedded.preflight import check, claim_data_dir, unknown_variables
from embedded.readiness import answers, polls, prepare_namespace, running_cluster, temporal_answers
from settings import ROOT, Settings, load_settings
from workflows.client import connect

# A worker lets the steps in hand finish for up to 15 s; both together stay below the 30 s within which all must end.
_GROUND_GRACE, _GRACE = 8.0, 18.0


class Platform:
    """All processes of one data directory. Entering starts them, leaving ends them; none outlives this process."""

    def __init__(self, settings: Settings, say: Say) -> None:
        """``settings`` may still lack what the practice tenant will say; ``say`` gets one line an occurrence."""
        self.settings = settings
        self._say = say
        self._stages: list[list[Child]] = []
        self._open = AsyncExitStack()
        self._own_temporal = settings.temporal_address is None
        self._environment = child_environment(settings, os.environ)

    async def __aenter__(self) -> Self:
        """Start everything. Raises ``SettingsError`` for a setting and ``StartError`` for a process."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        await self.stop()

    @property
    def children(self) -> list[Child]:
        """The processes in the order of their start."""
        return [child for stage in self._stages for child in stage]

    async def stop(self) -> None:
        """End all processes, the last started first, each stage at once."""
        for number, stage in reversed(list(enumerate(self._stages))):
            grace = _GRACE if number else _GROUND_GRACE
            await asyncio.gather(*(child.stop(grace) for child in stage))
        self._stages.clear()
        await self._open.aclose()

    async def _start(self) -> None:
        self._open.enter_context(claim_data_dir(self.settings))
        check(self.settings)
        for line in unknown_variables(os.environ):
            self._say(line)
        adopt(self._environment)
        await self._start_ground()
        self.settings = load_settings("api")
        await migrate_ledger(self.settings.database_url)
        await self._stage([*self._workers(), self._api(), self._console()])

    async def _start_ground(self) -> None:
        if not self._own_temporal:
            await running_cluster(self.settings.temporal_target)
        ground = [self._temporal()] if self._own_temporal else []
        if self.settings.profile == "practice":
            ground.append(self._tenant())
        await self._stage(ground)
        if self._own_temporal:
            client = await connect(self.settings.temporal_target)
            await prepare_namespace(client, self.settings.history_days)

    async def _stage(self, specs: Sequence[Spec]) -> None:
        children = [self._child(spec) for spec in specs]
        self._stages.append(children)
        starting = [asyncio.create_task(self._started(child)) for child in children]
        try:
            await asyncio.gather(*starting)
        finally:
            for task in starting:
                task.cancel()

    async def _started(self, child: Child) -> None:
        self._say(f"{child.spec.name} ready after {await child.start():.1f} s")

    def _child(self, spec: Spec) -> Child:
        logs = self.settings.data_dir / "logs"
        return Child(spec, logs=logs, cwd=ROOT, environment=self._environment, say=self._say)

    def _temporal(self) -> Spec:
        return Spec("temporal", temporal_command(self.settings), temporal_answers(self.settings.temporal_target))

    def _tenant(self) -> Spec:
        url = f"https://localhost:{self.settings.sandbox_port}/common/v2.0/.well-known/openid-configuration"
        return Spec("sandbox", part_command("sandbox"), answers(url, ca_file=self.settings.data_dir / "sandbox-ca.pem"))

    def _workers(self) -> list[Spec]:
        ready = polls(self.settings.temporal_target)
        names = [f"worker-{n}" if n > 1 else "worker" for n in range(1, self.settings.processes + 1)]
        return [Spec(name, part_command("worker"), ready) for name in names]

    def _api(self) -> Spec:
        return Spec("api", part_command("api"), answers(f"http://127.0.0.1:{self.settings.api_port}/health/ready"))

    def _console(self) -> Spec:
        return Spec("ui", part_command("ui"), answers(f"http://127.0.0.1:{self.settings.ui_port}/_stcore/health"))
