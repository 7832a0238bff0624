"""What the APIs speak of, as frozen classes without I/O."""
