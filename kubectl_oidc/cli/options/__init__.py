"""Every flag: what it is called, what its value may be, and what it means for a sign-in."""
