"""Mutation testing: each small break of the code that guards a sign-in must make a test of that code fail.

mutations    what is broken: mutmut's operators, and some of our own
trial        what the tests say about each mutant
inside, swap what runs in processes of its own for that
processes    several of them at once, each with a limit of time
targets      which modules, and which tests are theirs
explained    what may survive, and why: explained.toml
page         docs/mutants.md
"""
