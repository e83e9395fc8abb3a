"""One thin file per client: how it asks for a permit, shows what came back, and stops."""
