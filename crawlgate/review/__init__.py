"""What waits for a person, and what people decided: the queue of open items, and decisions as records."""

from .decide import ReviewError, decide, revoke
from .queue import OpenItem, open_items

__all__ = ["OpenItem", "ReviewError", "decide", "open_items", "revoke"]
