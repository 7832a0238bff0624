"""How a ledger is read, as arithmetic without I/O: what to ask, what to split, what counts as proof."""
