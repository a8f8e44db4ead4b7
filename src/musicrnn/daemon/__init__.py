"""The live instrument: a pure engine, and the edge that connects it to clocks, ports and OSC."""
