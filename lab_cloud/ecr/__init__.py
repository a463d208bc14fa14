"""Amazon ECR: repositories, images and layers, their HTTP registry, policies, life cycle and scans."""
