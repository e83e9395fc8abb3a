"""A project as its owner wrote it before there was a gate; settings.py got one line."""
