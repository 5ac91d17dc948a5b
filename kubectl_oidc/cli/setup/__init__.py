"""The parts of `setup`: questions, plan, report, and the files that it writes."""
