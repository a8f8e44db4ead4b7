"""Log-likelihood on the standard sets of piano rolls, in nats a frame."""
