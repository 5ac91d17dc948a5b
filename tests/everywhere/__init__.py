"""Tests of the installed program that run on every system: against the demo's provider and cluster, with no more than Python has."""
