"""Auto Scaling groups of EC2."""
