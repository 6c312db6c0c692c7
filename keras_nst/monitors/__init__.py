"""Listeners of the loop."""

EVENTS = "events.out.tfevents.*"  # files with curves
