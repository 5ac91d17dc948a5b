"""``make bench``: what a kubectl waits for, measured as whole processes and written to docs/performance.md."""
