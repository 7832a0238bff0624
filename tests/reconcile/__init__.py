"""Tests of `loyalty_async.reconcile`."""
