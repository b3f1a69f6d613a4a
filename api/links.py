"""Where a person or a lifecycle can be looked at: our API, the console, Temporal's own console."""

from dataclasses import dataclass
from urllib.parse import quote

from workflows.contract import person_workflow_id


@dataclass(frozen=True)
class Addresses:
    """The outside addresses of the platform's three faces."""

    api: str
    console: str
    temporal: str
    namespace: str

    def lifecycle(self, lifecycle_id: str) -> str:
        """A lifecycle in the API."""
        return f"{self.api}/lifecycles/{quote(lifecycle_id, safe=':')}"

    def person(self, employee_id: str) -> str:
        """A person in the API."""
        return f"{self.api}/people/{quote(employee_id, safe='')}"

    def on_console(self, employee_id: str, lifecycle_id: str | None) -> str:
        """The page of the lifecycle, or of the person where none is known."""
        page, value = ("lifecycle", lifecycle_id) if lifecycle_id else ("person", employee_id)
        return f"{self.console}/{page}?id={quote(value, safe=':')}"

    def on_temporal(self, employee_id: str, lifecycle_id: str | None) -> str:
        """The workflow in Temporal's console."""
        workflow_id = quote(lifecycle_id or person_workflow_id(employee_id), safe=":")
        return f"{self.temporal}/namespaces/{quote(self.namespace, safe='')}/workflows/{workflow_id}"
