"""Programs for whoever develops or releases this; none of it is in the wheel."""
