"""Answers to inquiries for readers: as text, as objects for machines, as one page."""
