"""The agents of a cluster's nodes: clients of its API that run pods as real processes, as a kubelet does."""
