"""A project as its owner wrote it before there was a gate; crawler.py got one line."""
