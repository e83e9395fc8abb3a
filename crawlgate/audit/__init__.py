"""Questions about the past, answered from records."""

from .inquiry import Answer, inquire

__all__ = ["Answer", "inquire"]
