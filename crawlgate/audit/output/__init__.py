"""What an audit gives out: decisions, their bases, removals, rejects, and the summary; whole or not at all."""
