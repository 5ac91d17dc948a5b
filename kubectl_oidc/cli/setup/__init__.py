"""What ``setup`` asks, shows and writes."""
