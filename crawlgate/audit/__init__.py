"""Questions about the past, answered from records."""

from .inquiry import AddressAnswer, Inquiry, ItemAnswer, Step
from .taken import Answer, Why

__all__ = ["AddressAnswer", "Answer", "Inquiry", "ItemAnswer", "Step", "Why"]
