"""Those who are measured: each module holds those of one kind, and is imported only in their processes."""
