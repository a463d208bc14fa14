"""Storage of clusters: what the CSI drivers of AWS do, as clients of the Kubernetes API and of AWS's."""
