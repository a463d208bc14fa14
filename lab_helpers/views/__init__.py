"""Live pictures of what a lab has built, each with a still copy that needs no kernel."""
