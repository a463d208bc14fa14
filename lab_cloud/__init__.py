"""The embedded cloud: an AWS endpoint on this machine whose containers really run."""
