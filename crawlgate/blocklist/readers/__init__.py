"""One file per format in which lists are published: from lines to entries, each item an entry or a reason.

What a line becomes is told in docs/lists.md.
"""
