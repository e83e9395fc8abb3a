"""One file per protocol: pure functions from bytes to Signals, with the raw text and where it stood.

Nothing here opens a file, a socket or a clock, and nothing here decides.
"""
