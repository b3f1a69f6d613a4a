"""What Prometheus reads at ``/metrics``."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The API's own counters, in a registry of their own; labels are few and never a person's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "jml_api_requests", "Requests by route and status.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "jml_api_request_seconds", "Time to answer, by route.", ["route"], registry=self.registry
        )
        self._refused = Counter("jml_api_refusals", "Refused requests by reason.", ["reason"], registry=self.registry)
        self._events = Counter(
            "jml_api_events", "HR events by type and receipt.", ["type", "status"], registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        """One refusal."""
        self._refused.labels(reason).inc()

    def event(self, event_type: str, status: str) -> None:
        """One HR event and what its receipt said."""
        self._events.labels(event_type, status).inc()

    def exposition(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
