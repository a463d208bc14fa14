"""Speed, measured beside the peers: ``make bench``."""
