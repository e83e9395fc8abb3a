"""`state.sqlite`: places of records and evidence, found fast; rebuilt from the ledger and the evidence at any time."""
