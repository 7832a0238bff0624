"""Sending: the only importer of httpx."""
