"""The player: a small process that owns the MIDI port, keeps time with it, and outlives whoever feeds it."""
