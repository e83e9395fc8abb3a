"""From findings to a verdict, by a profile that a person can read."""

from .config import Profile, load_profile
from .decide import decide

__all__ = ["Profile", "decide", "load_profile"]
