"""Amazon EKS: clusters whose API server answers."""
