"""What is collected."""

from dataclasses import dataclass, field


@dataclass
class Tide:
    at: str
    metres: float


@dataclass
class Harbour:
    name: str
    url: str
    tides: list[Tide] = field(default_factory=list)
    note: str = ""

    @property
    def highest(self):
        return max((tide.metres for tide in self.tides), default=None)
