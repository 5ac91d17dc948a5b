"""What the OAuth errors of known providers mean, and where in their settings to fix them. One table a vendor."""
