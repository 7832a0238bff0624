"""Tests of sending, at the HTTP seam and over loopback sockets."""
