"""What the authors of the course use; no part of what a learner imports."""
