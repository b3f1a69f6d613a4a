"""Countries and their time zones, from the tables of the IANA time zone database."""

from functools import cache
from importlib.resources import files


def _lines(table: str) -> list[list[str]]:
    found = files("tzdata").joinpath("zoneinfo", table).read_text("utf-8")
    return [line.split("\t") for line in found.splitlines() if line and not line.startswith("#")]


@cache
def countries() -> dict[str, str]:
    """Name by ISO 3166-1 alpha-2 code, in order of names."""
    return dict(sorted(((code, name) for code, name in _lines("iso3166.tab")), key=lambda pair: pair[1]))


@cache
def zones() -> dict[str, list[str]]:
    """Time zones by country code, the most populous first where the table says so."""
    found: dict[str, list[str]] = {}
    for code, _, zone, *_ in _lines("zone.tab"):
        found.setdefault(code, []).append(zone)
    return found


def zones_of(country: str) -> list[str]:
    """The country's zones before all others."""
    near = zones().get(country, [])
    return near + sorted({zone for found in zones().values() for zone in found} - set(near))
