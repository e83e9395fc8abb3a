"""A dataset without the rows of a removal list, and the proof of it."""
