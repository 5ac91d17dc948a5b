"""The demo's Kubernetes API server: as much of it as ``kubectl get pods`` needs."""
