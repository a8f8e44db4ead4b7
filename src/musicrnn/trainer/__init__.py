"""From a corpus of scores to a run folder that holds a model."""
