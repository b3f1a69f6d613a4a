"""Reading a policy's YAML with its lines kept, so that every mistake is named by file, line and field."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError

Place = tuple[str | int, ...]
OVERLAY = "practice"


@dataclass(frozen=True)
class Problem:
    """One mistake in a policy file."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}"


class PolicyError(ValueError):
    """A policy file that cannot be used; each of its ``problems`` is one line of the message."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass
class Source:
    """A policy file's content as one profile sees it, and the line of each of its places."""

    file: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, profile: str) -> Self:
        """Parse the file; in the profile ``practice`` the section of that name is laid over the rest."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError([Problem(str(path), 0, "file", f"cannot be read: {error}")]) from None
        source = cls(str(path), *_parsed(text, str(path)))
        source._overlay(profile)
        return source

    def _overlay(self, profile: str) -> None:
        if not isinstance(self.data, dict):
            return
        overlay = self.data.pop(OVERLAY, None) or {}
        if profile == OVERLAY:
            self.data = _laid_over(self.data, overlay)
            own = {place: line for place, line in self.lines.items() if place[:1] == (OVERLAY,)}
            self.lines.update({place[1:]: line for place, line in own.items() if len(place) > 1})

    def problems(self, error: ValidationError) -> list[Problem]:
        """What pydantic found, each with the line of the place it speaks of, or of the nearest place around it."""
        found = []
        for item in error.errors(include_url=False):
            place = self._place(item["loc"])
            message = item["msg"].removeprefix("Value error, ")
            found.append(Problem(self.file, self.lines.get(place, 1), _named(item["loc"]), message))
        return sorted(found, key=lambda problem: problem.line)

    def _place(self, loc: Place) -> Place:
        place = loc
        while place and place not in self.lines:
            place = place[:-1]
        return place


def _named(loc: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.lstrip(".") or "policy"


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}


def _parsed(text: str, file: str) -> tuple[Any, dict[Place, int]]:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise PolicyError([Problem(file, 1, "policy", "the file is empty")])
        _refuse_doubles(node, file)
        return loader.construct_document(node), dict(_lines(node, ()))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError([Problem(file, line, "yaml", error.problem or "cannot be parsed")]) from None
    except yaml.YAMLError as error:
        raise PolicyError([Problem(file, 1, "yaml", str(error))]) from None
    finally:
        loader.dispose()


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inside = (*place, key.value)
            yield from _lines(value, inside)
            yield inside, key.start_mark.line + 1


def _refuse_doubles(node: yaml.Node, file: str) -> None:
    """YAML's last one wins would hide a rule that somebody wrote."""
    seen: set[Hashable] = set()
    for child in node.value if isinstance(node, yaml.CollectionNode) else []:
        key, value = child if isinstance(child, tuple) else (None, child)
        if key is not None and key.value in seen:
            raise PolicyError([Problem(file, key.start_mark.line + 1, str(key.value), "stands here twice")])
        seen.add(key.value if key is not None else id(child))
        _refuse_doubles(value, file)
