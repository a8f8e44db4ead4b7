"""What the trainer and the daemon must agree on: score, language, network and step contract."""
