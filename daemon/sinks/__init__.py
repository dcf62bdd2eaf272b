"""Sinks: whoever outside is told of what was recorded. They wait, and decide nothing."""
