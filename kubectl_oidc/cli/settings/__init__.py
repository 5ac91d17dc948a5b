"""The settings files: defaults for flags from the user's and the machine's file, and the machine's rules."""
