"""What in a token a cluster would reject or ignore, one file for each part of the token."""
