"""What the library costs, measured; each module is a command that prints what it found."""
