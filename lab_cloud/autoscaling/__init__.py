"""Amazon EC2 Auto Scaling: groups whose instances come and go, and policies that act on measured load."""
