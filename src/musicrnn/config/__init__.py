"""Settings: their declarations, and one strict loader."""
