"""What `musicrnn bench` measures, with the engine, the runtime and the player that the daemon plays with."""
