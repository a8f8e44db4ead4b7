"""The terminal UI: one more control surface, a client over OSC."""
