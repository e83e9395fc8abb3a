"""crawlgate: the gate that every fetch for AI-training collection passes."""
